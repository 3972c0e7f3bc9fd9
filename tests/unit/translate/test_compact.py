"""Compaction: a hand-worked layer, and equality with the row-masked layer of spec 3.4."""

import numpy as np
import pytest

from workflow_scripts.translate.compact import FUNCTIONS, FeedForward, compact_layer


def test_masked_units_become_a_constant_in_the_output_bias():
    layer = FeedForward(
        w1=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=np.float32),
        b1=np.array([0.5, -1.0, 2.0], dtype=np.float32),
        w2=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32),
        b2=np.array([10.0, 20.0], dtype=np.float32),
    )
    small = compact_layer(layer, np.array([True, False, False]))
    # Unit 1 outputs ReLU(-1) = 0, unit 2 outputs ReLU(2) = 2: 10 + 3 * 2 and 20 + 6 * 2.
    np.testing.assert_array_equal(small.w1, [[1.0, 0.0]])
    np.testing.assert_array_equal(small.b1, [0.5])
    np.testing.assert_array_equal(small.w2, [[1.0], [4.0]])
    np.testing.assert_array_equal(small.b2, [16.0, 32.0])
    assert small.b2.dtype == np.float32


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_compact_layer_equals_the_row_masked_layer(share):
    random = np.random.default_rng(3)
    units, dimension = 64, 16
    layer = FeedForward(
        random.normal(size=(units, dimension)),
        random.normal(size=units),
        random.normal(size=(dimension, units)),
        random.normal(size=dimension),
    )
    keep = random.random(units) < share
    keep[0], keep[1] = True, False
    x = random.normal(size=(10, dimension))
    hidden = np.maximum(x @ (keep[:, None] * layer.w1).T + layer.b1, 0.0)
    expected = hidden @ layer.w2.T + layer.b2
    small = compact_layer(layer, keep)
    assert small.w1.shape == (keep.sum(), dimension)
    found = np.maximum(x @ small.w1.T + small.b1, 0.0) @ small.w2.T + small.b2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    # The constant matters: leaving the masked units out altogether is another function (spec 3.4).
    removed = np.maximum(x @ small.w1.T + small.b1, 0.0) @ small.w2.T + layer.b2
    assert np.abs(removed - expected).max() > 0.1


def test_a_mask_of_all_units_changes_nothing():
    layer = FeedForward(np.ones((2, 1)), np.ones(2), np.ones((1, 2)), np.ones(1))
    assert compact_layer(layer, np.array([True, True])) is layer


def test_masks_that_do_not_fit_are_refused():
    layer = FeedForward(np.ones((2, 1)), np.ones(2), np.ones((1, 2)), np.ones(1))
    with pytest.raises(ValueError, match="at least one unit"):
        compact_layer(layer, np.array([False, False]))
    with pytest.raises(ValueError, match="layer of 2 units"):
        compact_layer(layer, np.array([True, False, True]))
    with pytest.raises(ValueError, match="int64"):
        compact_layer(layer, np.array([1, 0]))


#: By hand: a layer, one input, and what is left of the bias and of the output where units 0 and 2 are kept.
LAYER = FeedForward(
    w1=np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [2.0, -1.0]]),
    b1=np.array([0.5, -1.0, 0.0, -2.0]),
    w2=np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, -1.0, 0.5]]),
    b2=np.array([0.1, -0.2]),
)
X = np.array([1.0, 2.0])
KEPT = np.array([True, False, True, False])
KNOWN = {
    "relu": ([0.1, -0.2], [4.6, -1.2], [4.6, -1.2]),
    "silu": ([-1.391506, -0.588144], [2.028031, -1.319203], [3.519537, -0.931059]),
    "gelu": ([-0.399312, -0.381405], [3.524511, -1.22275], [4.023823, -1.041345]),
}


def output(layer):
    z = layer.w1 @ X + (0.0 if layer.b1 is None else layer.b1)
    h = FUNCTIONS[layer.function](z)
    h = h if layer.factor is None else h * (layer.factor @ X)
    return layer.w2 @ h + (0.0 if layer.b2 is None else layer.b2)


@pytest.mark.parametrize("function", KNOWN)
def test_constants_of_every_function_by_hand(function):
    """A masked unit is act(b1), also where that is negative; a removed one is nothing."""
    bias, masked, removed = KNOWN[function]
    layer = LAYER._replace(function=function)
    small = compact_layer(layer, KEPT)
    np.testing.assert_allclose(small.b2, bias, rtol=0, atol=1e-6)
    np.testing.assert_allclose(output(small), masked, rtol=0, atol=1e-6)
    without = compact_layer(layer, KEPT, removed=True)
    np.testing.assert_array_equal(without.b2, LAYER.b2)
    np.testing.assert_allclose(output(without), removed, rtol=0, atol=1e-6)


def test_the_tanh_form_of_gelu_by_hand():
    """Of 1 and -2: 0.841192 and -0.045402."""
    np.testing.assert_allclose(FUNCTIONS["gelu_new"](np.array([1.0, -2.0])), [0.841192, -0.045402], atol=1e-6)


def test_gated_layers_lose_both_rows_and_have_no_constant():
    factor = np.array([[1.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, -1.0]])
    layer = LAYER._replace(b1=None, b2=None, factor=factor, function="gelu_new")
    small = compact_layer(layer, KEPT)
    np.testing.assert_array_equal(small.factor, [[1.0, 1.0], [0.0, -1.0]])
    assert small.b1 is None and small.b2 is None
    # Gates of 1 and 1, act(1) = 0.841192; factors of 3 and -2: 0.841192 * (3 - 6) and 0.841192 * 2.
    np.testing.assert_allclose(output(small), [-2.523576, 1.682384], rtol=0, atol=1e-5)
