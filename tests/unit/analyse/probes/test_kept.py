"""Units kept, zeroed and retrained, the minimal subset, and the search for penalties."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import planted
from workflow_scripts.analyse.probes.elastic_net import Trainer, accuracy
from workflow_scripts.analyse.probes.kept import kept_and_retrained, retrain
from workflow_scripts.analyse.probes.labelled import Split
from workflow_scripts.analyse.probes.minimal import minimal_subset
from workflow_scripts.analyse.probes.ranking import rank
from workflow_scripts.analyse.probes.search import grid_search
from workflow_scripts.common.errors import UserError


@pytest.fixture(scope="module")
def made():
    data, split, place = planted(1, train=800, test=800, units=40)
    rows = split.test
    split = Split(split.train, rows[:400], rows[400:])
    probe = Trainer(data, split.train).fit(1e-2, 1e-2)
    return data, split, place, probe, rank(probe.weights, probe.pull).order


def test_o09_units_that_are_kept_alone_have_all_others_at_their_mean(made):
    data, split, _, probe, order = made
    units = order[:5]
    others = np.setdiff1d(np.arange(40), units)
    X = data.X.copy()
    X[:, others] = probe.moments.mean[others]
    z = (X - probe.moments.mean) / probe.moments.scale
    by_hand = (z @ probe.weights.T + probe.bias).argmax(1)
    assert (probe.predict(data.X, split.test, units) == by_hand[split.test]).all()
    assert (probe.predict(data.X, split.test, np.arange(40)) == probe.predict(data.X, split.test)).all()
    # No unit is left: the label of largest bias.
    assert set(probe.predict(data.X, split.test, units[:0])) == {int(probe.bias.argmax())}


def test_units_that_are_all_constant_hold_nothing(made):
    """As those that a mask leaves out: each token gets the most frequent label, and nothing is refused."""
    data, split, _, probe, order = made
    X = data.X.copy()
    X[:, order[-12:]] = 0.25
    still = replace(data, X=X)
    (found,) = kept_and_retrained(still, split, probe, order, [30])
    again, part = retrain(still, split, order[-12:], probe)
    assert again.converged and not again.weights.any()
    most = int(np.bincount(data.y[split.train]).argmax())
    assert set(again.predict(part.X, split.test)) == {most}
    assert found["retrained"]["bottom"] == (data.y[split.test] == most).mean()


def test_top_bottom_and_random_units(made):
    data, split, place, probe, order = made
    (found,) = kept_and_retrained(data, split, probe, order, [30], draws=6, seed=3)
    gold, everything = data.y[split.test], np.arange(40)
    assert (found["percent"], found["units"], found["unconverged"]) == (30, 12, 0)
    assert set(order[:12]) == set(place.ravel())

    def kept(units):
        return accuracy(probe.predict(data.X, split.test, units), gold)

    assert found["kept"]["top"] == kept(order[:12])
    assert found["zeroed"]["top"] == kept(order[12:])
    assert found["zeroed"]["bottom"] == kept(order[:-12])
    again, part = retrain(data, split, order[:12], probe)
    assert found["retrained"]["top"] == accuracy(again.predict(part.X, split.test), gold)
    for way in ("kept", "retrained"):
        assert found[way]["bottom"] < 0.35 < 0.85 < found[way]["top"]
        assert found[way]["bottom"] < found[way]["random"]["mean"] < found[way]["top"]
    assert found["zeroed"]["top"] < 0.35 < 0.85 < found["zeroed"]["bottom"]
    # The draws are those of the seed, the same for every way.
    generator = np.random.Generator(np.random.PCG64(3))
    drawn = [generator.permutation(40)[:12] for _ in range(6)]
    values = [kept(units) for units in drawn]
    random = found["kept"]["random"]
    assert random["values"] == values and random["n"] == 6
    assert random["mean"] == pytest.approx(np.mean(values))
    assert random["sd"] == pytest.approx(np.std(values, ddof=1))
    zeroed = [kept(np.setdiff1d(everything, units)) for units in drawn]
    assert found["zeroed"]["random"]["values"] == zeroed


def test_few_draws_and_shares_of_no_unit_are_refused(made):
    data, split, _, probe, order = made
    with pytest.raises(UserError) as caught:
        kept_and_retrained(data, split, probe, order, [10], draws=4)
    assert str(caught.value) == "4 random draws: take at least 5, to tell how far they spread"
    with pytest.raises(UserError, match=r"^2 % of 40 units is less than one; take at least 2.5 %$"):
        kept_and_retrained(data, split, probe, order, [2])


def test_the_minimal_subset_is_the_first_that_is_near_enough_on_dev(made):
    data, split, _, probe, order = made
    found = minimal_subset(data, split, probe, order)
    # Twelve units hold the labels, 30 % of 40; shares of less than one unit are left out.
    assert (found["percent"], found["units"]) == (30, 12)
    assert [one["percent"] for one in found["tried"]] == [3, 4, 5, 7.5, 10, 15, 20, 30]
    assert [one["units"] for one in found["tried"]] == [1, 1, 2, 3, 4, 6, 8, 12]
    assert all(one["converged"] for one in found["tried"])
    assert all(one["dev"] < found["oracle"]["dev"] - 0.005 for one in found["tried"][:-1])
    assert found["dev"] >= found["oracle"]["dev"] - 0.005
    best, part = retrain(data, split, order[:12], probe)
    assert found["test"] == accuracy(best.predict(part.X, split.test), data.y[split.test])


def test_where_no_subset_is_near_enough_there_is_none(made):
    data, split, _, probe, order = made
    found = minimal_subset(data, split, probe, order, delta=0.0, schedule=[2.5, 5])
    assert (found["percent"], found["units"], found["dev"], found["test"]) == (None, None, None, None)
    assert [one["units"] for one in found["tried"]] == [1, 2]
    with pytest.raises(UserError) as caught:
        minimal_subset(data, split, probe, order, schedule=[1, 2])
    assert str(caught.value) == "2 % of 40 units is less than one; take at least 2.5 %"


def test_the_search_takes_the_pair_whose_top_says_more_than_its_bottom(made):
    data, split, _, _, _ = made
    trainer = Trainer(data, split.train)
    found = grid_search(trainer, split, [1e-1, 1e-2, 0], [1e-2, 0])
    assert [(row["l1"], row["l2"]) for row in found.rows] == [
        (0.1, 0.01),
        (0.01, 0.01),
        (0, 0.01),
        (0.1, 0),
        (0.01, 0),
        (0, 0),
    ]
    free = found.rows[-1]["all"]
    for row in found.rows:
        assert row["s"] == pytest.approx(0.5 * (row["top"] - row["bottom"]) - 0.5 * (free - row["all"]))
    best = max(found.rows, key=lambda row: row["s"])
    assert (found.probe.l1, found.probe.l2) == (best["l1"], best["l2"])
    assert (found.ranking.order == rank(found.probe.weights, found.probe.pull).order).all()
    assert len({row["s"] for row in found.rows}) > 2


def test_of_four_units_one_is_the_top_of_the_search(made):
    """A fifth of four units is less than one."""
    data, split, _, _, order = made
    few = data.with_units(order[:4])
    found = grid_search(Trainer(few, split.train), split, [1e-2], [1e-2])
    gold = few.y[split.dev]
    first = found.probe.predict(few.X, split.dev, found.ranking.order[:1])
    assert found.rows[0]["top"] == accuracy(first, gold)


def test_one_pair_needs_no_probe_without_penalty_and_s_is_undefined(made):
    data, split, _, _, _ = made
    found = grid_search(Trainer(data, split.train), split, [1e-2], [1e-2])
    assert len(found.rows) == 1 and math.isnan(found.rows[0]["s"])


def test_pairs_that_do_not_converge_are_not_chosen(made):
    data, split, _, _, _ = made
    trainer = Trainer(data, split.train, most_passes=20)
    found = grid_search(trainer, split, [1e-2, 0], [1e-1])
    converged = [row["l1"] for row in found.rows if row["converged"]]
    assert found.probe.l1 in converged
    short = Trainer(data, split.train, most_passes=2)
    with pytest.raises(UserError, match=r"^tag: no probe of 1 pairs of penalties converged; the nearest is "):
        grid_search(short, split, [1e-3], [1e-3])
    loose = grid_search(short, split, [1e-3], [1e-3], require_convergence=False)
    assert not loose.probe.converged
    with pytest.raises(UserError, match=r"^tag: no penalties to try; name at least one l1 and one l2$"):
        grid_search(short, split, [], [1e-3])


def test_what_is_chosen_on_train_is_told_of_other_tokens(made):
    """Units chosen on all tokens seem to hold labels that mean nothing."""
    data = made[0]
    generator = np.random.default_rng(1)
    noise = replace(
        data,
        X=generator.standard_normal((1600, 300)).astype(np.float32),
        y=generator.integers(0, 2, 1600),
        labels=("a", "b"),
    )
    few = Split(np.arange(200), np.arange(200, 300), np.arange(200, 400))
    chosen = {}
    for name, rows in (("train", few.train), ("all", np.arange(400))):
        probe = Trainer(noise, rows).fit(1e-2, 1e-2)
        order = rank(probe.weights, probe.pull).order
        again, part = retrain(noise, few, order[:30], probe)
        chosen[name] = accuracy(again.predict(part.X, few.test), noise.y[few.test])
    assert chosen["all"] > 0.6
    assert chosen["train"] == pytest.approx(0.5, abs=0.08)
