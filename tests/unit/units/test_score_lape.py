"""LAPE of directions: whose counts are summed, which languages are compared, whose row each stack takes."""

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.lape import scores
from workflow_scripts.units.score_lape import lape_tables, main
from workflow_scripts.units.score_table import ScoreTable, score_of
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace(
    [UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 4), UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 4)]
)


def counted(direction, encoder, decoder, source=10, target=10, **more):
    metadata = {
        "counting": "pads excluded", "weights_sha256": "aa", "data_sha256": direction,
        "source_positions": source, "target_positions": target, **more,
    }  # fmt: skip
    return ScoreTable([direction], np.array([[*encoder, *decoder]], dtype=np.int64), SPACE, metadata)


def three():
    """en-de, en-fr, de-en: en has two directions of 10 source positions, de one of 20."""
    return {
        "en-de": counted("en-de", [9, 1, 0, 2], [8, 0, 0, 5]),
        "en-fr": counted("en-fr", [7, 1, 0, 4], [0, 9, 0, 5], target=15),
        "de-en": counted("de-en", [0, 12, 0, 6], [0, 0, 9, 5], source=20),
    }


@pytest.mark.parametrize("form", ["lape", "lape_lambda"])
def test_by_hand(form):
    tables = lape_tables(three(), form)
    # Encoder: en (9 + 7) / 20 …, de of 20. Decoder: de of 10, fr of 15, en of 10.
    encoder = np.array([[16, 0], [2, 12], [0, 0], [6, 6]]) / 20
    decoder = np.array([[0.8, 0, 0], [0, 0.6, 0], [0, 0, 0.9], [0.5, 1 / 3, 0.5]])
    of_source, of_target = scores(encoder, form)[0], scores(decoder, form)[0]
    for direction, source, target in [("en-de", 0, 0), ("en-fr", 0, 1), ("de-en", 1, 2)]:
        row = tables[direction].values[0]
        assert row.tolist() == [*of_source[:, source], *of_target[:, target]]
        assert score_of(tables[direction].metadata["counting"]) == form
    # Of eight values the eighth, .8, and of twelve the eleventh, .8: only .9 belongs, to en as a target.
    belong = {name: table.metadata["units_of_its_languages"] for name, table in tables.items()}
    assert belong == {"en-de": 0, "en-fr": 0, "de-en": 1}


def test_pads_count_where_they_were_counted():
    padded = {
        name: counted(name, [10, 0, 0, 0], [0, 10, 0, 0], 5, 5, count_pads=True, source_pads=5, target_pads=5)
        for name in ("en-de", "de-en")
    }
    without = {name: counted(name, [10, 0, 0, 0], [0, 10, 0, 0]) for name in ("en-de", "de-en")}
    # λ makes the size of P matter.
    found, expected = (lape_tables(counts, "lape_lambda")["en-de"] for counts in (padded, without))
    assert found.values.tolist() == expected.values.tolist()


def test_one_source_language_is_refused():
    counts = three()
    del counts["de-en"]
    with pytest.raises(UserError, match="one source language here: en"):
        lape_tables(counts, "lape")


def test_counts_that_do_not_say_of_how_many_positions():
    counts = three()
    counts["en-fr"] = counted("en-fr", [0] * 4, [0] * 4, source=None)
    with pytest.raises(UserError, match="does not say at how many source positions"):
        lape_tables(counts, "lape")


def test_from_counts_to_masks(tmp_path):
    for direction, table in three().items():
        table.write(tmp_path / f"counts/{direction}.npz")
    words = ["--activations-root", str(tmp_path / "counts"), "--directions", *three(), "--form", "lape"]
    main([*words, "--out-root", str(tmp_path / "lape")])
    masks = Selection("top:1").masks(read_scores(tmp_path / "lape", list(three())))
    # The encoder has two units of one language: the first is of en alone. In the decoder each has its own.
    kept = {name: masks.row(name).nonzero()[0].tolist() for name in masks.rows}
    assert kept == {"en-de": [0, 4], "en-fr": [0, 4], "de-en": [0, 6]}
    assert masks.of == "lape"
