"""Importing fairseq checkpoints: no code runs, settings are checked, and known likelihoods come out."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from tests.malformed.model_cases import checkpoint, having
from tests.unit.models.loaded import load_network
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq import import_checkpoint
from workflow_scripts.models.fairseq.batches import direction_dataset, make_batches
from workflow_scripts.models.fairseq.fairseq_checkpoint import load_fairseq_checkpoint
from workflow_scripts.models.fairseq.forward import teacher_forced_nll
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, Vocabulary

# isort: split
from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

SENTENCES = 300


def settings(**change: Any) -> dict[str, Any]:
    value = {
        "activation_fn": "relu",
        "share_decoder_input_output_embed": True,
        "share_all_embeddings": False,
        "max_source_positions": 64,
        "max_target_positions": 32,
        "dropout": 0.2,
        "attention_dropout": 0.1,
        "activation_dropout": 0.0,
        "langs": ["en", "de"],
        "encoder_langtok": "src",
        "decoder_langtok": True,
    }
    for stack, layers in (("encoder", 2), ("decoder", 1)):
        value |= {
            f"{stack}_layers": layers,
            f"{stack}_embed_dim": 8,
            f"{stack}_ffn_embed_dim": 16,
            f"{stack}_attention_heads": 2,
            f"{stack}_normalize_before": False,
        }
    return value | change


def test_settings_become_an_architecture(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": {"decoder.version": torch.ones(1)}, "args": argparse.Namespace(**settings())}, path)
    architecture, languages, parameters, masked = load_fairseq_checkpoint(path)
    assert not masked
    assert architecture == Architecture(
        2, 1, 8, 16, 2, pre_norm=False, max_positions=32, dropout=0.2, attention_dropout=0.1
    )
    assert (languages, parameters) == (("en", "de"), {})


def test_settings_of_other_kinds_are_the_same(tmp_path):
    """omegaconf's containers, numpy's numbers, a configuration in parts, and metrics beside them."""
    path = tmp_path / "checkpoint.pt"
    value = settings()
    task = {name: value.pop(name) for name in ("langs", "encoder_langtok", "decoder_langtok")}
    plain = argparse.Namespace(**(value | task | {"dropout": np.float64(0.2)}))
    metrics = {"metrics": {"valid": [(0, "_bleu_counts", "MetersDict", {"val": np.zeros(4)})]}}
    read = []
    for settings_of in (
        {"args": plain},
        {"args": None, "cfg": OmegaConf.create({"model": value, "task": task})},
    ):
        torch.save({"model": {}, "extra_state": metrics, **settings_of}, path)
        read.append(load_fairseq_checkpoint(path))
    assert read[0] == read[1]
    assert read[0][0].dropout == 0.2
    assert read[0][1] == ("en", "de")


@pytest.mark.parametrize(
    ("change", "said", "languages"),
    [
        ({"langs": ["en", "de"]}, None, ("en", "de")),
        ({"langs": "en,de"}, ["en", "de"], ("en", "de")),
        ({"langs": None, "lang_dict": "langs.txt"}, ["en", "de"], ("en", "de")),
        ({"langs": None, "lang_pairs": ["en-fr", "de-en"]}, None, ("de", "en", "fr")),
        ({"langs": None, "lang_pairs": "en-fr,de-en"}, None, ("de", "en", "fr")),
        ({"langs": None, "lang_dict": None, "lang_pairs": ["en-de"]}, ["en", "de"], ("en", "de")),
    ],
)
def test_languages_in_the_order_of_their_tokens(tmp_path, capsys, change, said, languages):
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": {}, "args": argparse.Namespace(**settings(**change))}, path)
    assert load_fairseq_checkpoint(path, said)[1] == languages
    inferred = f"{path} does not say its languages: de en fr, as fairseq infers them from its pairs"
    assert (inferred in capsys.readouterr().err) == (languages == ("de", "en", "fr"))


def test_a_fairseq_training_infers_the_same_languages():
    """Where neither --langs nor --lang-dict is given, the order of the tokens is this one."""
    from fairseq.data.multilingual.multilingual_data_manager import MultilingualDatasetManager

    options = argparse.Namespace(langs=None, lang_dict=None, lang_pairs=["en-fr", "de-en"])
    assert MultilingualDatasetManager.load_langs(options) == ["de", "en", "fr"]


def binarise(folder: Path, shared: Path, lang: str, vocabulary: Vocabulary) -> None:
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(
        model_file=str(shared / "models" / "multi30k" / "spm.model")
    )
    with gzip.open(
        shared / "data" / "multi30k" / f"test_2016_flickr.{lang}.gz", "rt", encoding="utf-8"
    ) as text:
        lines = [next(text).rstrip("\n") for _ in range(SENTENCES)]
    prefix = str(folder / f"test.de-en.{lang}")
    builder = MMapIndexedDatasetBuilder(prefix + ".bin", dtype=np.uint16)
    for line in lines:
        builder.add_item(torch.tensor([*vocabulary.encode(pieces.encode(line, out_type=str)), EOS]))
    builder.finalize(prefix + ".idx")


@pytest.mark.shared("models/multi30k", "data/multi30k")
@pytest.mark.slow
def test_the_shared_baseline_has_its_known_likelihoods(shared, tmp_path):
    """Spec 3.9: NLL per token on 300 test sentences, language tag counted: en-de 1.81, de-en 1.47."""
    model = shared / "models" / "multi30k"
    out = tmp_path / "system"
    import_checkpoint.main(
        ["--checkpoint", str(model / "checkpoint.pt"), "--subwords", str(model / "spm.model")]
        + ["--dictionary", str(model / "dict.txt"), "--out", str(out), "--directions", "en-de", "de-en"]
    )
    system = SystemFolder.read(out)
    assert (system.system, system.seed, system.languages) == ("baseline", 1, ("en", "de", "fr", "cs"))
    assert system.directions == ("en-de", "de-en")
    assert system.space_of(["ffn"]).size == 6 * 1024

    network = load_network(system)
    stock = torch.load(model / "checkpoint.pt", weights_only=True)["model"]
    for name, tensor in network.state_dict().items():
        if not name.endswith("_float_tensor"):
            assert torch.equal(tensor, stock[name]), name

    vocabulary = Vocabulary.read(system.dictionary, system.languages)
    assert len(vocabulary) == 8005
    for lang in ("de", "en"):
        binarise(tmp_path, shared, lang, vocabulary)
    for direction, expected in (("en-de", 1.81), ("de-en", 1.47)):
        batches = make_batches(direction_dataset(tmp_path, "test", direction, vocabulary), 4000)
        total = tokens = 0.0
        for batch in batches:
            with torch.no_grad():
                nll, counted = teacher_forced_nll(network, batch, count_language_tag=True)
            total += nll.sum().item()
            tokens += counted.sum().item()
        assert total / tokens == pytest.approx(expected, abs=0.02), direction


def test_taps_on_a_stock_network_tell_of_the_fused_path():
    """Trap T1, on fairseq's own post-norm encoder: in eval mode after loading, its hooks do not fire."""
    from types import SimpleNamespace

    from fairseq.models.transformer import TransformerModelBase

    from workflow_scripts.models.fairseq.network import _Vocabulary, fairseq_config
    from workflow_scripts.models.fairseq.sites import taps
    from workflow_scripts.units.space import model_space

    words = _Vocabulary(12)
    shape = Architecture(2, 1, 8, 16, 2, pre_norm=False)
    stock = TransformerModelBase.build_model(
        fairseq_config(shape), SimpleNamespace(source_dictionary=words, target_dictionary=words)
    )
    stock.load_state_dict(stock.state_dict())
    stock.eval()
    source, lengths = torch.tensor([[5, 6, 2]]), torch.tensor([3])
    with (
        torch.no_grad(),
        pytest.raises(RuntimeError, match=r"never fired in: encoder\.0\.ffn, encoder\.1\.ffn$"),
        taps(stock, model_space(shape.to_dict()), lambda *_: None),
    ):
        stock(source, lengths, torch.tensor([[2, 7]]))


