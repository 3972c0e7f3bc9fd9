"""LAPE of directions: whose counts are summed, which languages are compared, whose row each stack takes."""

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.activity import Activation, facts, in_words, parse_rule
from workflow_scripts.units.lape import scores
from workflow_scripts.units.score_lape import lape_tables, main
from workflow_scripts.units.score_table import ScoreTable, score_of
from workflow_scripts.units.select_masks import informative_masks, read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace(
    [UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 4), UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 4)]
)


def counted(rows):
    """Counts as files of several directions give them: direction → encoder, decoder, their positions."""
    positions = {
        name: {"encoder": source, "decoder": target} for name, (_, _, source, target) in rows.items()
    }
    values = np.array([[*encoder, *decoder] for encoder, decoder, _, _ in rows.values()], dtype=np.int64)
    facts = {"weights_sha256": "aa", "data_sha256": dict.fromkeys(rows, "bb"), "positions": positions}
    return ScoreTable(rows, values, SPACE, facts, "counts")


TOP, SILU = Selection("top:1"), Activation("silu")
#: en has two directions of 10 source positions, de one of 20.
THREE = {
    "en-de": ([9, 1, 0, 2], [8, 0, 0, 5], 10, 10),
    "en-fr": ([7, 1, 0, 4], [0, 9, 0, 5], 10, 15),
    "de-en": ([0, 12, 0, 6], [0, 0, 9, 5], 20, 10),
}


@pytest.mark.parametrize("form", ["lape", "lape_lambda"])
def test_by_hand(form):
    tables = lape_tables(counted(THREE), form)
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


def test_languages_of_a_model_with_one_stack_by_hand():
    """The counts of de and en of 10 and 20 positions: 8, 0, 5 and 0, 16, 10 active ones."""
    space = UnitSpace([UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 3)])
    counts = np.array([[8, 0, 5], [0, 16, 10]])
    positions = {"de": {"encoder": 0, "decoder": 10}, "en": {"encoder": 0, "decoder": 20}}
    facts = {"weights_sha256": "aa", "data_sha256": {"de": "b", "en": "b"}, "positions": positions}
    tables = lape_tables(ScoreTable(["de", "en"], counts, space, facts, "counts"), "lape")
    expected = scores(np.array([[0.8, 0], [0, 0.8], [0.5, 0.5]]), "lape")[0]
    assert {name: table.values[0].tolist() for name, table in tables.items()} == {
        "de": expected[:, 0].tolist(),
        "en": expected[:, 1].tolist(),
    }
    with pytest.raises(UserError, match="LAPE compares languages, and there is one target language here: de"):
        lape_tables(ScoreTable(["de"], counts[:1], space, facts, "counts"), "lape")


def test_one_source_language_is_refused():
    counts = counted({name: row for name, row in THREE.items() if name != "de-en"})
    with pytest.raises(UserError, match="one source language here: en"):
        lape_tables(counts, "lape")


@pytest.mark.parametrize("form", ["lape", "lape_lambda"])
def test_counts_of_units_that_are_always_active_are_refused(form, tmp_path):
    """In French the decoder's units are active at 99 of 100 positions and more; rates differ by rounding, and
    LAPE orders them. 98 of 100 of one unit, and the others say something."""
    for least, refused in ((99, True), (98, False)):
        rows = {
            "en-de": ([90, 10, 1, 20], [80, 10, 0, 50], 100, 100),
            "en-fr": ([70, 10, 0, 40], [least, 100, 99, 100], 100, 100),
            "de-en": ([5, 60, 0, 30], [0, 20, 90, 51], 100, 100),
        }
        folder = tmp_path / str(least)
        for direction, (encoder, decoder, source, target) in rows.items():
            facts = {"source_positions": source, "target_positions": target}
            values = np.array([[*encoder, *decoder]], dtype=np.int64)
            ScoreTable([direction], values, SPACE, facts).write(folder / f"counts/{direction}.npz")
        words = ["--activations-root", str(folder / "counts"), "--directions", *rows, "--form", form]
        main([*words, "--out-root", str(folder / "lape")])
        scored = read_scores(folder / "lape", list(rows))
        assert scored.metadata.get("saturated") == ({"en-fr": {"decoder.0.ffn": 1.0}} if refused else None)
        if not refused:
            assert "accepted_uninformative" not in informative_masks(scores=scored, selection=TOP).manifest
            continue
        said = (
            r"saturated: 100\.0% of the units of decoder\.0\.ffn are active at 99% of the positions of en-fr"
        )
        with pytest.raises(UserError, match=said):
            informative_masks(scored, TOP)
        manifest = informative_masks(scored, TOP, accept=True).manifest
        assert len(manifest["accepted_uninformative"]) == 1 and "saturated" not in manifest


