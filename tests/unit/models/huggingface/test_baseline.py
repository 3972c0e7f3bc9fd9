"""A baseline from scratch: its folder of our subwords, its weights, and the program that trains it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch

from tests.card_code import said_by_card
from tests.training_settings import training_settings
from tests.unit.models.huggingface.folders import sentences, subwords
from tests.unit.models.huggingface.trainings import DIRECTIONS, SETTINGS, WITHOUT_DROPOUT, write_texts
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.baseline import (
    baseline_architecture,
    baseline_tags,
    make_model_folder,
)
from workflow_scripts.models.huggingface.folder import stored
from workflow_scripts.models.huggingface.port import open_port
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.models.huggingface.training.network import draw_weights
from workflow_scripts.models.port import load
from workflow_scripts.models.weights import save_tensors
from workflow_scripts.train.finetune import main as finetune
from workflow_scripts.train.train_baseline import main
from workflow_scripts.translate import export_system
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES = ["en", "de", "fr"]
SHAPE = Architecture(2, 1, 16, 24, 2, share_all_embeddings=True, max_positions=40).to_dict()


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with spm.model, and dict.txt in another order than its pieces."""
    folder = tmp_path_factory.mktemp("vocabulary")
    processor = sentencepiece.SentencePieceProcessor(model_file=str(subwords(folder, "spm")))
    pieces = [processor.id_to_piece(number) for number in range(3, len(processor))]
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in reversed(pieces)))
    return folder


@pytest.fixture(scope="module")
def folder(vocabulary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made")
    shape = baseline_architecture(SHAPE)
    make_model_folder(made, shape, LANGUAGES, str(vocabulary / "spm.model"), str(vocabulary / "dict.txt"))
    return made


def test_ids_are_those_of_the_vocabulary(vocabulary, folder):
    """The pieces of SentencePiece under the ids that fairseq gives them, tags behind them."""
    port = open_port(folder, baseline_tags(LANGUAGES), seed=1)
    known = Vocabulary.read(vocabulary / "dict.txt", LANGUAGES)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(vocabulary / "spm.model"))
    lines = [*sentences(20, 8), "Ω unknown __de__"]
    expected = [known.encode(processor.encode(line, out_type=str)) for line in lines]
    tags = [known.language_id(language) for language in ("en", "de")]
    assert [one.tolist() for one in port.text.source_ids("en-de", lines)] == [
        [tags[0], *ids, 2] for ids in expected
    ]
    assert [one.tolist() for one in port.text.target_ids("en-de", lines)] == [
        [tags[1], *ids, 2] for ids in expected
    ]
    assert (port.text.start, port.text.padding) == (2, 1)
    assert port.model.get_input_embeddings().num_embeddings == len(known)


def test_weights_are_drawn_by_the_size_of_each_matrix(folder):
    """Uniform up to (6 / (in + out)) ** 0.5, of queries, keys and values 0.5 ** 0.5 of that; embeddings of
    16 dimensions with a deviation of 1/4, that of padding 0; biases 0. The seed alone decides."""
    port = open_port(folder, baseline_tags(LANGUAGES), seed=1)
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    draw_weights(port.model, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    layer = port.model.get_encoder().layers[0]
    for matrix, bound in ((layer.fc1, (6 / 40) ** 0.5), (layer.self_attn.k_proj, (6 / 32 / 2) ** 0.5)):
        largest = matrix.weight.abs().max().item()
        assert 0.95 * bound < largest <= bound and not matrix.bias.any()
    embeddings = port.model.get_input_embeddings().weight
    assert embeddings.std().item() == pytest.approx(0.25, rel=0.1) and not embeddings[1].any()
    first = embeddings.clone()
    draw_weights(port.model, 5)
    assert torch.equal(embeddings, first)
    draw_weights(port.model, 6)
    assert not torch.equal(embeddings, first)


def test_the_card_of_its_export_says_no_tag(folder, tmp_path):
    """The library's tokenizer does not know ``<de>`` as special, and would write it."""
    port = open_port(folder, baseline_tags(LANGUAGES), seed=1)
    draw_weights(port.model, 1)
    shutil.copytree(folder, tmp_path / "model")
    save_tensors(stored(port.model), tmp_path / "model/model.safetensors")
    named = {"system": "drawn", "languages": LANGUAGES, "directions": ["en-de"]}
    system = make_system(tmp_path / "model", tmp_path / "system", tags=baseline_tags(LANGUAGES), **named)
    out = tmp_path / "out"
    words = ["--system", str(system.folder), "--form", "ctranslate2", "--directions", "en-de"]
    export_system.main([*words, "--out", str(out)])
    # 40 positions: fewer than the usual 200.
    assert "max_decoding_length=40," in (out / "README.md").read_text()
    said = said_by_card(out, sentences(1)[0])
    assert said and "<de>" not in said


def test_a_network_that_it_is_not_is_a_line():
    with pytest.raises(
        UserError, match=r"^architecture\.share_all_embeddings: false, but .* all its embeddings"
    ):
        baseline_architecture({**SHAPE, "share_all_embeddings": False})
    with pytest.raises(UserError, match=r"^architecture\.pre_norm: false, but .* begin with their norm"):
        baseline_architecture({**SHAPE, "pre_norm": False})


def test_it_is_trained_fine_tuned_and_begun_again_from_random_weights(vocabulary, tmp_path):
    text = write_texts(tmp_path / "text")
    given = training_settings(**{**SETTINGS, **WITHOUT_DROPOUT, "dropout": None, "keep_optimizer": False})
    common = [
        *(
            "--settings",
            json.dumps(given),
            "--data-bin",
            str(text),
            "--directions",
            *DIRECTIONS,
            "--seed",
            "3",
        ),
        *("--folder", str(tmp_path / "training"), "--languages", *LANGUAGES),
    ]
    baseline = [
        *("--port", "huggingface", "--architecture", json.dumps(SHAPE), "--text", '{"moses": false}'),
        *("--subwords", str(vocabulary / "spm.model"), "--dictionary", str(vocabulary / "dict.txt")),
    ]
    main([*common, *baseline, "--out", str(tmp_path / "baseline")])
    system = SystemFolder.read(tmp_path / "baseline")
    assert (system.port, system.system, system.directions) == ("huggingface", "baseline", DIRECTIONS)
    assert system.text == {"moses": False, "tags": {"en": "<en>", "de": "<de>", "fr": "<fr>"}, "prefixes": {}}
    # 2 x 24 neurons in the encoder, 24 in the decoder
    assert load(system, "cpu").space().size == system.space_of(["ffn"]).size == 72
    assert json.loads((system.folder / "config.json").read_text())["dropout"] == 0.1
    # The checkpoints are gone; another export takes what was kept.
    weights = (system.folder / "model.safetensors").read_bytes()
    main([*common, *baseline, "--out", str(tmp_path / "again")])
    assert (tmp_path / "again/model.safetensors").read_bytes() == weights
    common[common.index("--folder") + 1] = str(tmp_path / "tuning")
    tuned = [*common, "--system", "tuned", "--parent", str(system.folder), "--out", str(tmp_path / "tuned")]
    finetune(tuned)
    assert SystemFolder.read(tmp_path / "tuned").architecture == system.architecture
