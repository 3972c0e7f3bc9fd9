"""A trained system of fairseq in Python: its subwords and dictionary make ids, its port the rest."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch

from workflow_scripts import api
from workflow_scripts.likelihood.likelihood_scorer import LikelihoodScorer
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.pipeline import Progress
from workflow_scripts.translate.session import Session
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES, DIRECTIONS = ["en", "na"], ("en-na", "na-en")
LINES = ["aba bada", "daba", "bada aba daba"]
OTHERS = ["abad", "aba abad bada", "da"]


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> api.SystemFolder:
    folder = tmp_path_factory.mktemp("system")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*LINES, *OTHERS]),
        model_prefix=str(folder / "spm"),
        vocab_size=12,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    pieces = [processor.id_to_piece(one) for one in range(3, len(processor))]
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in pieces))
    return written(folder, Vocabulary(pieces, LANGUAGES))


def written(folder: Path, vocabulary: Vocabulary) -> api.SystemFolder:
    torch.manual_seed(6)  # one that writes words
    architecture = Architecture(1, 1, model_dim=8, ffn_dim=6, heads=2, max_positions=16)
    network = build_network(architecture, len(vocabulary))
    for name, one in network.named_parameters():
        if name.endswith("fc1.bias"):
            torch.nn.init.normal_(one)
    save_system_weights(network, folder / "model.safetensors")
    return api.SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows=dict.fromkeys(DIRECTIONS), architecture=architecture.to_dict(),
    )  # fmt: skip


def test_losses_are_those_of_the_stage(system):
    model = api.load(system.folder)
    scored = LikelihoodScorer(system, DIRECTIONS).score("en-na", list(zip(LINES, OTHERS, strict=True)))
    np.testing.assert_allclose(
        model.log_likelihoods("en-na", LINES, OTHERS), scored.log_likelihood, rtol=1e-6
    )
    expected = -scored.log_likelihood.sum() / scored.tokens.sum()
    assert model.loss("en-na", LINES, OTHERS) == pytest.approx(expected, rel=1e-6)


def test_counts_are_those_of_hooks_of_this_test(system):
    model = api.load(str(system.folder), device="cpu")
    table = model.counts({"en-na": (LINES, OTHERS), "na-en": (OTHERS, LINES)})
    assert (table.rows, table.metadata["weights_sha256"]) == (DIRECTIONS, system.weights_sha256)
    network, vocabulary = model._port.network, model._port.vocabulary
    seen: list[int] = []
    keep = network.encoder.layers[0].fc2.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].gt(0).sum(dim=(0, 1)))
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(system.subwords))
    positions = 0
    for line in LINES:
        ids = [vocabulary.language_id("en"), *vocabulary.encode(processor.encode(line, out_type=str)), 2]
        positions += len(ids)
        network.encoder(torch.tensor([ids]), torch.tensor([len(ids)]))
    keep.remove()
    assert table.row("en-na")[:6].tolist() == sum(seen).tolist()
    assert table.metadata["positions"]["en-na"]["encoder"] == positions


def test_translations_are_those_of_the_command_line(system):
    model = api.load(system.folder, device="cpu")
    session = Session(system.folder, "en-na", "fairseq", DecodingOptions(beam=2, max_length=8))
    expected = list(session.translate([*LINES, ""], Progress(stream=StringIO())))
    assert model.translate("en-na", [*LINES, ""], beam=2, max_length=8) == expected
    assert all(expected[:3])
    space = model.units(["resid"])
    keep = np.random.default_rng(1).random((1, space.size)) < 0.5
    with model.intervene(api.MaskTable(["en-na"], keep, space, {})):
        assert model.translate("en-na", LINES, beam=2, max_length=8) != expected[:3]


def test_masks_change_losses_and_a_masked_system_takes_no_others(system, tmp_path):
    model = api.load(system.folder)
    plain = model.loss("en-na", LINES, OTHERS)
    counts = model.counts({"en-na": (LINES, OTHERS), "na-en": (OTHERS, LINES)})
    own = api.select(api.above_others(counts), "top:2")
    with model.intervene(api.without(own)):
        masked = model.loss("en-na", LINES, OTHERS)
    with model.intervene(api.without(own), gate="zero"):
        removed = model.loss("en-na", LINES, OTHERS)
    assert len({plain, masked, removed}) == 3 and model.loss("en-na", LINES, OTHERS) == plain
    for name in ("model.safetensors", "dict.txt", "spm.model"):
        (tmp_path / name).write_bytes((system.folder / name).read_bytes())
    own.write(tmp_path / "masks.npz")
    api.SystemFolder.write(
        tmp_path, system="ns", seed=1, languages=LANGUAGES, text={},
        mask_rows={name: name for name in DIRECTIONS}, architecture=system.architecture,
        parent={"system": "baseline", "weights_sha256": system.weights_sha256},
    )  # fmt: skip
    trained = api.load(tmp_path)
    # Through its own masks.
    with model.intervene(own):
        assert trained.loss("en-na", LINES, OTHERS) == model.loss("en-na", LINES, OTHERS)
    line = "'ns' translates en-na through a mask, which this stage would leave out; take baseline"
    with pytest.raises(api.UserError, match=line):
        trained.counts({"en-na": (LINES, OTHERS)})
    with pytest.raises(api.UserError, match=line), trained.intervene(own):
        trained.loss("en-na", LINES, OTHERS)


def test_a_system_is_not_loaded_without_the_library_of_its_port(system, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fairseq", None)  # Python's way to say: not there
    with pytest.raises(api.UserError, match=r"^load needs fairseq, of the extra 'fairseq'; in neuronspec's"):
        api.load(system.folder)
    description = json.loads((system.folder / "system.json").read_text())
    for name in system.folder.iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    (tmp_path / "system.json").write_text(json.dumps({**description, "port": "huggingfaces"}))
    line = r"system.json: port is 'huggingfaces', not one of fairseq, huggingface .did you mean 'huggingface'"
    with pytest.raises(api.UserError, match=line):
        api.load(tmp_path)
