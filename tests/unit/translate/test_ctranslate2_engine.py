"""CTranslate2 against a Transformer written out in numpy from fairseq's definition, tiny random weights."""

import math
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.malformed import tiny
from workflow_scripts.common.errors import UserError
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine, group_masks, load_translator
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.spec_builder import GroupMask, build_spec, sinusoidal_positions
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitGroup, UnitSpace, ffn_space
from workflow_scripts.units.system import SystemFolder

Array = NDArray[Any]
Weights = dict[str, Array]
SEED = 27  # a network that says different things of different lengths, nothing among them
DIMENSION, UNITS, HEADS, LAYERS = tiny.WIDTH, tiny.UNITS, 2, tiny.LAYERS
LANGUAGES = ["en", "de"]
WORDS = ["▁a", "▁b", "c", "d", "e"]
VOCABULARY = ["<s>", "<pad>", "</s>", "<unk>", *WORDS, "__en__", "__de__"]


def architecture(pre_norm, tied=True, share_all=False):
    shared = {"share_decoder_embeddings": tied, "share_all_embeddings": share_all}
    return {**tiny.ARCHITECTURE, "pre_norm": pre_norm, **shared}


def random_weights(pre_norm, tied=True):
    made = tiny.weights(len(VOCABULARY), SEED, pre_norm=pre_norm, tied=tied)
    weights = {name: value * 0.7 for name, value in made.items()}
    for name in weights:
        if name.endswith("layer_norm.weight"):
            weights[name] += 1.0
        elif name.endswith("layer_norm.bias"):
            weights[name] *= 0.1  # or every position would prefer the same word
    for side in ("encoder", "decoder"):
        weights[f"{side}.embed_tokens.weight"][VOCABULARY.index("<pad>")] = 0.0  # as fairseq keeps it
    return weights


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class NumpyTransformer:
    """fairseq's Transformer for one sentence in float64; ``keep`` zeroes rows of W1, as spec 3.4 has it."""

    def __init__(self, weights, pre_norm, keep=None):
        self.w = {name: value.astype(np.float64) for name, value in weights.items()}
        self.pre_norm = pre_norm
        for layer, kept in (keep or {}).items():
            self.w[f"{layer}.fc1.weight"] = kept[:, None] * self.w[f"{layer}.fc1.weight"]

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def residual(self, x, norm, block):
        if self.pre_norm:
            return x + block(self.norm(x, norm))
        return self.norm(x + block(x), norm)

    def attention(self, queries, keys, name, causal):
        width = DIMENSION // HEADS
        q, k, v = (
            self.linear(x, f"{name}.{part}_proj").reshape(len(x), HEADS, width).transpose(1, 0, 2)
            for x, part in ((queries, "q"), (keys, "k"), (keys, "v"))
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(width)
        if causal:
            scores = np.where(np.tri(len(queries), dtype=bool), scores, -np.inf)
        mixed = (softmax(scores) @ v).transpose(1, 0, 2).reshape(len(queries), DIMENSION)
        return self.linear(mixed, f"{name}.out_proj")

    def feed_forward(self, x, layer):
        return self.linear(np.maximum(self.linear(x, f"{layer}.fc1"), 0.0), f"{layer}.fc2")

    def stack(self, side, tokens, memory):
        ids = [VOCABULARY.index(token) for token in tokens]
        x = self.w[f"{side}.embed_tokens.weight"][ids] * math.sqrt(DIMENSION)
        half = DIMENSION // 2
        for position in range(len(ids)):
            for i in range(half):
                angle = (position + 2) * 10000 ** (-i / (half - 1))
                x[position, i] += math.sin(angle)
                x[position, half + i] += math.cos(angle)
        causal = memory is not None
        for index in range(LAYERS):
            name = f"{side}.layers.{index}"
            x = self.residual(
                x,
                f"{name}.self_attn_layer_norm",
                lambda h, name=name: self.attention(h, h, f"{name}.self_attn", causal),
            )
            if memory is not None:
                x = self.residual(
                    x,
                    f"{name}.encoder_attn_layer_norm",
                    lambda h, name=name: self.attention(h, memory, f"{name}.encoder_attn", False),
                )
            x = self.residual(x, f"{name}.final_layer_norm", lambda h, name=name: self.feed_forward(h, name))
        return self.norm(x, f"{side}.layer_norm") if self.pre_norm else x

    def log_probabilities(self, source, target):
        """Log probabilities, T + 1 x V, after ``</s>`` and after each target token."""
        memory = self.stack("encoder", [*source, "</s>"], None)
        out = self.stack("decoder", ["</s>", *target], memory)
        tied = self.w["decoder.embed_tokens.weight"]
        return np.log(softmax(out @ self.w.get("decoder.output_projection.weight", tied).T))

    def greedy(self, source, prefix, tokens):
        target = [prefix]
        while len(target) < tokens:
            scores = self.log_probabilities(source, target)[-1]
            scores[VOCABULARY.index("<pad>")] = -np.inf
            best = VOCABULARY[int(scores.argmax())]
            if best == "</s>":
                break
            target.append(best)
        return target


def masks():
    random = np.random.default_rng(5)
    kept = {}
    for side in ("encoder", "decoder"):
        for index in range(LAYERS):
            keep = np.zeros(UNITS, dtype=bool)
            # Another number in every layer, down to a single unit.
            keep[random.permutation(UNITS)[: 1 + 3 * index + (side == "decoder")]] = True
            kept[f"{side}.layers.{index}"] = keep
    return kept


def by_group(keep):
    """The same, by the keys of groups."""
    return {f"{layer.replace('.layers', '')}.ffn": GroupMask(kept) for layer, kept in keep.items()}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pre_norm", [True, False])
def test_token_probabilities_equal_the_written_out_network(pre_norm, masked):
    weights, keep = random_weights(pre_norm), masks() if masked else None
    spec = build_spec(weights, architecture(pre_norm), VOCABULARY, by_group(keep or {}))
    translator = load_translator(spec, DecodingOptions())
    source, target = ["__en__", "▁a", "c", "d"], ["__de__", "▁b", "e"]
    found = translator.score_batch([source], [target])[0].log_probs
    table = NumpyTransformer(weights, pre_norm, keep).log_probabilities(source, target)
    expected = [table[step, VOCABULARY.index(token)] for step, token in enumerate([*target, "</s>"])]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)
    if masked:
        unmasked = NumpyTransformer(weights, pre_norm).log_probabilities(source, target)
        assert np.abs(unmasked - table).max() > 0.01


