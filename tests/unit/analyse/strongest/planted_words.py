"""A model of fairseq's with units that fire on one word each, by weights that are set.

A state is its token's own dimension and little else: attention writes nothing, embeddings are one dimension
each. A planted unit reads the dimension of one token, and fires where that is large: there alone.
"""

from __future__ import annotations

from pathlib import Path

import torch

from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, Vocabulary

LANGUAGES = ["en", "de", "fr"]
#: "ein|s" is a word of two pieces, "Haus." one with a full stop, "<b>|x" looks like markup.
PIECES = ["▁Haus", "▁ein", "s", ".", "▁house", "▁a", "▁une", "▁maison", "▁<b>|x"]
VOCABULARY = Vocabulary(PIECES, LANGUAGES)
DIRECTIONS = ["de-en", "en-de", "fr-en", "en-fr"]
#: What is written, by pair and language: the German text, a line a sentence.
TEXT = {
    "de-en": {
        "de": ["▁ein s ▁Haus .", "▁Haus ▁ein", "▁Haus ▁Haus s", "▁ein s ▁<b>|x"],
        "en": ["▁a ▁house .", "▁house ▁a", "▁house ▁house", "▁a"],
    },
    "en-fr": {
        "en": ["▁a ▁house .", "▁house ▁a", "▁house ▁house", "▁a"],
        "fr": ["▁une ▁maison .", "▁maison ▁une", "▁maison ▁maison", "▁une"],
    },
}
#: Units of each stack's one layer: the piece that each fires on; the others never fire.
ENCODER, DECODER = {0: "▁Haus", 1: "s", 2: "▁une", 5: "▁<b>|x"}, {3: "▁Haus", 4: "▁maison"}
ARCHITECTURE = Architecture(1, 1, 32, 6, 2)
#: Before the norm a token's own dimension is so much larger than positions.
STRENGTH, BAR = 20.0, 3.0


def ids_of(line: str) -> list[int]:
    return [*VOCABULARY.encode(line.split()), EOS]


def write_text(folder: Path) -> Path:
    folder.mkdir()
    for pair, sides in TEXT.items():
        for language, lines in sides.items():
            write_dataset(
                folder / f"valid.{pair}.{language}", [ids_of(one) for one in lines], len(VOCABULARY)
            )
    return folder


@torch.no_grad()
def planted_network() -> torch.nn.Module:
    torch.manual_seed(1)
    made = build_network(ARCHITECTURE, len(VOCABULARY)).eval()
    for name, parameter in made.named_parameters():
        if "out_proj" in name or "fc2" in name:
            parameter.zero_()
        elif "embed_tokens" in name:
            parameter.zero_()
            parameter[:, : len(VOCABULARY)] = STRENGTH * torch.eye(len(VOCABULARY))
    for stack, units in ((made.encoder, ENCODER), (made.decoder, DECODER)):
        layer = stack.layers[0]
        layer.fc1.weight.zero_()
        layer.fc1.bias.fill_(-BAR)
        for unit, piece in units.items():
            layer.fc1.weight[unit, VOCABULARY.id_of(piece)] = 1.0
    return made


def write_system(folder: Path) -> SystemFolder:
    folder.mkdir()
    save_system_weights(planted_network(), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in PIECES), encoding="utf-8")
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="baseline", seed=1, languages=LANGUAGES, text={},
        mask_rows=dict.fromkeys(DIRECTIONS), architecture=ARCHITECTURE.to_dict(),
    )  # fmt: skip
