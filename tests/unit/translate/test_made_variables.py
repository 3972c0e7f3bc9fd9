"""A specification holds no weights: they are read when it is written. What is stored twice is there once."""

import tracemalloc

import numpy as np
from ctranslate2.specs import TransformerSpec
from safetensors.numpy import save_file

from tests.unit.translate.test_ctranslate2_engine import (
    VOCABULARY,
    architecture,
    by_group,
    masks,
    random_weights,
)
from workflow_scripts.translate.int8_weights import quantise_weights
from workflow_scripts.translate.made_variable import MadeVariable
from workflow_scripts.translate.spec_builder import build_spec
from workflow_scripts.units.weights_file import open_weights

WIDTH, UNITS = 128, 512
LARGEST = WIDTH * UNITS * 4


def test_writing_a_specification_holds_a_layer_at_most(tmp_path):
    """All weights are 3.5 MB; a feed-forward layer is 0.5 MB, and is cut from another of 0.5 MB."""
    shape = {**architecture(True), "model_dim": WIDTH, "ffn_dim": UNITS}
    matrices = {"fc1": (UNITS, WIDTH), "fc2": (WIDTH, UNITS)}
    path, draw = tmp_path / "w.safetensors", np.random.default_rng(1)
    sizes = {}
    for name, tensor in random_weights(True).items():
        part = next((part for part in matrices if part in name), "")
        rows = len(VOCABULARY) if "embed" in name else UNITS if part == "fc1" else WIDTH
        sizes[name] = (rows,) if tensor.ndim == 1 else matrices.get(part, (rows, WIDTH))
    save_file({name: draw.normal(size=size).astype(np.float32) for name, size in sizes.items()}, path)
    kept = {layer: np.arange(UNITS) % 2 == 0 for layer in masks()}
    tracemalloc.start()
    try:
        spec = build_spec(open_weights(path, shape), shape, VOCABULARY, by_group(kept))
        spec.optimize()
        built = tracemalloc.get_traced_memory()[0]
        spec.save(str(tmp_path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 12 * LARGEST
    assert built < LARGEST
    assert peak - built < 5 * LARGEST
    assert (tmp_path / "model.bin").stat().st_size > 8 * LARGEST


def aliases(spec):
    """Of matrices: the name under which another one is the same."""
    found = {name: value for name, value in spec.variables().items() if isinstance(value, str)}
    return {name: value for name, value in found.items() if name.endswith("weight")}


def all_embeddings() -> TransformerSpec:
    """Of a network whose three matrices of symbols are one, which is stored under two names."""
    weights = random_weights(True)
    weights["encoder.embed_tokens.weight"] = weights["decoder.embed_tokens.weight"].copy()
    return build_spec(weights, architecture(True), VOCABULARY)


def test_a_matrix_that_is_stored_under_two_names_is_one():
    spec = all_embeddings()
    spec.optimize()
    one = "decoder/embeddings/weight"
    assert aliases(spec) == {"decoder/projection/weight": one, "encoder/embeddings_0/weight": one}
    other = build_spec(random_weights(True), architecture(True), VOCABULARY)
    other.optimize()
    assert aliases(other) == {"decoder/projection/weight": one}


def test_in_int8_too_and_its_scale_is_there_once():
    spec = all_embeddings()
    spec.optimize()
    quantise_weights(spec)
    one = "decoder/embeddings/weight"
    assert aliases(spec) == {"decoder/projection/weight": one, "encoder/embeddings_0/weight": one}
    of_symbols = {name for name in spec.variables() if "embeddings" in name or "projection" in name}
    assert {name for name in of_symbols if name.endswith("scale")} == {f"{one}_scale"}


def test_a_made_variable_is_what_is_made():
    made = MadeVariable((2, 3), lambda: np.arange(6, dtype=np.float64).reshape(3, 2).T)
    assert (made.shape, made.dtype, made.num_bytes()) == ((2, 3), "float32", 24)
    np.testing.assert_array_equal(np.frombuffer(made.to_bytes(), np.float32), [0, 2, 4, 1, 3, 5])
    assert made.to("float16").numpy().dtype == np.float16
