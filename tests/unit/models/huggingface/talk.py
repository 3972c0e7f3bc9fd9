"""What tests of decoding share: models that say something, masks on them, both engines' words and scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.unit.models.huggingface.folders import sentences
from workflow_scripts.models.huggingface.batches import TextTask
from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.models.port import load
from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.live_engine import LiveEngine
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

DIRECTION = "en-de"
LINES = sentences(20)
#: Translations to score: not those of the lines.
OTHERS = sentences(20, 7)
OPTIONS = DecodingOptions(beam=4, max_length=12)
ENDS = {"marian": 0, "m2m": 2, "nllb": 2, "mbart": 2}
T5_END = 1


def talkative(tensors: dict[str, Tensor], case: str) -> dict[str, Tensor]:
    """Return weights of a case that say something else for each sentence, as the source weighs eight times
    as much, and end it, as ``</s>`` is three times as loud. Marian's decoder begins at padding: no zeros."""
    for name, one in tensors.items():
        if name.endswith(("encoder_attn.out_proj.weight", "EncDecAttention.o.weight")):
            one *= 8
    names = ("lm_head.weight", "model.shared.weight", "shared.weight")
    head = next(tensors[name] for name in names if name in tensors)
    head[ENDS.get(case, T5_END)] *= 3
    if case == "marian":
        head[-1] = torch.linspace(-3, 3, head.shape[1])
    return tensors


def masked(system: SystemFolder, out: Path, keep: Any, gates: dict[str, str]) -> SystemFolder:
    """Return a copy of a system in which ``DIRECTION`` keeps these FFN neurons and heads."""
    folder = shutil.copytree(system.folder, out)
    facts = {"weights_sha256": system.weights_sha256, "gate": gates}
    MaskTable([DIRECTION], keep[None], system.space_of(("ffn", "head")), facts).write(folder / "masks.npz")
    value = json.loads((folder / "system.json").read_text())
    return SystemFolder.write(
        folder,
        **{key: value[key] for key in ("system", "seed", "languages", "architecture", "text", "port")},
        mask_rows={DIRECTION: DIRECTION},
        files={role: name for role, name in value["files"].items() if name} | {"masks": "masks.npz"},
    )


def drawn(system: SystemFolder) -> Any:
    """Return bits of the FFN neurons and heads that are kept: of each layer another number."""
    draws = np.random.default_rng(2).random(system.space_of(("ffn", "head")).size)
    neurons = system.space_of(("ffn",)).size
    return np.concatenate([draws[:neurons] < 0.6, draws[neurons:] < 0.8])


class Engines:
    """Both engines of one system, and its port."""

    def __init__(self, system: SystemFolder, options: DecodingOptions = OPTIONS) -> None:
        port = load(system, "cpu")
        assert isinstance(port, HuggingFacePort)
        self.port = port
        self.live = LiveEngine(system, DIRECTION, options, port)
        self.codec = self.live.codec
        self.compact = CTranslate2Engine(system, DIRECTION, options, self.codec)
        self.pieces = [self.codec.encode(line) for line in LINES]
        self.others = [self.codec.encode(line) for line in OTHERS]

    def words(self) -> tuple[list[list[str]], list[list[str]]]:
        """Return what the live and the compact model say."""
        return list(self.live.translate(self.pieces)), list(self.compact.translate(self.pieces))

    def compact_scores(self, **more: Any) -> list[list[float]]:
        """Return log p of each token of ``OTHERS``, tag and ``</s>`` included."""
        ours = self.codec.sequences
        prefix = [] if ours.prefix is None else [ours.prefix]
        found = self.compact._translator.score_batch(
            [[*ours.before, *pieces] for pieces in self.pieces],
            [[*prefix, *pieces] for pieces in self.others],
            max_input_length=0,
            **more,
        )
        return [one.log_probs for one in found]

    def live_scores(self) -> list[list[float]]:
        """Return the same by the live model, under what the direction has."""
        text, symbols = self.port.text, self.codec.sequences.symbols
        sides = [{symbol: row for row, symbol in enumerate(one)} for one in (symbols.source, symbols.target)]
        task = TextTask(
            DIRECTION,
            [text.source(DIRECTION, [sides[0][one] for one in pieces]) for pieces in self.pieces],
            [text.target(DIRECTION, [sides[1][one] for one in pieces]) for pieces in self.others],
            text.tagged,
        )
        found: dict[int, list[float]] = {}
        with torch.inference_mode(), self.port.direction(DIRECTION):
            for batch in self.port.batches(task, 10_000):
                forward = self.port._forward
                logits = forward.logits(forward.states(batch, forward.encode(batch)))
                given = logits.log_softmax(-1).gather(-1, batch.labels.clamp(min=0)[..., None])[..., 0]
                for line, row, real in zip(batch.lines.tolist(), given, batch.labelled, strict=True):
                    found[line] = row[real].tolist()
        return [found[line] for line in range(len(LINES))]


def apart(found: list[list[float]], expected: list[list[float]]) -> float:
    """Return the largest difference of two tokens' log probabilities."""
    pairs = zip(found, expected, strict=True)
    return max(abs(a - b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True))
