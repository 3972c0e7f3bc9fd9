"""CTranslate2's int8 with this project's weights: the same sums on CPUs with and without VNNI."""

import numpy as np
import pytest

from tests.unit.translate.test_ctranslate2_engine import (
    VOCABULARY,
    NumpyTransformer,
    architecture,
    by_group,
    masks,
    random_weights,
    softmax,
)
from workflow_scripts.translate import ctranslate2_engine
from workflow_scripts.translate.ctranslate2_engine import load_translator
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.int8_weights import LARGEST_WEIGHT, quantise_weights
from workflow_scripts.translate.spec_builder import build_spec

SOURCE, TARGET = ["__en__", "▁a", "c", "d"], ["__de__", "▁b", "e"]
EIGHT_BITS = DecodingOptions(compute_type="int8")


def found(spec):
    """Log probability of each token of TARGET and of </s>."""
    return load_translator(spec, EIGHT_BITS).score_batch([SOURCE], [TARGET])[0].log_probs


def of_target(table):
    return np.array([table[step, VOCABULARY.index(token)] for step, token in enumerate([*TARGET, "</s>"])])


def whole_numbers(matrix, most):
    """Each row as whole numbers of at most ``most``, and what to multiply them by; halves go to even."""
    largest = np.abs(matrix).max(axis=-1, keepdims=True).astype(np.float32)
    step = np.where(largest == 0, 1, largest / np.float32(most))
    return np.rint(matrix.astype(np.float32) / step).astype(np.int64), step


