"""Files of unit sets: what is written, that masks and scores come back whole, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import UnitGroup, UnitSpace, ffn_space
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.unit_set_tables import kept, mask_table_of, score_table_of, unit_sets_of
from workflow_scripts.units.unit_sets import read_unit_sets

EXAMPLE = Path("docs/reference/unit-sets.example.units.json")
ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": 2, "ffn_dim": 3, "heads": 1}
KEPT = [[1, 0, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0]]
FACTS = {
    "rule": "mass", "k": "95", "ties": "lower index first", "counting": "own counts", "gate": {"ffn": "zero"},
    "weights_sha256": "a1c4e7f0" * 8, "data_sha256": {"de-en": "d0", "en-de": "d1"}, "seed": 1,
}  # fmt: skip


def masks(keep=KEPT, facts=FACTS, space=None):
    return MaskTable(["de-en", "en-de"], np.array(keep, bool), space or ffn_space(1, 1, 3), facts)


def the_system(folder):
    folder.mkdir()
    for name in ("model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text(name)
    system = SystemFolder.write(
        folder, system="baseline", seed=1, languages=["en", "de"], text={}, architecture=ARCHITECTURE,
        mask_rows={"de-en": None},
    )  # fmt: skip
    return system, {**FACTS, "weights_sha256": system.weights_sha256}


def test_the_example_is_what_is_written(tmp_path):
    system, facts = the_system(tmp_path / "system")
    control = tmp_path / "random.npz"
    drawn = {**dict.fromkeys(FACTS), "rule": "random", "weights_sha256": system.weights_sha256}
    masks(facts=drawn).write(control)
    unit_sets_of(masks(facts=facts), system, [control]).write(tmp_path / "out.units.json")
    written = (tmp_path / "out.units.json").read_text()
    written = written.replace(sha256_of(control), "CONTROL")
    assert written.replace(system.weights_sha256, "a1c4e7f0" * 8) == EXAMPLE.read_text()


def test_masks_come_back_whole(tmp_path):
    """Of all kinds of units, with rows that keep nothing and all."""
    space = UnitSpace(
        [
            UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 3),
            UnitGroup("decoder.0.cross", "head", "decoder", 0, 2),
            UnitGroup("decoder.0.resid", "resid", "decoder", 0, 4),
        ]
    )
    table = masks([[0] * 9, [1] * 9], {**FACTS, "select": {"into": "all"}, "odd": [None, {"ä": 1.5}]}, space)
    unit_sets_of(table).write(tmp_path / "x.units.json")
    again = mask_table_of(read_unit_sets(tmp_path / "x.units.json"))
    assert (again.rows, again.space, again.manifest) == (table.rows, space, table.manifest)
    assert again.bits.tolist() == table.bits.tolist()
    table.write(tmp_path / "one.npz")
    again.write(tmp_path / "two.npz")
    assert sha256_of(tmp_path / "one.npz") == sha256_of(tmp_path / "two.npz")


@pytest.mark.parametrize(
    "values",
    [
        np.array([[9, 1, 0], [2**62 + 1, 0, 7]]),
        np.array([[0.1, -1 / 3, 5e-324], [np.nan, 1e308, -0.0]]),
    ],
    ids=["counts", "floats"],
)
def test_scores_come_back_to_the_last_bit(tmp_path, values):
    space = UnitSpace([UnitGroup("decoder.1.ffn", "ffn", "decoder", 1, 3)])
    facts = {"counting": "x", "weights_sha256": "ab", "positions": {"de-en": {"decoder": 9}}}
    unit_sets_of(ScoreTable(["de", "en"], values, space, facts)).write(tmp_path / "x.units.json")
    again = score_table_of(read_unit_sets(tmp_path / "x.units.json"))
    assert again.values.dtype == values.dtype
    assert again.values.tobytes() == values.tobytes()
    assert (again.rows, again.space, again.metadata) == (("de", "en"), space, facts)


def test_an_infinite_score_has_no_place_in_json(tmp_path):
    space = UnitSpace([UnitGroup("decoder.1.ffn", "ffn", "decoder", 1, 2)])
    sets = unit_sets_of(ScoreTable(["de"], np.array([[1.0, np.inf]]), space, {}))
    with pytest.raises(UserError, match="score inf of a unit: JSON has no infinite number"):
        sets.write(tmp_path / "x.units.json")
    assert not (tmp_path / "x.units.json").exists()


FEATURES = {
    "format": "unit-sets-1",
    "model": {"weights_sha256": None, "dictionary": {"name": "sae-16k"}},
    "groups": [{"key": "decoder.5.sae", "kind": "feature", "stack": "decoder", "layer": 5, "size": 8}],
    "sets": {"de": {"units": {"decoder.5.sae": [7, 0]}}, "en": {"units": {}}},
}


def laid(folder, value):
    (folder / "x.units.json").write_text(json.dumps(value))
    return folder / "x.units.json"


def test_features_of_a_sparse_autoencoder_are_read_and_written(tmp_path):
    sets = read_unit_sets(laid(tmp_path, FEATURES))
    assert kept(sets, "de").astype(int).tolist() == [1, 0, 0, 0, 0, 0, 0, 1]
    assert not kept(sets, "en").any()
    sets.write(tmp_path / "y.units.json")
    written = json.loads((tmp_path / "y.units.json").read_text())
    written_units = {name: one["units"] for name, one in written["sets"].items()}
    assert written_units == {"de": {"decoder.5.sae": [0, 7]}, "en": {"decoder.5.sae": []}}
    assert written["model"]["dictionary"] == {"name": "sae-16k"}
    with pytest.raises(UserError, match="has units of kind 'feature', of sae-16k: no"):
        mask_table_of(sets)


def test_controls_of_other_units_are_refused(tmp_path):
    masks([[1] * 4] * 2, space=ffn_space(1, 1, 2)).write(tmp_path / "random.npz")
    with pytest.raises(UserError, match="has other units than masks; controls are of the same"):
        unit_sets_of(masks(), None, [tmp_path / "random.npz"])


GROUP = {"key": "a", "kind": "ffn", "stack": "encoder", "layer": 0, "size": 2}
RIGHT = {"format": "unit-sets-1", "model": {}, "groups": [GROUP], "sets": {"de": {"units": {"a": [1]}}}}


def with_sets(**sets):
    return {**RIGHT, "score": {"type": "int64"}, "sets": sets}


def with_group(**change):
    return {**RIGHT, "groups": [{**GROUP, **change}]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1], "format is 'list', not 'unit-sets-1'"),
        ({**RIGHT, "format": "unit-sets-2"}, "format is 'unit-sets-2', not 'unit-sets-1'"),
        ({**RIGHT, "group": []}, "group is no key of unit-sets-1 (did you mean 'groups'?)"),
        ({"format": "unit-sets-1", "model": {}, "groups": [GROUP]}, "sets is missing"),
        ({**RIGHT, "model": {"sha": 1}}, "model.sha is no key of unit-sets-1"),
        ({**RIGHT, "groups": []}, "groups is not a list of groups"),
        ({**RIGHT, "groups": [GROUP, GROUP]}, "groups[1].key is 'a', the name of two groups"),
        ({**RIGHT, "groups": [{"key": "a"}]}, "groups[0].kind is missing"),
        (with_group(kind="neuron"), "kind is 'neuron', not one of ffn, head, resid, weight, feature"),
        (with_group(stack="encoders"), "not one of encoder, decoder (did you mean 'encoder'?)"),
        (with_group(size=0), "groups[0].size is 0, not a whole number of at least 1"),
        (with_group(layer=True), "groups[0].layer is True, not a whole number of at least 0"),
        (with_group(size=2**40), "groups 1099511627776 units in 1 sets are more than are read"),
        (with_group(kind="feature"), "model.dictionary is missing: features need the name"),
        ({**RIGHT, "sets": {}}, "sets is empty"),
        ({**RIGHT, "text": 7}, "text is neither a SHA-256 nor an object of them"),
        ({**RIGHT, "controls": {}}, "controls is not a list of objects"),
        (with_sets(de=[1]), "sets.de is not an object"),
        (with_sets(de={}), "sets.de has neither units nor scores"),
        (with_sets(de={"units": {}, "scores": {}}), "sets.de has both units and scores"),
        (
            with_sets(de={"units": {"a": []}}, en={"scores": {"a": [1, 2]}}),
            "sets.en has scores, sets before it have units",
        ),
        (with_sets(de={"units": {"b": [1]}}), "sets.de.units names 'b', which is no group of the file"),
        (with_sets(de={"units": {"a": [2]}}), "sets.de.units.a lists unit 2, it has 2"),
        (with_sets(de={"units": {"a": [-1]}}), "sets.de.units.a lists unit -1, it has 2"),
        (with_sets(de={"units": {"a": [1, 1]}}), "sets.de.units.a lists unit 1 more than once"),
        (with_sets(de={"units": {"a": [True]}}), "sets.de.units.a is not a list of indices"),
        (with_sets(de={"units": {"a": [0.0]}}), "sets.de.units.a is not a list of indices"),
        (with_sets(de={"scores": {"a": [1]}}), "sets.de.scores.a has 1 numbers, its group has 2 units"),
        (with_sets(de={"scores": {"a": [1, 0.5]}}), "sets.de.scores.a is not a list of int64 numbers"),
        (with_sets(de={"scores": {"a": [1, 2**63]}}), "sets.de.scores.a has a number beyond int64"),
        (with_sets(de={"scores": {}}), "sets.de.scores.a is not a list of int64 numbers"),
        ({**RIGHT, "sets": {"de": {"scores": {"a": [1, 2]}}}}, "score.type is missing: scores need one"),
        ({**RIGHT, "score": {"type": "int8"}}, "score.type is 'int8', not one of int64, float64"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_unit_sets(tmp_path, value, message):
    path = laid(tmp_path, value)
    with pytest.raises(UserError) as error:
        read_unit_sets(path)
    said = str(error.value)
    assert said.startswith(f"{path}: ") and message in said and "\n" not in said


def test_a_gate_that_is_none_is_one_line(tmp_path):
    value = {**RIGHT, "selection": {"gate": 7}}
    with pytest.raises(UserError, match="selection does not fit its units"):
        mask_table_of(read_unit_sets(laid(tmp_path, value)))