def test_an_import_with_languages_that_are_said(tmp_path):
    """The order that is said is the system's; the embeddings' rows follow it."""
    lay = checkpoint(having(langs=None, lang_dict="langs.txt"), "en-de --languages en de")
    words = lay(tmp_path)
    paths = {name: str(tmp_path / name) for name in ("c.pt", "spm.model", "dict.txt", "system")}
    import_checkpoint.main([paths.get(word, word) for word in words])
    system = SystemFolder.read(tmp_path / "system")
    assert (system.languages, system.directions) == (("en", "de"), ("en-de",))
    vocabulary = Vocabulary.read(system.dictionary, system.languages)
    assert vocabulary.symbols[-3:] == ["f", "__en__", "__de__"]


def test_an_import_of_languages_with_hyphens(tmp_path, capsys):
    """Tokens stay in their places; ids and names of files have an underscore."""
    lay = checkpoint(having(langs=["en", "pt-BR"]), "en-pt-BR pt_BR-en --languages en pt_BR")
    words = lay(tmp_path)
    paths = {name: str(tmp_path / name) for name in ("c.pt", "spm.model", "dict.txt", "system")}
    import_checkpoint.main([paths.get(word, word) for word in words])
    system = SystemFolder.read(tmp_path / "system")
    assert (system.languages, system.directions) == (("en", "pt_BR"), ("en-pt_BR", "pt_BR-en"))
    assert "c.pt: in ids and names of files pt-BR is pt_BR\n" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["", "module.", "module.module."])
def test_names_of_parameters_that_a_wrapper_lengthened(tmp_path, prefix):
    path = tmp_path / "checkpoint.pt"
    model = {
        f"{prefix}decoder.version": torch.ones(1),
        f"{prefix}decoder.embed_tokens.weight": torch.ones(2, 3),
    }
    torch.save({"model": model, "args": argparse.Namespace(**settings())}, path)
    assert list(load_fairseq_checkpoint(path)[2]) == ["decoder.embed_tokens.weight"]


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (("src", "tgt"), None),
        (("tgt", "tgt"), "encoder_langtok is 'tgt', only 'src' is supported"),
        ((None, "tgt"), "encoder_langtok is None, only 'src' is supported"),
        (("src", None), "decoder_langtok is False, only True is supported"),
    ],
)
def test_langtoks_stand_before_the_two_options(tmp_path, main, words):
    # What fairseq works out is in the task's settings; the model's copy has None there.
    path = tmp_path / "checkpoint.pt"
    said = settings(encoder_langtok=None if words is None else "src", langtoks=None)
    cfg = {"task": said | {"langtoks": {"main": main}}, "model": said}
    torch.save({"model": {"decoder.version": torch.ones(1)}, "cfg": cfg}, path)
    if words is None:
        assert load_fairseq_checkpoint(path)[1] == ("en", "de")
    else:
        with pytest.raises(UserError, match=words):
            load_fairseq_checkpoint(path)