def test_scores_of_counts_by_several_rules_are_refused(tmp_path):
    """Each says by which rule; nothing of the published one."""
    said = {}
    for rule in ("sign", "threshold:0.1"):
        how, neurons = parse_rule(rule, SILU), tmp_path / rule
        for direction, (encoder, decoder, source, target) in THREE.items():
            more = {"source_positions": source, "target_positions": target, **facts(how, SILU)}
            values = np.array([[*encoder, *decoder]], dtype=np.int64)
            counting = {"counting": f"pads excluded{in_words(how, SILU)}"}
            ScoreTable([direction], values, SPACE, {**counting, **more}).write(neurons / f"{direction}.npz")
        words = ["--activations-root", str(neurons), "--directions", *THREE, "--form", "lape"]
        main([*words, "--out-root", str(neurons / "lape")])
        said[rule] = ScoreTable.read(neurons / "lape/en-fr.npz").metadata
        assert said[rule]["counting"] == f"lape: entropy over languages, active by {rule} (silu)"
        assert said[rule]["active"] == {"rule": rule, "function": "silu", "gated": False}
        assert read_scores(neurons / "lape", list(THREE)).metadata["active"] == said[rule]["active"]
    (tmp_path / "sign/lape/en-fr.npz").replace(tmp_path / "threshold:0.1/lape/en-fr.npz")
    with pytest.raises(
        UserError, match=r"en-fr\.npz: counting is 'lape: .* by sign \(silu\)', in en-de\.npz"
    ):
        read_scores(tmp_path / "threshold:0.1/lape", list(THREE))
    plain = lape_tables(counted(THREE), "lape")["en-fr"].metadata
    assert plain["counting"] == "lape: entropy over languages" and "active" not in plain


def test_from_counts_to_masks(tmp_path):
    for direction, (encoder, decoder, source, target) in THREE.items():
        # Half of the positions are padding, which was counted too.
        facts = {"source_positions": source // 2, "source_pads": source - source // 2, "count_pads": True}
        facts |= {"target_positions": target // 2, "target_pads": target - target // 2}
        values = np.array([[*encoder, *decoder]], dtype=np.int64)
        ScoreTable([direction], values, SPACE, facts).write(tmp_path / f"counts/{direction}.npz")
    words = ["--activations-root", str(tmp_path / "counts"), "--directions", *THREE, "--form", "lape"]
    main([*words, "--out-root", str(tmp_path / "lape")])
    found = ScoreTable.read(tmp_path / "lape/en-fr.npz").values
    assert found.tolist() == lape_tables(counted(THREE), "lape")["en-fr"].values.tolist()
    masks = Selection("top:1").masks(read_scores(tmp_path / "lape", list(THREE)))
    # The encoder has two units of one language: the first is of en alone. In the decoder each has its own.
    kept = {name: masks.row(name).nonzero()[0].tolist() for name in masks.rows}
    assert kept == {"en-de": [0, 4], "en-fr": [0, 4], "de-en": [0, 6]}
    assert masks.of == "lape"
