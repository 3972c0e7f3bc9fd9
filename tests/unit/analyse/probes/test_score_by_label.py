"""Scores by label as a stage: planted units, agreement with the probe, files to select masks from."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import labelled
from tests.unit.analyse.probes.test_fit_probes import SPACE, UNIT_OF, planted  # noqa: F401
from workflow_scripts.analyse.probes.score_by_label import main, named_units, orders_of, scores_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import BY_LABEL, ScoreTable, score_of
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitGroup, UnitSpace


def score(folder, *more):
    outs = {"json": "json", "csv": "csv", "markdown": "md", **{name: f"{name}.npz" for name in BY_LABEL}}
    main([
        "--values", str(folder / "values.npy"), "--words", str(folder / "words.json"),
        "--probe", str(folder / "out.scores.npz"), "--property", "upos", "--seed", "7", "--first", "3",
        "--together", "4", *more,
        *(f"--out-{out.replace('_', '-')}={folder / f'by.{end}'}" for out, end in outs.items()),
    ])  # fmt: skip


def test_every_score_finds_the_planted_units_and_agrees_with_the_probe(planted):  # noqa: F811
    score(planted)
    result = json.loads((planted / "by.json").read_text())
    for name in BY_LABEL:
        table = ScoreTable.read(planted / f"by.{name}.npz")
        assert score_of(table.metadata["counting"]) == name and table.space == SPACE
        assert table.rows == tuple(UNIT_OF)
        for label, values in zip(table.rows, table.values, strict=True):
            # Probeless compares means with all others, also where the label's own is not the highest.
            highest = UNIT_OF.values() if name == "probeless" else [UNIT_OF[label]]
            assert int(values.argmax()) in highest
        kept = parse_selector("top:1@model").select(table.values[0], SPACE)
        assert kept.sum() == 1
    agreement = result["agreement"]
    assert [one["jaccard"] for one in agreement["pairs"]] == [1.0] * 6
    # The first three of twenty: hypergeometric, worked out for two random sets.
    assert agreement["chance"] == pytest.approx(3 * 136 / 1140 / 5 + 3 * 17 / 1140 / 2 + 1 / 1140)
    assert [(one["unit"], one["rankings"]) for one in result["named"]] == [(3, 4), (2, 4), (7, 4)]
    told = result["gaussian"]
    assert {(one["group"], one["unit"]) for one in told["units"][:2]} <= {
        ("encoder.0.ffn", 3),
        ("encoder.1.ffn", 2),
        ("encoder.1.ffn", 7),
    }
    bits = [one["bits"] for one in told["units"]]
    assert len(bits) == 4 and 0.5 < bits[0] < bits[1] <= told["entropy"] < np.log2(3) + 1e-9
    rows = list(csv.DictReader((planted / "by.csv").open()))
    assert len(rows) == 6 and {row["jaccard"] for row in rows} == {"1.000000"}
    assert "| probe | probeless | 1.000 |" in (planted / "by.md").read_text()


def test_a_probe_of_other_units_is_refused(planted):  # noqa: F811
    table = ScoreTable.read(planted / "out.scores.npz")
    other = UnitSpace([UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 20)])
    ScoreTable(table.rows, table.values, other, table.metadata).write(planted / "other.npz")
    with pytest.raises(UserError) as caught:
        score(planted, "--probe", str(planted / "other.npz"))
    assert str(caught.value) == (
        f"{planted}/other.npz: of other units or labels than {planted}/values.npy; fit it again"
    )


def test_scores_are_means_over_the_train_parts_that_have_the_label():
    """Of twenty sentences one alone has the label c: where it is not in train, c is undefined."""
    X = np.random.default_rng(1).standard_normal((40, 3))
    y = np.array([0, 1] * 19 + [2, 2])
    data = labelled(X, y, sentences=np.arange(40) // 2, labels=("a", "b", "c"))

    def has_it(seed):
        order = np.random.Generator(np.random.PCG64(seed)).permutation(20)
        return 19 in order[:16]

    inside = next(seed for seed in range(99) if has_it(seed))
    outside = next(seed for seed in range(99) if not has_it(seed))
    alone = scores_of(data, ["selectivity"], [inside])["selectivity"]
    without = scores_of(data, ["selectivity"], [outside])["selectivity"]
    both = scores_of(data, ["selectivity"], [inside, outside])["selectivity"]
    assert np.isnan(without[2]).all() and np.isfinite(without[:2]).all()
    np.testing.assert_allclose(both[2], alone[2])
    np.testing.assert_allclose(both[:2], (alone[:2] + without[:2]) / 2)


def test_units_by_their_best_label_and_by_votes():
    orders = orders_of(
        {"one": np.array([[0.1, 0.9, 0.5], [0.95, 0.2, np.nan]]), "two": np.array([[3.0, 1, 3]])}
    )
    assert {name: order.tolist() for name, order in orders.items()} == {"one": [0, 1, 2], "two": [0, 2, 1]}
    space = UnitSpace([UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 3)])
    assert named_units(orders, 2, space) == [
        {"group": "encoder.0.ffn", "unit": 0, "rankings": 2},
        {"group": "encoder.0.ffn", "unit": 1, "rankings": 1},
        {"group": "encoder.0.ffn", "unit": 2, "rankings": 1},
    ]
