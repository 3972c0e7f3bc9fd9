"""Where a property is: planted in one layer, found there; salient units counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.layers import Penalties, layer_probes, salient_layers
from workflow_scripts.analyse.probes.spread import shown, spread
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace([UnitGroup(f"encoder.{n}.ffn", "ffn", "encoder", n, 4) for n in (0, 1, 2)])


def planted():
    """Two labels that unit 5, of layer 1, tells apart; 200 sentences of three words."""
    draw = np.random.default_rng(1)
    y = draw.integers(0, 2, 600)
    X = draw.normal(size=(600, 12)).astype(np.float32)
    X[:, 5] += 4 * y
    words = [f"w{number}" for number in draw.integers(0, 150, 600)]
    return Labelled(X, y, np.repeat(np.arange(200), 3), words, ["a", "b"], "planted")


def test_a_property_is_found_in_its_layer():
    found = layer_probes(
        planted(), SPACE, [Penalties(1, 1e-2, 1e-3), Penalties(2, 1e-2, 1e-3)], (0.6, 0.2, 0.2), 5, "same"
    )
    reached = {key: one["accuracy"]["mean"] for key, one in found.items()}
    assert reached["encoder.1.ffn"] > 0.93
    assert reached["encoder.0.ffn"] < 0.65 and reached["encoder.2.ffn"] < 0.65
    one = found["encoder.1.ffn"]
    assert one["accuracy"]["n"] == 2 and one["majority"]["mean"] < 0.62 and one["units"] == 4
    # Control labels say nothing of the values: selectivity is what the layer knows beyond learning by heart.
    assert one["control"]["n"] == 5 and one["selectivity"]["mean"] > 0.3
    assert one["selectivity"]["values"][0] == pytest.approx(
        one["accuracy"]["values"][0] - one["control"]["values"][0]
    )


def test_salient_units_and_their_layers():
    weights = np.zeros((2, 3, 12))
    # Split 1: label a has 3 of 4 in unit 5; label b 1, 1, 1, 1 in units 0, 4, 5 and 8; label c has no weight.
    weights[0, 0, [5, 0]] = 3, -1
    weights[0, 1, [0, 4, 5, 8]] = 1
    weights[1, 0, 9] = -2
    found = salient_layers(weights, ["a", "b", "c"], SPACE, 50)
    assert {label: one["values"] for label, one in found["labels"].items()} == {
        "a": [1, 1],
        "b": [2, 0],
        "c": [0, 0],
    }
    # Of any label: units 0, 4 and 5 in split 1, unit 9 in split 2.
    assert found["any"]["values"] == [3, 1]
    assert [found["share"][key]["values"] for key in SPACE.keys] == [[1 / 3, 0], [2 / 3, 0], [0, 1]]
    assert found["expected"] == dict.fromkeys(SPACE.keys, 1 / 3)
    assert found["centre"]["values"] == pytest.approx([2 / 3, 2]) and found["expected_centre"] == 1


def test_without_any_weight_the_layers_are_undefined():
    found = salient_layers(np.zeros((1, 2, 12)), ["a", "b"], SPACE, 25)
    assert found["any"]["values"] == [0] and found["centre"] == {
        "mean": None,
        "sd": None,
        "n": 0,
        "values": [None],
    }


def test_spread():
    assert spread([1, 3, np.nan]) == {"mean": 2, "sd": pytest.approx(2**0.5), "n": 2, "values": [1, 3, None]}
    assert spread([2])["sd"] is None
    assert shown(spread([1, 3])) == "2.000 ± 1.414 (2)" and shown(spread([None])) == "–"
    assert shown(spread([0.5]), "+.2f") == "+0.50"