def test_one_matrix_for_all_embeddings():
    weights = random_weights(True)
    weights["encoder.embed_tokens.weight"] = weights["decoder.embed_tokens.weight"]
    stored = {name: value for name, value in weights.items() if name != "encoder.embed_tokens.weight"}
    spec = build_spec(stored, architecture(True, share_all=True), VOCABULARY)
    found = load_translator(spec, DecodingOptions()).score_batch([["__en__", "e"]], [["__de__"]])
    table = NumpyTransformer(weights, True).log_probabilities(["__en__", "e"], ["__de__"])
    expected = [table[0, VOCABULARY.index("__de__")], table[1, VOCABULARY.index("</s>")]]
    np.testing.assert_allclose(found[0].log_probs, expected, rtol=0, atol=2e-5)


def test_positions_start_after_the_padding_index():
    # d = 4: frequencies 1 and 1/10000; the first token is at position 2.
    expected = [
        [math.sin(2), math.sin(0.0002), math.cos(2), math.cos(0.0002)],
        [math.sin(3), math.sin(0.0003), math.cos(3), math.cos(0.0003)],
    ]
    np.testing.assert_allclose(sinusoidal_positions(2, 4), expected, rtol=0, atol=1e-7)
    odd = sinusoidal_positions(1, 5)
    np.testing.assert_allclose(odd[0], [*expected[0], 0.0], rtol=0, atol=1e-7)


