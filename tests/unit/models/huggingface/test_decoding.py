"""Hugging Face systems by CTranslate2 and by the live model: scores and beams, each family, under masks."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
import torch
from ctranslate2.specs import TransformerSpec

from tests.unit.models.huggingface.folders import FOLDERS, TAGS, system_of
from tests.unit.models.huggingface.talk import (
    DIRECTION,
    LINES,
    OPTIONS,
    Engines,
    apart,
    drawn,
    masked,
)
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.weights import read_tensors, save_tensors
from workflow_scripts.translate import decode, export_system, huggingface_spec, translate
from workflow_scripts.translate.codecs import codec_of
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine, direction_spec, load_translator
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.merged_weights import add_lora
from workflow_scripts.units.weights_file import open_weights

#: Logits of these are not scaled down, and so are sums of larger numbers.
UNSCALED = ("t5-gated", "mt5")
#: What is done to the units that a mask leaves out.
WAYS = {
    "whole": None,
    "row": {"ffn": "row", "head": "zero"},
    "removed": {"ffn": "zero", "head": "zero"},
    "scaled": {"ffn": "scale:0.5", "head": "scale:0.5"},
}


@pytest.fixture(scope="module")
def whole(talking):
    return {case: Engines(system) for case, system in talking.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", FOLDERS)
def test_the_compact_model_is_the_live_one(case, way, talking, whole, tmp_path):
    engines, gates = whole[case], WAYS[way]
    plain = engines.compact_scores()
    if gates is not None:
        system = masked(talking[case], tmp_path / "s", drawn(talking[case]), gates)
        engines = Engines(system)
    found = engines.compact_scores()
    assert apart(found, engines.live_scores()) <= (5e-5 if case in UNSCALED else 1e-5)
    live, compact = engines.words()
    assert compact == live
    # The models say different things, and masks matter.
    assert len({tuple(words) for words in live}) >= 2
    if gates is not None:
        assert apart(found, plain) > 0.1


def test_rows_and_removed_units_differ_where_there_are_biases(talking, tmp_path):
    """A masked row is act(b1), which is folded into the bias; without biases it is 0, as if removed."""
    for case in ("m2m", "marian", "mbart", "t5", "mt5"):
        keep = drawn(talking[case])
        keep[talking[case].space_of(("ffn",)).size :] = True
        scores = [
            Engines(masked(talking[case], tmp_path / f"{case}-{way}", keep, WAYS[way])).compact_scores()
            for way in ("row", "removed")
        ]
        assert (apart(*scores) > 0.1) == (case in ("m2m", "marian", "mbart"))
        assert case in ("m2m", "marian", "mbart") or apart(*scores) == 0


def test_layers_are_as_small_as_their_masks(talking, tmp_path):
    """And a layer without any unit stays whole, its columns zero."""
    system = talking["t5-gated"]
    keep = np.ones(system.space_of(("ffn", "head")).size, dtype=bool)
    keep[:45], keep[48:96] = False, False
    masks = masked(system, tmp_path / "s", keep, WAYS["removed"])
    spec = direction_spec(masks, DIRECTION, 64, codec_of(masks, DIRECTION))
    first, second = (layer.ffn for layer in spec.encoder.layer)
    for linear in (first.linear_0, first.linear_0_noact):
        assert linear.weight.shape == (3, 32)
    assert first.linear_1.weight.shape == (32, 3)
    assert second.linear_1.weight.shape == (32, 48) and not second.linear_1.weight.numpy().any()
    live, compact = Engines(masks).words()
    assert compact == live


def changed_spec(system, **changes) -> TransformerSpec:
    """A specification whose decoder has other settings."""
    spec = direction_spec(system, DIRECTION, 64, codec_of(system, DIRECTION))
    for name, value in changes.items():
        setattr(spec.decoder, name, value)
    spec.validate()
    return spec


def test_marians_decoder_starts_from_its_row_of_padding(folders, tmp_path):
    """That row is not zero after training; starting from zero, as in the library's converter, is wrong."""
    folder = shutil.copytree(folders["marian"], tmp_path / "folder")
    tensors = read_tensors(folder / "model.safetensors")
    assert not tensors["model.shared.weight"][-1].any()  # a new model's
    tensors["model.shared.weight"][-1] = torch.linspace(-1, 1, 32)
    save_tensors(tensors, folder / "model.safetensors")
    system = system_of("marian", folder, tmp_path / "s")
    engines = Engines(system)
    live = engines.live_scores()
    assert apart(engines.compact_scores(), live) <= 1e-5
    words, compact = engines.words()
    assert compact == words
    codec = codec_of(system, DIRECTION)
    spec = direction_spec(system, DIRECTION, 64, codec)
    assert codec.sequences.symbols.start == codec.sequences.padding == "<pad>"
    assert spec.decoder.embeddings.weight.shape[0] == len(codec.sequences.symbols.target)
    assert not spec.decoder.start_from_zero_embedding.numpy()
    spec = changed_spec(system, start_from_zero_embedding=True)
    engines.compact._translator = load_translator(spec, OPTIONS)
    assert apart(engines.compact_scores(), live) > 0.1


