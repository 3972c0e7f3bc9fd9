"""One pass over a direction's text: how strongly some units fire on each word, and counts of its start."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.strongest.spelling import Spelling
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.activity import Rule
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace

Floats = NDArray[np.float64]


@dataclass
class Occurrences:
    """Every occurrence of every word, and how strongly each of u units fires on it.

    ``sentences``: those that were read. One that several directions have, as those out of a pivot do, counts
    once: else each of its words would soon occur often enough.
    """

    words: dict[str, int] = field(default_factory=dict)
    sentences: set[tuple[int, ...]] = field(default_factory=set)
    _rows: list[NDArray[np.int64]] = field(default_factory=list)
    _strengths: list[Floats] = field(default_factory=list)

    def add(self, words: Sequence[str], strengths: Floats) -> None:
        """Take in occurrences; ``strengths`` [occurrences, u]."""
        rows = [self.words.setdefault(word, len(self.words)) for word in words]
        self._rows.append(np.array(rows, dtype=np.int64))
        self._strengths.append(strengths)

    def of_units(self, bar: float, most: int, least: int) -> list[list[dict[str, Any]]]:
        """Return for each unit the words that it is active on, above the ``bar``: at most ``most``, those of
        the largest mean strength first, of equal ones by their letters. Words of fewer than ``least``
        occurrences are left out."""
        if not self.words:
            return []
        rows, strengths = np.concatenate(self._rows), np.concatenate(self._strengths)
        seen = np.bincount(rows, minlength=len(self.words))
        names = np.array([*self.words])
        found = []
        for own in strengths.T:
            times = np.bincount(rows, own > bar, len(names)).astype(np.int64)
            means = np.bincount(rows, own, len(names)) / seen
            there = np.flatnonzero((seen >= least) & (times > 0))
            first = there[np.lexsort((names[there], -means[there]))][:most]
            found.append(
                [
                    {
                        "word": str(names[n]),
                        "times": int(times[n]),
                        "of": int(seen[n]),
                        "mean": float(means[n]),
                    }
                    for n in first
                ]
            )
        return found


@dataclass(frozen=True)
class Read:
    """What was read of a direction: of how many ``sentences``, those too long left out, ``first`` [units]:
    the counts of those before a line."""

    sentences: int
    first: NDArray[np.int64]


def read_direction(
    port: Port,
    batches: Batches,
    rule: Rule,
    spellings: Mapping[Stack, Spelling],
    wanted: Mapping[Stack, tuple[NDArray[np.int64], Occurrences]],
    before: int,
) -> Read:
    """Read a direction's sentences; words are added to the occurrences that ``wanted`` names.

    ``wanted``: stack → ascending flat ids of the units that are looked at, and where their words go.
    ``before``: the line up to which all units are counted. A word's strength is the largest value at its
    pieces, by a threshold the largest absolute one; in the decoder that of the state that has just read the
    piece. Lay a system's own masks by entering ``port.direction`` around the call.
    """
    space = port.space()
    first = torch.zeros(space.size, dtype=torch.int64, device=port.device)
    bar = rule.threshold or 0.0
    places = {stack: _places(space, ids) for stack, (ids, _) in wanted.items()}
    strengths: dict[str, Tensor] = {}
    at_start = torch.zeros(0, dtype=torch.bool)
    sentences = 0

    def tap(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        one = values.squeeze(-1)
        if rule.threshold is not None:
            one = one.abs()
        if bool(at_start.any()):
            fires = (one > bar) & real[..., None]
            first[space.slice_of(group.key)] += fires[:, at_start.to(one.device)].sum(dim=(0, 1))
        if (units := places.get(group.stack, {}).get(group.key)) is not None:
            strengths[group.key] = one[..., units].float().transpose(0, 1).cpu()

    def passes() -> Iterator[Sequence[Any]]:
        nonlocal at_start
        for batch in batches:
            at_start = batch.lines < before
            yield [batch]

    # By its sign a neuron is active where its gate is; a threshold is of what the second layer reads.
    with port.taps(space, tap, gate=rule.threshold is None), torch.inference_mode():
        for (batch,) in port.run(passes(), lambda _: None):
            sentences += len(batch)
            for stack, (_, words) in wanted.items():
                together = torch.cat([strengths[key] for key in places[stack]], dim=-1)
                _add_words(port, batch, stack, spellings[stack], together, words)
    return Read(sentences, first.cpu().numpy())


def _places(space: UnitSpace, ids: NDArray[np.int64]) -> dict[str, list[int]]:
    """Return the units of each group that ``ids``, ascending, name, by their index in it."""
    found: dict[str, list[int]] = {}
    for key, span in space.slices().items():
        if inside := [int(one) - span.start for one in ids if span.start <= one < span.stop]:
            found[key] = inside
    return found


def _add_words(
    port: Port, batch: Any, stack: Stack, spelling: Spelling, values: Tensor, occurrences: Occurrences
) -> None:
    """Add the words of a batch; ``values``: [B, T, units]."""
    tokens, real = port.tokens(batch, stack).t().cpu(), port.real(batch, stack).t().cpu()
    words: list[str] = []
    starts: list[int] = []
    positions: list[int] = []
    behind = 0
    for ids, there in zip(tokens, real, strict=True):
        read = ids[there].tolist()
        if (text := spelling.text(read)) not in occurrences.sentences:
            occurrences.sentences.add(text)
            for word, pieces in spelling.words(read):
                words.append(word)
                starts.append(len(positions))
                positions += [behind + piece for piece in pieces]
        behind += len(read)
    if words:
        strengths = values[real].double().numpy()[positions]
        occurrences.add(words, np.maximum.reduceat(strengths, starts, axis=0))
