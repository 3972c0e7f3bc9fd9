"""Small systems of one vocabulary that share units, and a text of forty sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tests.unit.analyse.small_model import DIRECTIONS, LANGUAGES, PIECES, VOCABULARY
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

SMALL = Architecture(1, 1, 8, 6, 2)
LINES = 40


def write_text(folder: Path, seed: int = 0) -> Path:
    """Sentences of one to seven subwords, the same lines in every pair."""
    generator = np.random.default_rng(seed)
    folder.mkdir()
    for language in LANGUAGES:
        lines = [[*generator.integers(4, 4 + len(PIECES), length), 2] for length in range(1, 8)]
        lines += [
            [*generator.integers(4, 4 + len(PIECES), generator.integers(1, 8)), 2] for _ in range(LINES - 7)
        ]
        for pair in ("de-en", "en-fr"):
            if language in pair.split("-"):
                write_dataset(folder / f"test.{pair}.{language}", lines, len(VOCABULARY))
    return folder


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    made = build_network(SMALL, len(VOCABULARY)).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "fc" in name:
                parameter.normal_()
    return made


def reordered(order: Sequence[int]) -> Callable[[nn.Module], None]:
    """Put every layer's neurons into another order, which changes no output."""

    @torch.no_grad()
    def change(made: nn.Module) -> None:
        for layer in [*made.encoder.layers, *made.decoder.layers]:
            layer.fc1.weight.copy_(layer.fc1.weight[list(order)].clone())
            layer.fc1.bias.copy_(layer.fc1.bias[list(order)].clone())
            layer.fc2.weight.copy_(layer.fc2.weight[:, list(order)].clone())

    return change


def write_system(
    folder: Path,
    seed: int = 1,
    change: Callable[[nn.Module], None] | None = None,
    keep: np.ndarray | None = None,
    pieces: Sequence[str] = PIECES,
) -> SystemFolder:
    """A system of random weights by ``seed``; with ``keep`` it has these masks in every direction."""
    folder.mkdir(parents=True)
    made = network(seed)
    if change is not None:
        change(made)
    save_system_weights(made, folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in pieces))
    (folder / "spm.model").write_bytes(b"not read here")
    rows = dict.fromkeys(DIRECTIONS)
    facts = {"languages": LANGUAGES, "text": {}, "architecture": SMALL.to_dict(), "seed": seed}
    written = SystemFolder.write(folder, system=folder.name, mask_rows=rows, **facts)
    if keep is None:
        return written
    table = MaskTable(
        DIRECTIONS, np.stack([keep] * len(DIRECTIONS)), written.space_of(("ffn",)),
        {"weights_sha256": written.weights_sha256},
    )  # fmt: skip
    table.write(folder / "masks.npz")
    return SystemFolder.write(folder, system=folder.name, mask_rows={one: one for one in DIRECTIONS}, **facts)