def test_a_wrong_scale_passes_where_only_greedy_words_are_compared(talking, whole):
    """T5 v1.1 does not scale its states; scaled as in v1.0, each first choice stays, no score does."""
    system, right = talking["t5-gated"], whole["t5-gated"]
    greedy = DecodingOptions(beam=1, max_length=12)
    wrong = CTranslate2Engine(system, DIRECTION, greedy, right.codec)
    wrong._translator = load_translator(changed_spec(system, scale_outputs=np.float32(32**-0.5)), greedy)
    expected = list(CTranslate2Engine(system, DIRECTION, greedy, right.codec).translate(right.pieces))
    assert list(wrong.translate(right.pieces)) == expected
    engines = Engines(system)
    engines.compact._translator = wrong._translator
    assert apart(engines.compact_scores(), right.live_scores()) > 5
    live, compact = engines.words()
    assert compact != live


def test_only_t5_v1_0_scales_its_states(talking):
    for case, scaled in (("t5", True), ("t5-gated", False), ("mt5", False), ("m2m", False)):
        spec = direction_spec(talking[case], DIRECTION, 64, codec_of(talking[case], DIRECTION))
        found = spec.decoder.scale_outputs
        assert (found.numpy() == pytest.approx(32**-0.5)) if scaled else isinstance(found, str)


def test_int8_is_near(systems):
    for case in ("m2m", "t5", "mbart"):
        engines = Engines(systems[case])
        eight = DecodingOptions(beam=4, max_length=12, compute_type="int8")
        exact = engines.compact_scores()
        engines.compact = CTranslate2Engine(systems[case], DIRECTION, eight, engines.codec)
        assert 0 < apart(engines.compact_scores(), exact) < 0.4


@pytest.mark.parametrize("case", FOLDERS)
def test_symbols_are_as_many_as_rows_and_text_comes_back(case, systems, ports):
    codec, text = codec_of(systems[case], DIRECTION), ports[case].text
    ours = codec.sequences
    for symbols, rows in ((ours.symbols.source, 0), (ours.symbols.target, 1)):
        stack = (ports[case].model.get_encoder(), ports[case].model.get_decoder())[rows]
        assert len(symbols) == len(set(symbols)) == stack.get_input_embeddings().num_embeddings
    ids = {symbol: row for row, symbol in enumerate(ours.symbols.source)}
    for line in LINES:
        pieces = codec.encode(line)
        assert [*text.before(DIRECTION), *(ids[one] for one in pieces), text.end] == text.source_ids(
            DIRECTION, [line]
        )[0].tolist()
        assert codec.decode(pieces) == line
    assert codec.encode("") == codec.encode(" ") == []
    # A tag that the model writes is no text, whosever it is.
    assert {"</s>", "<pad>", *TAGS[case].values()} <= ours.markers and "<unk>" not in ours.markers
    assert (ours.prefix, ours.before) == {
        "marian": (None, (">>deu<<",)),
        "m2m": ("__de__", ("__en__",)),
        "nllb": ("deu_Latn", ("eng_Latn",)),
        "mbart": ("de_DE", ("en_XX",)),
        "t5-gated": (None, ("<2de>",)),
    }.get(case, (None, ()))


