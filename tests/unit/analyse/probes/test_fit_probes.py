"""The stage on planted values: what is found, in which files, and what is refused."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from workflow_scripts.analyse.probes.fit_probes import main, salient_masks, unit_scores
from workflow_scripts.analyse.probes.run import Outcome
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable, score_of
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace([UnitGroup(f"encoder.{n}.ffn", "ffn", "encoder", n, 10) for n in (0, 1)])
#: The unit, of 20, that is high at words of each label.
UNIT_OF = {"ADJ": 3, "NOUN": 12, "VERB": 17}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """1,200 words of 300 sentences, each tag with a unit of its own; one word of a rare tag, ten without."""
    folder, draw = tmp_path_factory.mktemp("planted"), np.random.default_rng(1)
    tags = draw.choice(list(UNIT_OF), 1200)
    values = draw.normal(size=(1200, 20))
    for tag, unit in UNIT_OF.items():
        values[tags == tag, unit] += 4
    # The word "loud" is where unit 12 is strongest, but for a word that occurs once.
    forms = [f"w{number}" for number in draw.integers(0, 400, 1200)]
    for row in np.flatnonzero(tags == "NOUN")[:5]:
        forms[row], values[row, 12] = "loud", 12
    once = np.flatnonzero(tags == "NOUN")[5]
    forms[once], values[once, 12] = "once", 14
    labels = [*tags[:1189].tolist(), "X", *[None] * 10]
    facts = {
        "system": "baseline",
        "stack": "encoder",
        "weights_sha256": "0" * 64,
        "labelled_sha256": {"en-de": ["1"]},
    }
    words = Words(
        forms=forms, lines=np.repeat(np.arange(300), 4).tolist(), places=[0, 1, 2, 3] * 300,
        directions=["en-de"] * 1200, labels={"upos": labels}, space=SPACE, facts=facts,
    )  # fmt: skip
    words.write(folder / "words.json")
    np.save(folder / "values.npy", values.astype(np.float16))
    fit(folder, "--redundancy")
    return folder


def fit(folder, *more, name="upos"):
    outs = {"json": "json", "csv": "csv", "markdown": "md", "scores": "scores.npz", "masks": "masks.npz"}
    main([
        "--values", str(folder / "values.npy"), "--words", str(folder / "words.json"), "--property", name,
        "--seed", "7", "--l1", "0.01", "--l2", "0.001", "--seeds", "1", "2",
        "--percents", "10", *more,
        *(word for out, end in outs.items() for word in (f"--out-{out}", str(folder / f"out.{end}"))),
    ])  # fmt: skip


def test_planted_units_are_found(planted):
    result = json.loads((planted / "out.json").read_text())
    assert result["summary"]["accuracy"] > 0.93 and result["summary"]["majority"] < 0.45
    # Random labels of word types are no property: the probe is selective.
    assert result["summary"]["selectivity"] > 0.3
    tops = {(one["group"], one["unit"]) for one in result["top_units"][:3]}
    assert tops == {("encoder.0.ffn", 3), ("encoder.1.ffn", 2), ("encoder.1.ffn", 7)}
    # At 25 % of its weights a tag has one unit.
    assert {label: one["mean"] for label, one in result["salient"]["labels"].items()} == dict.fromkeys(
        UNIT_OF, 1
    )
    assert result["salient"]["share"]["encoder.1.ffn"]["mean"] == pytest.approx(2 / 3)
    assert (
        result["layers"]["encoder.1.ffn"]["accuracy"]["mean"]
        > result["layers"]["encoder.0.ffn"]["accuracy"]["mean"]
    )
    assert result["left_out"] == {"rare_labels": {"X": 1}, "words_without_label": 10}
    assert (result["system"], result["seed"], result["stack"], result["property"]) == (
        "baseline",
        7,
        "encoder",
        "upos",
    )


def test_the_words_of_a_unit_are_those_where_it_is_strongest(planted):
    result = json.loads((planted / "out.json").read_text())
    (noun,) = [one for one in result["top_units"] if (one["group"], one["unit"]) == ("encoder.1.ffn", 2)]
    assert noun["words"][0]["word"] == "loud" and noun["words"][0]["tokens"] == 5
    assert min(word["tokens"] for one in result["top_units"] for word in one["words"]) == 3
    assert "at least 3 times" in (planted / "out.md").read_text()


def test_scores_and_masks_are_those_of_every_selector(planted):
    scores, masks = ScoreTable.read(planted / "out.scores.npz"), MaskTable.read(planted / "out.masks.npz")
    assert scores.rows == masks.rows == tuple(sorted(UNIT_OF)) and scores.space == SPACE
    for tag, unit in UNIT_OF.items():
        assert scores.row(tag).argmax() == unit
        assert np.flatnonzero(masks.row(tag)).tolist() == [unit]
    assert score_of(scores.metadata["counting"]) == "probe"
    assert masks.gates == {"ffn": "zero"} and masks.manifest["weights_sha256"] == "0" * 64


def test_tables(planted):
    text = (planted / "out.md").read_text()
    assert "# Probes of upos: baseline, seed 7, encoder" in text
    assert "Left out: 10 words without a label; rare labels (X 1)." in text
    assert "| encoder.1.ffn:2 | +loud" in text
    rows = {
        (one["part"], one["name"], one["measure"]): one
        for one in csv.DictReader((planted / "out.csv").open())
    }
    assert rows["label", "NOUN", "salient"]["mean"] == "1.0"
    # Units of independent noise: each is a cluster of its own.
    clusters = float(rows["all layers", "", "clusters"]["mean"])
    assert clusters == SPACE.size
    assert f"Clusters of correlated units: {clusters:.1f} ± 0.0 (2) of {SPACE.size} units." in text
    assert rows["layer", "encoder.0.ffn", "share expected by chance"]["mean"] == "0.5"


def test_what_is_refused(planted):
    with pytest.raises(UserError, match=r"--property: no 'pos' \(did you mean 'upos'\?\)"):
        fit(planted, name="pos")
    with pytest.raises(UserError, match=r"--property upos: 0 labels? of at least 1000 words"):
        fit(planted, "--fewest", "1000")
    with pytest.raises(UserError, match="--draws is 2, at least 5 is needed"):
        fit(planted, "--draws", "2")
    with pytest.raises(UserError, match="--seeds: 3 is named twice"):
        fit(planted, "--seeds", "3", "3")
    with pytest.raises(UserError, match="no unit has a weight: the penalties are too large"):
        fit(planted, "--l1", "9")
    with pytest.raises(UserError, match=r"--property language: 1 label \(en\)"):
        fit(planted, name="language")


def test_a_label_without_weights_has_no_row():
    weights = np.zeros((2, 2, 20))
    weights[:, 1, 4] = [-3, 1]
    words = Words([], [], [], [], {}, SPACE, {})
    scores = unit_scores(Outcome({}, weights, np.zeros((2, 20), dtype=np.int64)), ["A", "B"], words, [1, 2])
    assert scores.rows == ("B",) and scores.values[0, 4] == 2
    assert salient_masks(scores, "25").row("B").sum() == 1