class InWholeNumbers(NumpyTransformer):
    """The written-out network with linear layers in int8, sums in 64 bits: inputs to 127, weights to 64."""

    def __init__(self, weights, keep):
        super().__init__(weights, True)
        for layer, kept in (keep or {}).items():
            self.leave_out(layer, kept)
        for side in ("encoder", "decoder"):
            whole, step = whole_numbers(self.w[f"{side}.embed_tokens.weight"], 64)
            self.w[f"{side}.embed_tokens.weight"] = whole * step
        self.w["decoder.output_projection.weight"] = weights["decoder.embed_tokens.weight"]
        self.w["decoder.output_projection.bias"] = np.zeros(len(VOCABULARY))

    def leave_out(self, layer, kept):
        """Units without weights say relu(bias) everywhere: so much more bias of the layer after."""
        w1, b1, w2, b2 = (f"{layer}.{name}" for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"))
        self.w[b2] = self.w[b2] + self.w[w2][:, ~kept] @ np.maximum(self.w[b1][~kept], 0)
        self.w |= {w1: self.w[w1][kept], b1: self.w[b1][kept], w2: self.w[w2][:, kept]}

    def linear(self, x, name):
        inputs, input_step = whole_numbers(x, 127)
        weight, step = whole_numbers(self.w[f"{name}.weight"], 64)
        return (inputs @ weight.T) * input_step * step.T + self.w[f"{name}.bias"]

    def log_probabilities(self, source, target):
        out = self.stack("decoder", ["</s>", *target], self.stack("encoder", [*source, "</s>"], None))
        return np.log(softmax(self.linear(out, "decoder.output_projection")))


@pytest.mark.parametrize("masked", [False, True])
def test_token_probabilities_equal_the_network_in_whole_numbers(masked):
    weights, keep = random_weights(True), masks() if masked else None
    spec = build_spec(weights, architecture(True), VOCABULARY, by_group(keep or {}))
    expected = of_target(InWholeNumbers(weights, keep).log_probabilities(SOURCE, TARGET))
    np.testing.assert_allclose(found(spec), expected, rtol=0, atol=2e-5)
    # Rounding, and no more: near float32's, and not equal to it.
    float32 = of_target(NumpyTransformer(weights, True, keep).log_probabilities(SOURCE, TARGET))
    assert 0.01 < np.abs(expected - float32).max() < 0.5


def test_no_two_products_leave_sixteen_bits():
    assert 2 * 255 * LARGEST_WEIGHT < 2**15 <= 2 * 255 * (LARGEST_WEIGHT + 1)


def specification(projection=None, constant=None):
    """The tiny network; its projection may be another matrix, and all its hidden states one ``constant``."""
    weights = random_weights(True, tied=False)
    if projection is not None:
        weights["decoder.output_projection.weight"] = projection
    if constant is not None:
        weights["decoder.layer_norm.weight"] = np.zeros_like(constant)
        weights["decoder.layer_norm.bias"] = constant
    return build_spec(weights, architecture(True, tied=False), VOCABULARY)


def test_rows_of_weights_by_hand():
    """Rows: 64 / 2; halves to even; no number at all; the smallest one that a float32 can be."""
    rows = np.zeros((len(VOCABULARY), 8), np.float32)
    rows[0, :4] = 2, -1, 0.5, 0.1
    rows[1, :4] = -64, 0.5, 1.5, -2.5
    rows[3, 0] = np.float32(1e-45)
    spec = specification(rows)
    quantise_weights(spec)
    whole, scale = spec.decoder.projection.weight.numpy(), spec.decoder.projection.weight_scale.numpy()
    assert (whole.dtype, scale.dtype) == (np.int8, np.float32)
    np.testing.assert_array_equal(whole[0], [64, -32, 16, 3, 0, 0, 0, 0])
    np.testing.assert_array_equal(whole[1], [-64, 0, 2, -2, 0, 0, 0, 0])
    np.testing.assert_array_equal(whole[2:], 0)
    np.testing.assert_array_equal(scale[:3], [32, 1, 1])
    assert np.isfinite(scale).all()
    np.testing.assert_array_equal(rows[0, :4], np.float32([2, -1, 0.5, 0.1]))  # not the caller's array


def test_all_matrices_are_quantised_and_nothing_else():
    spec = specification()
    quantise_weights(spec)
    variables = spec.variables()
    matrices = {name for name, value in variables.items() if value.shape and len(value.shape) == 2}
    whole = {name for name, value in variables.items() if value.dtype == "int8" and value.shape}
    assert whole == {name for name in matrices if name.endswith("/weight")}
    # Embeddings of both sides and the projection; self-attention has two, cross-attention three, neurons two.
    assert len(whole) == 3 + 2 * (2 + 2) + 2 * (2 + 3 + 2)
    assert max(np.abs(variables[name].numpy().astype(int)).max() for name in whole) == LARGEST_WEIGHT
    assert {name for name in variables if name.endswith("weight_scale")} == {
        f"{name}_scale" for name in whole
    }


HIDDEN = np.full(8, 0.5, np.float32)


def logit_difference(monkeypatch, ours):
    """Between ``▁a``, whose row is all 1, and ``▁b``, all -1, for hidden states of 0.5: 8 in float32."""
    rows = np.zeros((len(VOCABULARY), 8), np.float32)
    rows[VOCABULARY.index("▁a")], rows[VOCABULARY.index("▁b")] = 1, -1
    with monkeypatch.context() as patch:
        if not ours:
            patch.setattr(ctranslate2_engine, "quantise_weights", lambda _: None)
        translator = load_translator(specification(rows, HIDDEN), EIGHT_BITS)
    one, other = (translator.score_batch([SOURCE], [[word]])[0].log_probs[0] for word in ("▁a", "▁b"))
    return one - other


def test_weights_that_are_all_large_keep_their_sums(monkeypatch):
    """Eight inputs of 127 + 128 = 255 by weights of 64: 4 pairs of 32,640, less 128 * 8 * 64."""
    assert logit_difference(monkeypatch, ours=True) == pytest.approx(8, abs=1e-5)


def test_what_saturation_does_to_weights_of_eight_bits(monkeypatch):
    """CTranslate2's own weights go to 127. Without VNNI a pair of 255 * 127 * 2 = 64,770 becomes 32,767, and
    -64,770 becomes -32,768. 128 * 8 * 127 is taken off, and a step is 0.5 / 127 / 127: 8 becomes 0.06."""
    step = 0.5 / 127 / 127
    saturated = ((4 * 32767 - 128 * 8 * 127) - (-4 * 32768 + 128 * 8 * 127)) * step
    assert saturated == pytest.approx(0.063364, abs=1e-6)
    difference = logit_difference(monkeypatch, ours=False)
    assert min(abs(difference - 8), abs(difference - saturated)) < 1e-5