def test_lora_is_added_to_the_weights_of_each_familys_names(talking):
    for case, key, name in (
        ("m2m", "encoder.0.self.q", "model.encoder.layers.0.self_attn.q_proj.weight"),
        ("mbart", "decoder.1.fc2", "model.decoder.layers.1.fc2.weight"),
        ("t5", "decoder.1.cross.out", "decoder.block.1.layer.1.EncDecAttention.o.weight"),
        ("t5-gated", "encoder.1.fc1", "encoder.block.1.layer.1.DenseReluDense.wi_0.weight"),
    ):
        system = talking[case]
        weights = open_weights(system.weights, system.architecture)
        before = np.array(weights[name])
        outputs, inputs = before.shape
        row = {f"{key}.up": np.ones((outputs, 1), "f4"), f"{key}.down": np.full((1, inputs), 0.25, "f4")}
        add_lora(weights, row, huggingface_spec.names_of(system.architecture).weight)
        np.testing.assert_allclose(weights[name] - before, 0.5, rtol=0, atol=1e-6)


def test_the_stages(talking, tmp_path, monkeypatch, capsys):
    """Raw text to raw text, a line for each line: by both engines and from standard input; exported."""
    system = talking["nllb"]
    source = tmp_path / "source"
    source.write_text("\n".join([*LINES[:6], "", *LINES[6:]]) + "\n")
    given = ["--system", str(system.folder), "--direction", DIRECTION, "--max-length", "12"]
    found = {}
    for engine in ("ctranslate2", "huggingface"):
        out = tmp_path / engine
        decode.main([*given, "--engine", engine, "--source", str(source), "--out", str(out)])
        found[engine] = out.read_text()
    lines = found["ctranslate2"].split("\n")
    assert found["huggingface"] == found["ctranslate2"] and (len(lines), lines[6]) == (22, "")
    assert len(set(lines)) > 4 and "Latn" not in found["ctranslate2"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    said = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(said))
    translate.main(given)
    assert said.getvalue().decode() == found["ctranslate2"]


def test_what_an_engine_cannot_do_is_one_line(talking, tmp_path):
    def refused(*options):
        given = ["--system", str(talking["m2m"].folder), "--direction", DIRECTION, *options]
        (tmp_path / "source").write_text("ba\n")
        with pytest.raises(UserError) as raised:
            decode.main([*given, "--source", str(tmp_path / "source"), "--out", str(tmp_path / "out")])
        return str(raised.value)

    assert refused("--engine", "fairseq").endswith(
        "system.json is not of this library; use --engine ctranslate2 or huggingface"
    )
    assert refused("--engine", "huggingface", "--compute-type", "int8") == (
        "--compute-type int8: the huggingface engine computes in float32"
    )
    keep = np.ones(talking["m2m"].space_of(("ffn", "head")).size, dtype=bool)
    keep[:64] = False
    system = masked(talking["m2m"], tmp_path / "none", keep, {"ffn": "row", "head": "zero"})
    with pytest.raises(UserError, match=r"keeps no unit; .* use --engine huggingface"):
        CTranslate2Engine(system, DIRECTION, OPTIONS)


def test_exported_models_say_the_same_by_ctranslate2_and_the_tokenizer_alone(talking, tmp_path):
    import ctranslate2
    import transformers

    for case in ("m2m", "t5-gated"):
        system = masked(talking[case], tmp_path / f"{case}-s", drawn(talking[case]), WAYS["row"])
        out = tmp_path / case
        words = ["--system", str(system.folder), "--form", "ctranslate2", "--directions", DIRECTION]
        export_system.main([*words, "--out", str(out)])
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(out))
        translator = ctranslate2.Translator(str(out / DIRECTION))
        tags = {"m2m": ["__en__"], "t5-gated": ["<2de>"]}[case]
        sources = [[*tags, *tokenizer.tokenize(line)] for line in LINES]
        found = translator.translate_batch(
            sources,
            target_prefix=[["__de__"]] * len(sources) if case == "m2m" else None,
            beam_size=4,
            min_decoding_length=2 if case == "m2m" else 1,
            max_decoding_length=13,
            suppress_sequences=[["<pad>"]],
        )
        codec = codec_of(system, DIRECTION)
        own = list(CTranslate2Engine(system, DIRECTION, OPTIONS, codec).translate(map(codec.encode, LINES)))
        markers = codec.sequences.markers
        assert [[one for one in hit.hypotheses[0][:12] if one not in markers] for hit in found] == own
        card = (out / "README.md").read_text()
        assert f'ctranslate2.Translator("{DIRECTION}")' in card and "AutoTokenizer" in card
        assert ('target_prefix=[["__de__"]]' in card) == (case == "m2m")