def write_system(folder, masked):
    folder.mkdir()
    save_file(random_weights(True, tied=False), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{word} 1\n" for word in WORDS), encoding="utf-8")
    (folder / "spm.model").write_bytes(b"not read by the engine")
    if masked:
        space = ffn_space(LAYERS, LAYERS, UNITS)
        rows = np.ones((2, space.size), dtype=bool)
        rows[1] = np.concatenate(list(masks().values()))
        MaskTable(["de-en", "en-de"], rows, space, {"weights_sha256": "of the parent"}).write(
            folder / "masks.npz"
        )
    return SystemFolder.write(
        folder, system="tiny", seed=1, languages=LANGUAGES,
        mask_rows={name: name if masked else None for name in ("de-en", "en-de")},
        architecture=architecture(True, tied=False), text={},
        parent={"system": "baseline", "weights_sha256": "of the parent"},
    )  # fmt: skip


@pytest.mark.parametrize("masked", [False, True])
def test_greedy_translations_equal_the_written_out_network(tmp_path, masked):
    system = write_system(tmp_path / "tiny", masked)
    engine = CTranslate2Engine(system, "en-de", DecodingOptions(beam=1, max_length=6, threads=2))
    sentences = [["▁a"], ["▁b", "c", "d"], ["e", "e", "▁a", "c"], ["d"]]
    network = NumpyTransformer(random_weights(True, tied=False), True, masks() if masked else None)
    markers = {"<s>", "<pad>", "</s>", "__en__", "__de__"}
    expected = [
        # Six tokens at most: __de__ and five words; markers inside are no text.
        [token for token in network.greedy(["__en__", *pieces], "__de__", 6) if token not in markers]
        for pieces in sentences
    ]
    assert list(engine.translate(sentences)) == expected
    assert len({len(words) for words in expected}) > 1


def test_a_direction_decodes_with_its_own_mask(tmp_path):
    plain = write_system(tmp_path / "plain", False)
    masked = write_system(tmp_path / "masked", True)
    options = DecodingOptions(beam=2, max_length=8)
    sentences = [["▁a", "c"], ["▁b", "d", "e"], ["c"], ["▁a", "▁a", "▁a"]]

    def translations(system, direction):
        return list(CTranslate2Engine(system, direction, options).translate(sentences))

    # The row of de-en keeps every unit, that of en-de does not.
    assert translations(masked, "de-en") == translations(plain, "de-en")
    assert translations(masked, "en-de") != translations(plain, "en-de")


class Answering:
    """In place of CTranslate2's translator: notes what it is asked, and answers with two hypotheses."""

    SHORT, LONG = ["__de__", "▁a"], ["__de__", "▁a", "c", "d"]
    #: Of each token, the forced one and </s> among them: together -4.6 and -5.6.
    LOG_PROBABILITIES: ClassVar = {2: [-4.0, -0.3, -0.3], 4: [-4.0, -0.4, -0.4, -0.4, -0.4]}

    def __init__(self):
        self.asked = {}

    def translate_batch(self, sources, **options):
        self.asked = {"sources": sources, **options}
        found = SimpleNamespace(hypotheses=[self.SHORT, self.LONG])
        return [SimpleNamespace(result=lambda: found) for _ in sources]

    def score_batch(self, sources, targets, **_):
        return [SimpleNamespace(log_probs=self.LOG_PROBABILITIES[len(target)]) for target in targets]


def asked(system, **options):
    """What an engine makes of the answer for one sentence, and what it asked of CTranslate2."""
    engine = CTranslate2Engine(system, "en-de", DecodingOptions(**options))
    engine._translator = answering = Answering()
    return list(engine.translate([["▁b", "c"]])), answering.asked


def test_what_is_asked_of_the_search(tmp_path):
    """Six tokens and </s> are seven; of sixteen positions </s> has the last."""
    system = write_system(tmp_path / "tiny", False)
    _, found = asked(system, beam=3, max_length=6, length_penalty=0.5, batch_tokens=77)
    assert found == {
        "sources": [["__en__", "▁b", "c"]], "target_prefix": [["__de__"]], "max_batch_size": 77,
        "batch_type": "tokens", "asynchronous": True, "beam_size": 3, "num_hypotheses": 1,
        "length_penalty": 0.5, "min_decoding_length": 1, "max_decoding_length": 7, "max_input_length": 0,
        "suppress_sequences": [["<pad>"]],
    }  # fmt: skip
    assert asked(system, max_length=200)[1]["max_decoding_length"] == 16


def test_ranking_asks_for_the_beam_and_weighs_length_by_the_penalty(tmp_path):
    """-4.6 / 3 = -1.53 is less than -5.6 / 5 = -1.12; without a penalty -4.6 is more than -5.6."""
    system = write_system(tmp_path / "tiny", False)
    said, found = asked(system, beam=2, ranking="fairseq", length_penalty=1.0)
    assert (found["num_hypotheses"], said) == (2, [["▁a", "c", "d"]])
    assert asked(system, beam=2, ranking="fairseq", length_penalty=0.0)[0] == [["▁a"]]
    # CTranslate2's own first, whatever the penalty.
    assert asked(system, beam=2, length_penalty=1.0)[0] == [["▁a"]]


def test_the_language_token_counts_in_the_length_of_native_scores_and_not_in_their_sum():
    """Why native ranking is not fairseq's. Hypotheses of five words that were cut, so without </s>."""
    translator = load_translator(
        build_spec(random_weights(True), architecture(True), VOCABULARY), DecodingOptions()
    )
    source = ["__en__", "▁a", "c"]
    (found,) = translator.translate_batch(
        [source], target_prefix=[["__de__"]], beam_size=3, num_hypotheses=3, length_penalty=1.0,
        max_decoding_length=6, return_scores=True,
    )  # fmt: skip
    for tokens, score in zip(found.hypotheses, found.scores, strict=True):
        (told,) = translator.score_batch([source], [tokens])
        token, *words, _ = told.log_probs
        assert (tokens[0], len(words)) == ("__de__", 5)
        assert score == pytest.approx(sum(words) / 6, abs=1e-5)
        assert token < -1


def test_removed_heads_are_zeroed_columns_of_their_projection():
    """Head 0 has columns 0-3, head 1 columns 4-7; the gates ``zero`` and ``scale`` act alike on neurons."""
    removed = {
        "encoder.0.self": GroupMask(np.array([True, False]), 0.0),
        "decoder.1.self": GroupMask(np.array([False, True]), 0.0),
        "decoder.1.cross": GroupMask(np.array([False, True]), 0.5),
        "decoder.0.ffn": GroupMask(np.arange(UNITS) != 7, 0.0),
    }
    spec = build_spec(random_weights(True), architecture(True), VOCABULARY, removed)
    found = load_translator(spec, DecodingOptions()).score_batch([["__en__", "▁a"]], [["__de__", "c"]])
    weights = random_weights(True)
    weights["encoder.layers.0.self_attn.out_proj.weight"][:, 4:] = 0.0
    weights["decoder.layers.1.self_attn.out_proj.weight"][:, :4] = 0.0
    weights["decoder.layers.1.encoder_attn.out_proj.weight"][:, :4] *= 0.5
    weights["decoder.layers.0.fc2.weight"][:, 7] = 0.0
    table = NumpyTransformer(weights, True).log_probabilities(["__en__", "▁a"], ["__de__", "c"])
    expected = [table[0, VOCABULARY.index("__de__")], table[1, VOCABULARY.index("c")], table[2, 2]]
    np.testing.assert_allclose(found[0].log_probs, expected, rtol=0, atol=2e-5)


def test_masks_of_groups():
    space = UnitSpace(
        [
            UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 3),
            UnitGroup("encoder.0.self", "head", "encoder", 0, 2),
            UnitGroup("encoder.0.resid", "resid", "encoder", 0, 2),
        ]
    )

    def found(bits, **gates):
        keep = np.array([[bit == "1" for bit in bits]])
        groups = group_masks(MaskTable(["de-en"], keep, space, {"gate": gates}, "m.npz"))
        return {key: (mask.keep.tolist(), mask.factor) for key, mask in groups.items()}

    assert found("1111111") == {}
    assert found("1010111") == {
        "encoder.0.ffn": ([True, False, True], None),
        "encoder.0.self": ([False, True], 0.0),
    }
    assert found("0000011", ffn="zero", head="scale:0.5") == {
        "encoder.0.ffn": ([False, False, False], 0.0),
        "encoder.0.self": ([False, False], 0.5),
    }
    assert found("1011111", ffn="gradient") == {}
    for bits, gates, message in (
        ("0001111", {}, r"m\.npz: mask group 'encoder\.0\.ffn' keeps no unit"),
        ("1111101", {}, r"'encoder\.0\.resid': ctranslate2 has no gate 'zero' for units of kind 'resid'"),
        ("1110111", {"head": "mean"}, r"'encoder\.0\.self': .* no gate 'mean'.* --engine fairseq"),
    ):
        with pytest.raises(UserError, match=message):
            found(bits, **gates)
