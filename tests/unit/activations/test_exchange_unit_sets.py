"""Unit sets in and out of the exchange of units: with a system, without one, and to the other forms."""

import json

import pytest
import torch

from tests.unit.activations.test_foreign_units import (
    DIRECTIONS,
    KEPT,
    published_counts,
    published_masks,
    run,
    system,
)
from workflow_scripts.activations.export_units import main as export_units
from workflow_scripts.activations.import_units import main as import_units
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.unit_sets import read_unit_sets

__all__ = ["system"]


def export(units, form, out, *options):
    export_units(["--units", str(units), "--form", form, "--out", str(out), *map(str, options)])
    return out


def kept_in(file):
    return MaskTable.read(file).keep.astype(int).tolist()


@pytest.fixture
def masks(tmp_path, system):
    """The published masks, as ours."""
    run(system, published_masks(tmp_path / "theirs"), tmp_path / "m.npz")
    return tmp_path / "m.npz"


def test_published_masks_to_unit_sets_and_back_to_both_public_forms(tmp_path, system, masks):
    sets = export(masks, "unit-sets", tmp_path / "x.units.json", "--system", system.folder)
    written = read_json(sets)
    assert written["sets"] == {
        "de-en": {"units": {"encoder.0.ffn": [0, 2], "decoder.0.ffn": [0, 1, 2]}},
        "en-de": {"units": {"encoder.0.ffn": [2], "decoder.0.ffn": [1]}},
    }
    assert written["model"]["weights_sha256"] == system.weights_sha256
    assert written["selection"]["rule"] == "foreign masks"
    back = export(sets, "masks", tmp_path / "back/{direction}.pt", "--width", 2)
    for direction in DIRECTIONS:
        ours, theirs = (
            torch.load(str(folder).format(direction=direction), weights_only=True)
            for folder in (back, tmp_path / "theirs/{direction}.pt")
        )
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)
    lists = torch.load(export(sets, "lists", tmp_path / "lape.pth"), weights_only=True)
    assert [[one.tolist() for one in layers] for layers in lists] == [[[0, 2], [0, 1, 2]], [[2], [1]]]
    assert {one.dtype for layers in lists for one in layers} == {torch.int64}


def test_counts_through_unit_sets_are_the_published_file_again(tmp_path, system):
    run(system, published_counts(tmp_path / "theirs"), tmp_path / "scores.npz", "--scores")
    sets = export(tmp_path / "scores.npz", "unit-sets", tmp_path / "x.units.json")
    scores = {"encoder.0.ffn": [1, 1, 8], "decoder.0.ffn": [0, 0, 4]}
    assert read_json(sets)["sets"]["en-de"] == {"scores": scores}
    export(sets, "counts", tmp_path / "back/{direction}.pkl")
    for direction in DIRECTIONS:
        again = tmp_path / f"again{direction}.npz"
        import_units(
            ["--system", str(system.folder), "--files", str(tmp_path / "back/{direction}.pkl"),
             "--directions", direction, "--scores", "--out", str(again)]
        )  # fmt: skip
        whole = ScoreTable.read(tmp_path / "scores.npz").row(direction)
        assert ScoreTable.read(again).row(direction).tolist() == whole.tolist()


def test_without_a_system_a_file_comes_back_to_the_byte(tmp_path, masks):
    sets = export(masks, "unit-sets", tmp_path / "x.units.json")
    import_units(["--files", str(sets), "--out", str(tmp_path / "again.npz")])
    assert sha256_of(tmp_path / "again.npz") == sha256_of(masks)
    assert sha256_of(export(sets, "unit-sets", tmp_path / "y.units.json")) == sha256_of(sets)


def test_into_a_system_by_name_with_what_the_file_says(tmp_path, system, masks):
    """Sets in another order than the directions; what selected them is kept aside, for it is not ours."""
    sets = export(masks, "unit-sets", tmp_path / "x.units.json")
    value = read_json(sets)
    value["sets"] = {name: value["sets"][name] for name in ("en-de", "de-en")}
    value["selection"] |= {"rule": "mass", "k": "95", "gate": {"ffn": "zero"}}
    sets.write_text(json.dumps(value))
    run(system, sets, tmp_path / "in.npz")
    table = MaskTable.read(tmp_path / "in.npz")
    assert (table.rows, table.keep.astype(int).tolist()) == (DIRECTIONS, KEPT)
    assert table.gates == {"ffn": "zero"}
    assert (table.manifest["rule"], table.manifest["k"]) == ("foreign unit-sets", None)
    assert (table.manifest["unit_sets"]["rule"], table.manifest["unit_sets"]["k"]) == ("mass", "95")
    assert table.manifest["files_sha256"] == {"": sha256_of(sets)}
    run(system, sets, tmp_path / "in.npz", "--gate", '{"ffn": "mean"}')
    assert MaskTable.read(tmp_path / "in.npz").gates == {"ffn": "mean"}


