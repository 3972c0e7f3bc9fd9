"""Weights are read from their file one at a time, and checked as they are read."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.units.weights_file import LazyTensor, is_finite, open_weights

LAYERS = {"encoder_layers": 1, "decoder_layers": 1}


def test_tensors_are_read_and_checked_when_they_are_asked_for(tmp_path):
    path = tmp_path / "w.safetensors"
    good = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_file({"good": good, "bad": np.float32([1, np.nan]), "whole": np.int64([1])}, path)
    weights = open_weights(path, LAYERS)
    assert {name: tensor.shape for name, tensor in weights.items()} == {
        "good": (2, 3), "bad": (2,), "whole": (1,),
    }  # fmt: skip
    first, second = np.asarray(weights["good"]), np.asarray(weights["good"])
    np.testing.assert_array_equal(first, good)
    assert not np.shares_memory(first, second)
    with pytest.raises(DamagedFileError, match=r"w\.safetensors: tensor bad holds NaN or infinite values;"):
        np.asarray(weights["bad"])
    with pytest.raises(DamagedFileError, match="tensor whole is int64, not float32"):
        np.asarray(weights["whole"])


def test_a_layer_too_many_and_a_file_that_is_none_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"encoder.layers.1.fc1.bias": np.zeros(2, np.float32)}, path)
    with pytest.raises(UserError, match="is not part of the architecture, which has 1 encoder layers"):
        open_weights(path, LAYERS)
    path.write_bytes(b"text")
    with pytest.raises(UserError, match="not a safetensors file of float32"):
        open_weights(path, LAYERS)


def test_large_values_are_finite_where_their_sum_is_not():
    largest = np.finfo(np.float32).max
    assert is_finite(np.full(4, largest, np.float32))
    assert not is_finite(np.float32([1, np.inf]))
    # Of both signs: their sum is no number.
    assert not is_finite(np.float32([np.inf, -np.inf, 1]))


def test_a_lazy_tensor_is_made_in_the_type_that_is_asked_for():
    tensor = LazyTensor((2,), lambda: np.float16([1, 2]))
    assert np.ascontiguousarray(tensor, dtype=np.float32).dtype == np.float32
