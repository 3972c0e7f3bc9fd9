"""Directions counted by one job: the files of jobs of their own, and one pass of equal sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workflow_scripts.activations import count_activations
from workflow_scripts.activations.count_activations import count_direction
from workflow_scripts.activations.sharing import directions_by_pass
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.batches import Batch, direction_dataset
from workflow_scripts.models.fairseq.lean import Encoded, LeanSteps
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

# isort: split
from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

LANGUAGES = ["en", "de", "fr", "cs"]
PIECES = [f"p{number}" for number in range(20)]
VOCABULARY = Vocabulary(PIECES, LANGUAGES)
SHAPE = Architecture(2, 2, 8, 6, 2)
LINES = 40


def write_bin(folder: Path, prefix: str, sentences: list[list[int]]) -> None:
    builder = MMapIndexedDatasetBuilder(str(folder / f"{prefix}.bin"), dtype=np.uint16)
    for sentence in sentences:
        builder.add_item(torch.tensor([*sentence, 2]))
    builder.finalize(str(folder / f"{prefix}.idx"))


def text(seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(4, 24, rng.integers(1, 12)).tolist() for _ in range(LINES)]


@pytest.fixture
def data_bin(tmp_path: Path) -> Path:
    """English is the same text in every pair."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for seed, (pair, language) in enumerate((("de-en", "de"), ("en-fr", "fr"), ("cs-en", "cs")), start=1):
        write_bin(folder, f"valid.{pair}.en", text(0))
        write_bin(folder, f"valid.{pair}.{language}", text(seed))
    return folder


@pytest.fixture
def system(tmp_path: Path) -> SystemFolder:
    folder = tmp_path / "system"
    folder.mkdir()
    torch.manual_seed(1)
    network = build_network(SHAPE, len(VOCABULARY))
    with torch.no_grad():
        for layer in (*network.encoder.layers, *network.decoder.layers):
            layer.fc1.bias.normal_()
    save_system_weights(network, folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in PIECES))
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows={"en-de": None, "en-fr": None, "en-cs": None, "de-en": None,
                   "fr-en": None}, architecture=SHAPE.to_dict(),
    )  # fmt: skip


