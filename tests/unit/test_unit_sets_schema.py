"""The JSON Schema of unit sets accepts what is written and refuses what the reader refuses."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.unit_set_tables import unit_sets_of

REFERENCE = Path("docs/reference")
SCHEMA = json.loads((REFERENCE / "unit-sets.schema.json").read_text())
RIGHT = json.loads((REFERENCE / "unit-sets.example.units.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one_and_the_example_fits():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(RIGHT)


def test_what_is_written_fits(tmp_path):
    space = ffn_space(1, 1, 2)
    tables = (
        MaskTable(["de"], np.array([[1, 0, 0, 1]], bool), space, {"odd": [1]}),
        ScoreTable(["de"], np.array([[3, 0, 0, 1]]), space, {"counting": "x"}),
        ScoreTable(["de"], np.array([[0.5, np.nan, -1e300, 0]]), space, {}),
    )
    for table in tables:
        unit_sets_of(table).write(tmp_path / "x.units.json")
        VALIDATOR.validate(json.loads((tmp_path / "x.units.json").read_text()))


def test_features_fit():
    group = {"key": "decoder.5.sae", "kind": "feature", "stack": "decoder", "layer": 5, "size": 8}
    VALIDATOR.validate({**RIGHT, "groups": [group], "sets": {"de": {"units": {"decoder.5.sae": [7]}}}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "unit-sets-2"}, "'unit-sets-1' was expected"),
        ({"more": 1}, "Additional properties are not allowed ('more' was unexpected)"),
        ({"groups": []}, "[] should be non-empty"),
        ({"groups": [{**RIGHT["groups"][0], "kind": "neuron"}]}, "'neuron' is not one of"),
        ({"groups": [{**RIGHT["groups"][0], "size": 0}]}, "0 is less than the minimum of 1"),
        ({"sets": {}}, "{} should be non-empty"),
        ({"sets": {"de": {}}}, "{} should be non-empty"),
        ({"sets": {"de": {"units": {"encoder.0.ffn": [1, 1]}}}}, "[1, 1] has non-unique elements"),
        ({"sets": {"de": {"units": {"encoder.0.ffn": [-1]}}}}, "-1 is less than the minimum of 0"),
        ({"sets": {"de": {"units": {}, "scores": {}}}}, "has too many properties"),
    ],
)
def test_what_does_not_fit(change, message):
    with pytest.raises(jsonschema.ValidationError) as error:
        VALIDATOR.validate({**RIGHT, **change})
    assert message in error.value.message
