"""Activation files of others' programs (check O14): written and read back, layers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from workflow_scripts.analyse.probes.activation_files import (
    Activations,
    read_activations,
    write_activations,
)
from workflow_scripts.common.errors import UserError

VALUES = np.array([[[0.5, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 0.123456789]]], dtype=np.float32)
SENTENCE = Activations(["a", "b\u2028", "c"], VALUES, [0, 1])


def test_o14_what_is_written_is_read(tmp_path):
    path = tmp_path / "x.json"
    assert write_activations(path, [SENTENCE, SENTENCE]) == [path]
    first = json.loads(path.read_text().split("\n")[0])
    assert first["linex_index"] == 0 and [one["token"] for one in first["features"]] == ["a", "b\u2028", "c"]
    assert first["features"][2]["layers"][1] == {"index": 1, "values": [10.0, 0.12345679]}
    one, two = read_activations(path)
    assert (one.tokens, one.layers) == (["a", "b\u2028", "c"], [0, 1]) and two.tokens == one.tokens
    np.testing.assert_allclose(one.values, VALUES, atol=1e-8)
    # [tokens, layers · dim], layer by layer.
    assert one.flat[0].tolist() == [0.5, 1, 6, 7]


def test_o14_layers_are_filtered_and_taken_apart(tmp_path):
    path = tmp_path / "x.json"
    files = write_activations(path, [SENTENCE], decompose=True)
    assert [file.name for file in files] == ["x-layer0.json", "x-layer1.json"]
    (of_one,) = read_activations(files[1])
    assert of_one.layers == [1] and of_one.flat[1].tolist() == [8, 9]
    write_activations(path, [SENTENCE])
    (filtered,) = read_activations(path, layers=[1])
    assert filtered.layers == [1] and np.array_equal(filtered.values, of_one.values)
    (file,) = write_activations(path, [SENTENCE], layers=[0], decompose=True)
    assert file.name == "x-layer0.json"
    with pytest.raises(UserError, match=r"x\.json: no layer 5; there are 0, 1"):
        write_activations(path, [SENTENCE], layers=[5])


def feature(*layers):
    return {"token": "a", "layers": [{"index": index, "values": values} for index, values in layers]}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", r"line 2: not \{"),
        ("nothing", r"line 2: not \{"),
        ({"features": []}, "line 2: tokens of several layers or sizes, or none"),
        ({"features": [feature((0, [1]), (1, [1, 2]))]}, r"line 2: not \{"),
        ({"features": [feature((0, [1])), feature((1, [1]))]}, "line 2: tokens of several layers or sizes"),
    ],
)
def test_files_of_another_shape(tmp_path, line, said):
    path = tmp_path / "x.json"
    write_activations(path, [SENTENCE])
    path.write_text(path.read_text() + (line if isinstance(line, str) else json.dumps(line)) + "\n")
    with pytest.raises(UserError, match=said):
        list(read_activations(path))
