"""A results folder as small as can be: a random system of two languages, its counts and masks."""

from __future__ import annotations

from pathlib import Path

import torch

from workflow_scripts.activations.count_activations import main as count
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.select_masks import main as select
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

LANGUAGES = ["en", "na"]
DIRECTIONS = ["en-na", "na-en"]
PIECES = [f"p{number}" for number in range(20)]
TEXT = {"en": [[4, 5, 6], [7], [8, 9, 10]], "na": [[13, 14], [15, 16, 17], [4]]}


def write_experiment(folder: Path) -> None:
    """Write ``data/bin``, ``systems/baseline/s1``, ``activations/…`` and ``masks/…`` as the stages do."""
    vocabulary = Vocabulary(PIECES, LANGUAGES)
    system, data_bin = folder / "systems/baseline/s1", folder / "data/bin"
    for part in (system, data_bin):
        part.mkdir(parents=True)
    for language, sentences in TEXT.items():
        prefix = data_bin / f"valid.en-na.{language}"
        write_dataset(prefix, [[*sentence, 2] for sentence in sentences], len(vocabulary))
    torch.manual_seed(1)
    architecture = Architecture(1, 1, model_dim=8, ffn_dim=6, heads=2)
    save_system_weights(build_network(architecture, len(vocabulary)), system / "model.safetensors")
    (system / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in PIECES))
    (system / "spm.model").write_bytes(b"not read here")
    SystemFolder.write(
        system, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows=dict.fromkeys(DIRECTIONS), architecture=architecture.to_dict(),
    )  # fmt: skip
    counts = folder / "activations/baseline/s1/valid"
    arguments = ["--system", str(system), "--data-bin", str(data_bin), "--subset", "valid"]
    count([*arguments, "--directions", *DIRECTIONS, "--out-root", str(counts)])
    masks = folder / "masks/baseline/s1/k95.npz"
    arguments = ["--activations-root", str(counts), "--directions", *DIRECTIONS, "--out", str(masks)]
    select(["--select", "mass:95", *arguments])
