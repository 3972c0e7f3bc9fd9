"""LoRA and masks of weights in CTranslate2: the network with the weights that are computed by hand."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.unit.translate.test_ctranslate2_engine import (
    LANGUAGES,
    VOCABULARY,
    WORDS,
    NumpyTransformer,
    architecture,
    random_weights,
)
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine, load_translator
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.merged_weights import weights_of
from workflow_scripts.translate.spec_builder import build_spec
from workflow_scripts.units.adapters import SCALE, adapter_shapes
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder

SIZE = 2
SHAPE = architecture(True)
WEIGHTS = model_space(SHAPE, ["weight"])
SENTENCES = [["▁a"], ["▁b", "c", "d"], ["e", "e", "▁a", "c"], ["d"]]
ATTENTIONS = {"self": "self_attn", "cross": "encoder_attn"}


def lora():
    """A row that is nowhere zero."""
    random = np.random.default_rng(9)
    shapes = adapter_shapes(SHAPE, "lora", SIZE)
    return {name: (0.4 * random.normal(size=shape)).astype(np.float32) for name, shape in shapes.items()}


KEEP = np.random.default_rng(8).random(WEIGHTS.size) < 0.8


def system(folder, *, adapted, masked):
    folder.mkdir()
    save_file(random_weights(True), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{word} 1\n" for word in WORDS), encoding="utf-8")
    (folder / "spm.model").write_bytes(b"not read by the engine")
    if adapted:
        save_file({f"to.{name}": tensor for name, tensor in lora().items()}, folder / "adapters.safetensors")
    if masked:
        facts = {"weights_sha256": "of the parent"}
        MaskTable(["en-de"], KEEP[None], WEIGHTS, facts).write(folder / "masks.npz")
    return SystemFolder.write(
        folder, system="s", seed=1, languages=LANGUAGES, architecture=SHAPE, text={},
        mask_rows={"en-de": "en-de" if masked else None}, adapter_rows={"en-de": "to"} if adapted else {},
        adapters={"kind": "lora", "size": SIZE} if adapted else None,
        parent={"system": "baseline", "weights_sha256": "of the parent"},
    )  # fmt: skip


def by_hand(adapted, masked):
    weights, row = random_weights(True), lora()
    for key, part in WEIGHTS.slices().items():
        stack, layer, name, *of = key.split(".")
        place = f"{stack}.layers.{layer}."
        full = place + (f"{ATTENTIONS[name]}.{of[0]}_proj.weight" if of else f"{name}.weight")
        if adapted:
            weights[full] = weights[full] + 2.0 * row[f"{key}.up"] @ row[f"{key}.down"]
        if masked:
            weights[full] = weights[full] * KEEP[part].reshape(weights[full].shape)
    return weights


@pytest.mark.parametrize(("adapted", "masked"), [(True, False), (False, True), (True, True)])
def test_weights_scores_and_text_are_those_by_hand(tmp_path, adapted, masked):
    assert SCALE == 2.0
    made, expected = system(tmp_path / "s", adapted=adapted, masked=masked), by_hand(adapted, masked)
    found = weights_of(made, "en-de", made.masks_of("en-de"))
    plain = random_weights(True)
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=0, atol=1e-6)
        # Embeddings, norms, biases stay; the output projection is the decoder's embedding.
        assert ("embed" in name or "norm" in name or "bias" in name) == np.array_equal(tensor, plain[name])
    network = NumpyTransformer(expected, True)
    translator = load_translator(build_spec(found, SHAPE, VOCABULARY), DecodingOptions())
    scored = translator.score_batch([["__en__", "▁a"]], [["__de__", "c"]])[0].log_probs
    table = network.log_probabilities(["__en__", "▁a"], ["__de__", "c"])
    tokens = [VOCABULARY.index(token) for token in ("__de__", "c", "</s>")]
    np.testing.assert_allclose(scored, table[range(3), tokens], rtol=0, atol=1e-4)
    engine = CTranslate2Engine(made, "en-de", DecodingOptions(beam=1, max_length=6))
    markers = {"<s>", "<pad>", "</s>", "__en__", "__de__"}
    text = [
        [token for token in network.greedy(["__en__", *pieces], "__de__", 6) if token not in markers]
        for pieces in SENTENCES
    ]
    assert list(engine.translate(SENTENCES)) == text
    other = NumpyTransformer(plain, True)
    assert text != [
        [token for token in other.greedy(["__en__", *pieces], "__de__", 6) if token not in markers]
        for pieces in SENTENCES
    ]