@contextmanager
def encoder_passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Sentences of each encoder pass within the block."""
    passes: list[int] = []
    plain = LeanSteps.encode

    def counting(self: LeanSteps, batch: Batch) -> Encoded:
        passes.append(len(batch))
        return plain(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(LeanSteps, "encode", counting)
        yield passes


def counted(system: SystemFolder, data_bin: Path, out: Path, *directions: str) -> None:
    count_activations.main(
        ["--system", str(system.folder), "--data-bin", str(data_bin), "--subset", "valid"]
        + ["--directions", *directions, "--max-tokens", "64", "--out-root", str(out)]
    )


def assert_same_files(system: SystemFolder, data_bin: Path, folder: Path, *directions: str) -> None:
    for direction in directions:
        counted(system, data_bin, folder / "alone", direction)
        one, other = (folder / way / f"{direction}.npz" for way in ("together", "alone"))
        assert one.read_bytes() == other.read_bytes(), direction


def test_the_files_are_the_same_and_the_encoder_runs_once(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directions = ("en-de", "en-fr", "en-cs")
    with encoder_passes(monkeypatch) as passes:
        counted(system, data_bin, tmp_path / "together", *directions)
    assert sum(passes) == LINES  # each English sentence once, for three directions
    assert len(passes) > 1
    with encoder_passes(monkeypatch) as passes:
        assert_same_files(system, data_bin, tmp_path, *directions)
    assert sum(passes) == 3 * LINES


def test_sources_of_other_content_are_not_shared(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = text(0)
    changed[7][0] = 4 if changed[7][0] != 4 else 5  # one token of one sentence
    write_bin(data_bin, "valid.en-fr.en", changed)
    with encoder_passes(monkeypatch) as passes:
        counted(system, data_bin, tmp_path / "together", "en-de", "en-fr", "en-cs")
    assert sum(passes) == 2 * LINES  # en-de with en-cs, and en-fr
    assert_same_files(system, data_bin, tmp_path, "en-de", "en-fr", "en-cs")


def test_one_text_of_two_languages_is_not_shared(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The encoder reads __de__ before one, __fr__ before the other.
    write_bin(data_bin, "valid.en-fr.fr", text(1))
    assert (data_bin / "valid.en-fr.fr.bin").read_bytes() == (data_bin / "valid.de-en.de.bin").read_bytes()
    with encoder_passes(monkeypatch) as passes:
        counted(system, data_bin, tmp_path / "together", "de-en", "fr-en")
    assert_same_files(system, data_bin, tmp_path, "de-en", "fr-en")
    assert sum(passes) == 2 * LINES


def test_a_sentence_skipped_for_its_target_is_not_shared(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = text(3)
    longer[0] = [4] * 255  # with tag and </s> one position over 256
    write_bin(data_bin, "valid.cs-en.cs", longer)
    with encoder_passes(monkeypatch) as passes:
        counted(system, data_bin, tmp_path / "together", "en-de", "en-fr", "en-cs")
    assert sum(passes) == LINES + LINES - 1
    assert_same_files(system, data_bin, tmp_path, "en-de", "en-fr", "en-cs")


def count(network, dataset, **options):
    """The counts [layer, neuron] of a network, and what was run."""
    counts, tally = count_direction(FairseqPort(network, VOCABULARY), dataset, **options)
    return counts.reshape(-1, SHAPE.ffn_dim), tally


def test_with_pads_the_encoder_counts_differ_so_they_are_not_shared(data_bin: Path) -> None:
    """Batches follow the longer side, so that equal sources are padded differently."""
    torch.manual_seed(1)
    network = build_network(SHAPE, len(VOCABULARY)).eval()
    padded, real = (
        [
            count(
                network,
                direction_dataset(data_bin, "valid", direction, VOCABULARY),
                count_pads=pads,
                max_tokens=64,
            )
            for direction in ("en-de", "en-fr")
        ]
        for pads in (True, False)
    )
    assert padded[0][1].source_pads != padded[1][1].source_pads
    assert not torch.equal(padded[0][0][:2], padded[1][0][:2])
    assert torch.equal(real[0][0][:2], real[1][0][:2])


def test_a_target_tag_in_the_source_shares_nothing(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = json.loads((system.folder / "system.json").read_text())
    (system.folder / "system.json").write_text(json.dumps({**described, "encoder_langtok": "tgt"}))
    with encoder_passes(monkeypatch) as passes:
        counted(SystemFolder.read(system.folder), data_bin, tmp_path / "together", "en-de", "en-fr")
    assert sum(passes) == 2 * LINES


def test_other_sources_are_counted_by_the_same_job(
    system: SystemFolder, data_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with encoder_passes(monkeypatch) as passes:
        counted(system, data_bin, tmp_path / "together", "en-de", "de-en", "en-fr")
    assert sum(passes) == 2 * LINES  # English for two directions, German for one
    assert_same_files(system, data_bin, tmp_path, "en-de", "de-en", "en-fr")


def test_weights_and_adapters_of_a_direction_are_not_shared(system: SystemFolder, data_bin: Path) -> None:
    """By hand: of three directions from English the second has weights of its own, the third an adapter."""
    port = FairseqPort(build_network(SHAPE, len(VOCABULARY)), VOCABULARY)
    directions = ("en-de", "en-fr", "en-cs")
    tasks = {name: port.task(data_bin, "valid", name) for name in directions}
    batches = {name: count_activations.batches_of(task, port, 64) for name, task in tasks.items()}
    assert directions_by_pass(system, tasks, batches) == [["en-de", "en-fr", "en-cs"]]
    own = replace(system, own_weights={"en-fr": "fr.safetensors"})
    laid = {"file": "adapters.safetensors", "kind": "lora", "size": 2}
    own = replace(own, adapters=laid, adapter_rows={"en-cs": "en-cs"})
    assert directions_by_pass(own, tasks, batches) == [["en-de"], ["en-fr"], ["en-cs"]]


def test_a_direction_that_is_not_there_is_refused_before_any_is_counted(
    system: SystemFolder, data_bin: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no direction 'en-es'"):
        counted(system, data_bin, tmp_path / "counts", "en-de", "en-es")
    assert not (tmp_path / "counts").exists()