def test_sets_of_languages(tmp_path, system, masks):
    """de-en has German's encoder and English's decoder."""
    value = read_json(export(masks, "unit-sets", tmp_path / "x.units.json"))
    value["sets"] = {
        "de": {"units": {"encoder.0.ffn": [0], "decoder.0.ffn": [2]}},
        "en": {"units": {"encoder.0.ffn": [1, 2], "decoder.0.ffn": []}},
    }
    (tmp_path / "x.units.json").write_text(json.dumps(value))
    run(system, tmp_path / "x.units.json", tmp_path / "in.npz", "--by", "language")
    assert kept_in(tmp_path / "in.npz") == [[1, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 1]]


def test_scores_of_a_file_are_selected_from(tmp_path, system):
    run(system, published_counts(tmp_path / "theirs"), tmp_path / "scores.npz", "--scores")
    sets = export(tmp_path / "scores.npz", "unit-sets", tmp_path / "x.units.json")
    run(system, sets, tmp_path / "in.npz", "--select", "top:1")
    assert kept_in(tmp_path / "in.npz") == [[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 1]]


def test_features_become_lists_and_no_masks(tmp_path, system):
    value = {
        "format": "unit-sets-1",
        "model": {"dictionary": "sae-16k"},
        "groups": [{"key": "decoder.5.sae", "kind": "feature", "stack": "decoder", "layer": 5, "size": 8}],
        "sets": {"de-en": {"units": {"decoder.5.sae": [7, 0]}}, "en-de": {"units": {}}},
    }
    sets = tmp_path / "x.units.json"
    sets.write_text(json.dumps(value))
    lists = torch.load(export(sets, "lists", tmp_path / "lape.pth"), weights_only=True)
    assert [[one.tolist() for one in layers] for layers in lists] == [[[0, 7]], [[]]]
    with pytest.raises(UserError, match="has units of kind 'feature', of sae-16k: no model here"):
        run(system, sets, tmp_path / "in.npz")


def changed(value, **change):
    return json.dumps({**value, **change})


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"model": {"weights_sha256": "b" * 64}}, (), "were made from weights bbbbbbbbbbbb, the model's are"),
        ({"sets": {"de-en": {"units": {}}}}, (), "no mask row 'en-de'; rows: de-en"),
        ({}, ("--by", "language"), "no mask row 'de'; rows: de-en, en-de"),
        ({}, ("--select", "mass:95"), "holds no counts, which --select needs; leave it out"),
        ({"groups": "wider"}, (), "masks are for another model: 8 units in 2 groups, not 6 in 2"),
    ],
)
def test_sets_that_do_not_fit_the_system(tmp_path, system, masks, change, options, message):
    sets = export(masks, "unit-sets", tmp_path / "x.units.json")
    value = read_json(sets)
    if change.get("groups"):
        change = {"groups": [{**one, "size": 4} for one in value["groups"]]}
    sets.write_text(json.dumps({**value, **change}))
    with pytest.raises(UserError) as error:
        run(system, sets, tmp_path / "in.npz", *options)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_words_that_do_not_go_together(tmp_path, system, masks):
    sets = export(masks, "unit-sets", tmp_path / "x.units.json")
    for words, message in (
        (["--files", str(masks)], "needs --system and --directions; files of unit sets alone do without"),
        (["--files", str(sets), "--directions", "de-en"], "--directions: goes with --system and"),
    ):
        with pytest.raises(UserError, match=message):
            import_units([*words, "--out", str(tmp_path / "in.npz")])
    for words, message in (
        (("unit-sets", tmp_path / "y.json"), "y.json: a file of unit sets is called NAME.units.json"),
        (("unit-sets", tmp_path / "{direction}.units.json"), "unit-sets of all rows are one file"),
        (("lists", tmp_path / "y.pth", "--system", system.folder), "--system: goes with --form unit-sets"),
    ):
        with pytest.raises(UserError, match=message):
            export(masks, *words)
    with pytest.raises(UserError, match="is of unit sets, which say it themselves; leave it out"):
        export(sets, "unit-sets", tmp_path / "y.units.json", "--system", system.folder)


def test_controls_are_named_with_their_hash(tmp_path, system, masks):
    sets = export(masks, "unit-sets", tmp_path / "x.units.json", "--controls", masks)
    assert read_unit_sets(sets).controls == (
        {"file": "m.npz", "sha256": sha256_of(masks), "sets": ["de-en", "en-de"], "rule": "foreign masks"},
    )
