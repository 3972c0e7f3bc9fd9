"""A property over several splits: what is told, what is undefined, what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import planted
from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.probes.ranking import rank
from workflow_scripts.analyse.probes.run import Settings, run_probe
from workflow_scripts.common.errors import UserError

FEW = Settings(l1=(1e-2,), l2=(1e-2,), seeds=(1, 2), percents=(30,), shares=(0.6, 0.2, 0.2))


@pytest.fixture(scope="module")
def data():
    found, _, place = planted(1, train=600, test=0, units=40)
    assert 7 not in place
    found.X[:, 7] = 3
    words = [f"w{i % 90}" for i in range(600)]
    return replace(found, sentences=np.arange(600) // 6, words=words)


@pytest.fixture(scope="module")
def outcome(data):
    return run_probe(data, replace(FEW, redundancy=True))


def test_facts_of_each_split_and_their_summary(data, outcome):
    facts = outcome.facts
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert (facts["property"], facts["tokens"], facts["sentences"], facts["units"]) == ("tag", 600, 100, 40)
    assert sum(facts["label_tokens"].values()) == 600
    assert [one["seed"] for one in facts["splits"]] == [1, 2]
    for one, weights, order in zip(facts["splits"], outcome.weights, outcome.orders, strict=True):
        assert one["tokens"] == {"train": 360, "dev": 120, "test": 120}
        assert one["constant_units"] == [7] and (weights[:, 7] == 0).all()
        assert one["probe"]["converged"] and one["probe"]["gap"] <= 1e-5
        assert one["salient"]["a"]["n"] == len(one["salient"]["a"]["units"]) >= 1
        of_a = np.abs(weights[0])
        assert one["salient"]["a"]["near_largest"] == (of_a >= of_a.max() / 2).sum() >= 1
        assert sorted(order.tolist()) == list(range(40))
        assert (order[: one["ranked_units"]] == rank(weights).order[: one["ranked_units"]]).all()
        assert [part["units"] for part in one["control"]["sets"]] == [40, one["minimal"]["units"]]
        assert one["redundancy"]["clusters"] == 40 and one["agreement"]["n"] == 8
        assert one["grid"][0]["s"] is None
    tested = [one["accuracy"]["test"] for one in facts["splits"]]
    summary = facts["summary"]
    assert summary["accuracy"] == {"mean": np.mean(tested), "sd": np.std(tested, ddof=1), "n": 2}
    random = [one["kept"][0]["retrained"]["random"]["mean"] for one in facts["splits"]]
    assert summary["retrained_random_30"]["mean"] == pytest.approx(np.mean(random))
    assert summary["kept_bottom_30"]["mean"] < summary["majority"]["mean"] + 0.1
    assert summary["selectivity_all"]["mean"] == pytest.approx(
        summary["accuracy"]["mean"] - summary["control_all"]["mean"]
    )
    one_each = [one["redundancy"]["one_each"]["mean"] for one in facts["splits"]]
    assert summary["clusters"] == {"mean": 40.0, "sd": 0.0, "n": 2}
    assert summary["clusters_one_each"]["mean"] == pytest.approx(np.mean(one_each))
    assert outcome.weights.shape == (2, 4, 40) and outcome.orders.shape == (2, 40)


def test_the_same_again(data, outcome):
    again = run_probe(data, replace(FEW, seeds=(2,), agreement=False))
    (one,) = again.facts["splits"]
    assert one == {name: outcome.facts["splits"][1][name] for name in one}
    assert (again.weights[0] == outcome.weights[1]).all()


def test_one_split_has_no_spread_and_a_label_of_test_alone_is_told(data):
    y = data.y.copy()
    y[:2] = 4
    rare = replace(data, y=y, labels=(*data.labels, "X"))
    settings = replace(FEW, controls=0, agreement=False)
    for seed in range(1, 50):
        order = np.random.Generator(np.random.PCG64(seed)).permutation(100)
        if 0 in order[80:]:
            break
    facts = run_probe(rare, replace(settings, seeds=(seed,))).facts
    (one,) = facts["splits"]
    assert one["unseen_in_train"] == {"X": 2}
    assert one["salient"]["X"] == {"n": 0, "units": [], "near_largest": 0}
    assert facts["summary"]["accuracy"]["sd"] is None and facts["summary"]["accuracy"]["n"] == 1
    assert "control" not in one and "agreement" not in one and "redundancy" not in one
    assert "clusters" not in facts["summary"]


def test_balanced_training_takes_as_many_tokens_of_each_label(data):
    y = np.where(np.arange(600) % 3 > 0, 0, data.y)
    uneven = replace(data, y=y)
    settings = replace(FEW, seeds=(1,), controls=0, agreement=False)
    plain, balanced = (
        run_probe(uneven, replace(settings, balance=one)).facts["splits"][0] for one in (False, True)
    )
    assert balanced["tokens"]["train"] < plain["tokens"]["train"] and balanced["tokens"]["train"] % 4 == 0
    assert balanced["tokens"]["test"] == plain["tokens"]["test"]


def test_what_does_not_converge_is_refused_or_told(data):
    short = replace(FEW, most_passes=3, controls=0)
    with pytest.raises(UserError, match=r"^tag: no probe of 1 pairs of penalties converged"):
        run_probe(data, short)
    facts = run_probe(data, replace(short, require_convergence=False)).facts
    assert [one["probe"]["converged"] for one in facts["splits"]] == [False, False]
    with pytest.raises(UserError) as caught:
        run_probe(data, replace(FEW, seeds=()))
    assert str(caught.value) == "tag: no seed of a split; name at least one"


def test_mean_and_spread_of_what_is_defined():
    assert mean_sd([1.0, None, 3.0, math.nan]) == {"mean": 2.0, "sd": pytest.approx(math.sqrt(2)), "n": 2}
    assert mean_sd([None]) == {"mean": None, "sd": None, "n": 0}
