"""A model of three languages with two sentences of each, for tests of what analyses do to likelihoods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.batches import Batches, direction_dataset, make_batches
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.port import Port
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES = ["en", "de", "fr"]
PIECES = [f"p{number}" for number in range(12)]
VOCABULARY = Vocabulary(PIECES, LANGUAGES)
DIRECTIONS = ["en-de", "en-fr", "de-en"]
TEXT = {"en": [[4, 5, 6], [7, 8]], "de": [[9, 10], [11, 12, 13, 14]], "fr": [[15], [4, 15, 4]]}


def write_data_bin(folder: Path) -> Path:
    folder.mkdir()
    for pair in ("de-en", "en-fr"):
        for language in pair.split("-"):
            sentences = [[*sentence, 2] for sentence in TEXT[language]]
            write_dataset(folder / f"test.{pair}.{language}", sentences, len(VOCABULARY))
    return folder


def batches_of(data_bin: Path, directions: Sequence[str] = DIRECTIONS) -> Mapping[str, Batches]:
    datasets = {name: direction_dataset(data_bin, "test", name, VOCABULARY) for name in directions}
    return {name: make_batches(dataset, 4096) for name, dataset in datasets.items()}


def small_network(architecture: Architecture) -> nn.Module:
    torch.manual_seed(3)
    made = build_network(architecture, len(VOCABULARY)).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "fc" in name:
                parameter.normal_()  # large enough that a unit changes the likelihood
    return made


@torch.no_grad()
def without_units(made: nn.Module, gone: NDArray[np.bool_]) -> nn.Module:
    """Take FFN neurons, bool [neurons of encoder and decoder], out of a network's second weights."""
    layers = [*made.encoder.layers, *made.decoder.layers]
    for layer, of_layer in zip(layers, np.split(gone, len(layers)), strict=True):
        layer.fc2.weight *= torch.tensor(~of_layer)[None]
    return made


@torch.no_grad()
def loss_of(port: Port, batches: Batches) -> float:
    """Nats per token of a text, the language tag and ``</s>`` among them."""
    sums = [port.loss(batch, count_language_tag=True) for batch in batches]
    return sum(float(nll.double().sum()) for nll, _ in sums) / sum(int(tokens.sum()) for _, tokens in sums)


def write_system(folder: Path, architecture: Architecture) -> SystemFolder:
    folder.mkdir()
    save_system_weights(small_network(architecture), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in PIECES))
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows=dict.fromkeys(DIRECTIONS), architecture=architecture.to_dict(),
    )  # fmt: skip
