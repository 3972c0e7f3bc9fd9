"""Which units are a language's strongest: shares, scores and ties by hand; sides with one language."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the fairseq environment")

from workflow_scripts.analyse.strongest.ranking import alone, compared, name_of, strongest
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import POSITIONS, ScoreTable
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4})
#: Encoder units 0-3, decoder units 4-7; ten positions of each side.
COUNTS = {
    "de-en": [8, 0, 5, 5, 1, 1, 1, 0],
    "fr-en": [2, 0, 5, 7, 1, 1, 1, 0],
    "en-de": [2, 0, 5, 6, 9, 1, 5, 0],
    "en-fr": [4, 0, 5, 6, 1, 3, 5, 0],
}


def counts(rows=tuple(COUNTS), **facts):
    values = np.array([COUNTS[row] for row in rows], dtype=np.int64)
    positions = {row: {"encoder": 10, "decoder": 10} for row in rows}
    return ScoreTable(rows, values, SPACE, {POSITIONS: positions, **facts})


def test_shares_and_scores_by_hand():
    found = strongest(counts(), 4)
    # As sources: de .8 0 .5 .5; fr .2 0 .5 .7; en, of its two directions, .3 0 .5 .6.
    assert {name: list(sides) for name, sides in found.items()} == {
        "en": ["target", "source"], "de": ["target", "source"], "fr": ["target", "source"],
    }  # fmt: skip
    de = found["de"]["source"]
    assert de.ids.tolist() == [0]
    assert (de.rates.tolist(), de.others.tolist()) == ([0.8], pytest.approx([0.25]))
    assert de.scores.tolist() == pytest.approx([0.55])
    assert found["fr"]["source"].ids.tolist() == [3]
    assert found["fr"]["source"].scores.tolist() == pytest.approx([0.15])
    # No encoder unit is active more often in English: 0 less, 3 as often as the mean of .5 and .7.
    assert found["en"]["source"].ids.tolist() == []
    # As targets: de .9 .1 .5 0; fr .1 .3 .5 0; en .1 .1 .1 0. The larger first; the dead one nowhere.
    assert found["de"]["target"].ids.tolist() == [4, 6]
    assert found["de"]["target"].scores.tolist() == pytest.approx([0.8, 0.2])
    assert found["fr"]["target"].ids.tolist() == [5, 6]
    assert found["en"]["target"].ids.tolist() == []


def test_of_equal_scores_the_lower_number_comes_first_and_no_more_than_asked():
    values = {"de-en": [5, 5, 5, 5, 0, 0, 0, 0], "fr-en": [0, 0, 0, 0, 0, 0, 0, 0]}
    table = ScoreTable(
        list(values), np.array(list(values.values())), SPACE,
        {POSITIONS: {row: {"encoder": 10, "decoder": 10} for row in values}},
    )  # fmt: skip
    found = strongest(table, 3)
    assert found["de"]["source"].ids.tolist() == [0, 1, 2]
    assert found["fr"]["source"].ids.tolist() == []
    # One target: nothing is compared there.
    assert "en" not in found and list(found["de"]) == ["source"]


def test_sides_with_one_language_are_named():
    assert list(alone(["de-en", "fr-en"])) == [("target", "en")]
    assert list(alone(["de-en"])) == [("source", "de"), ("target", "en")]
    assert list(alone(["de-en", "en-de"])) == []
    # Texts of one language each have no source.
    assert list(alone(["de", "fr"])) == []
    assert compared(["de-en"]) == []
    assert [(side.name, side.stack) for side in compared(["de", "fr"])] == [("languages", "decoder")]
    assert strongest(counts(["de-en"]), 3) == {}


def test_counts_without_positions_are_refused():
    table = counts()
    silent = ScoreTable(table.rows, table.values, SPACE, {})
    with pytest.raises(UserError, match="does not say at how many positions"):
        strongest(silent, 3)


def test_names():
    assert [name_of(unit, SPACE) for unit in (0, 3, 4, 7)] == [
        "encoder.0.ffn:0", "encoder.0.ffn:3", "decoder.0.ffn:0", "decoder.0.ffn:3",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no unit 8 of 8"):
        name_of(8, SPACE)
