"""Reading several models side by side: the values of their units at the same tokens, in two parts of a text.

Batches of all directions come in one drawn order, so that each block of tokens has sentences of many lengths
and directions. A draw by chance then gives a model's tokens another order within the block: sentences are
shuffled, and the row of tokens is turned by a random number of places. Neighbouring tokens stay neighbours;
what they say, where in their sentence they are and which direction they are of no longer agrees.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.unit_values import Values, unit_values
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.space import UnitSpace

#: Positions of a batch, padding included, and tokens of a block.
BATCH_TOKENS, BLOCK_TOKENS = 512, 4096
#: The share of lines that LinReg is tested on; a line is in the same part in every direction.
HELD_OUT = 0.2

Ids = NDArray[np.int64]


@dataclass
class Text:
    """What the models of a comparison read: the directions' batches, and which lines are held out.

    ``ports``, ``batches``: name of the model → its port, and direction → batches. ``left_out``: ids whose
    positions are not taken, such as language tags. ``tokens_sha256``, ``tokens``: stack → of what was read.
    """

    ports: Mapping[str, Port]
    batches: Mapping[str, Mapping[str, Batches]]
    held_out: frozenset[int]
    left_out: Ids
    seed: int
    tokens_sha256: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        ports: Mapping[str, Port],
        data_bin: Path,
        subset: str,
        directions: Sequence[str],
        max_lines: int | None,
        left_out: Collection[int],
        seed: int,
    ) -> "Text":
        """Open the same text for every model; UserError where one cannot read it, or cuts other batches."""
        batches = {
            name: {
                one: port.batches(port.task(data_bin, subset, one), BATCH_TOKENS, max_lines=max_lines)
                for one in directions
            }
            for name, port in ports.items()
        }
        first, *others = batches
        for name in others:
            for one in directions:
                cut = [[lines.tolist() for lines in batches[model][one].lines] for model in (first, name)]
                if cut[0] != cut[1]:
                    raise UserError(
                        f"--models: {first} and {name} do not read the same tokens of {one}: one takes longer"
                        " sentences than the other; compare models of equal limits"
                    )
        lines = sorted(
            {int(line) for one in batches[first].values() for batch in one.lines for line in batch}
        )
        if len(lines) < 2:
            raise UserError(f"--subset {subset}: has one line; a part of the lines is held out, so take two")
        number = max(1, round(HELD_OUT * len(lines)))
        drawn = np.random.Generator(np.random.PCG64(seed)).permutation(lines)[:number]
        return cls(ports, batches, frozenset(drawn.tolist()), np.array(sorted(left_out)), seed)

    @property
    def sentences(self) -> dict[str, int]:
        """The number of sentences of each direction."""
        first = next(iter(self.batches.values()))
        return {name: sum(map(len, batches.lines)) for name, batches in first.items()}

    def read(self, space: UnitSpace) -> Iterator["Block"]:
        """Yield blocks of the units of a space, which are of one stack: of each part in turn as it fills.

        UserError where two models read other ids at the same place.
        """
        stack = space.groups[0].stack
        digest = hashlib.sha256()
        waiting = {part: _Waiting() for part in (False, True)}
        seen = {"fit": 0, "held_out": 0}
        for values in self._side_by_side(space):
            same = next(iter(values.values()))
            for array in (same.lines, same.positions, same.tokens):
                digest.update(np.ascontiguousarray(array).tobytes())
            taken = ~np.isin(same.tokens, self.left_out)
            apart = np.isin(same.lines, list(self.held_out))
            for part, one in waiting.items():
                one.add(values, taken & (apart == part))
                if one.tokens >= BLOCK_TOKENS:
                    yield one.block(part)
            seen["fit"] += int((taken & ~apart).sum())
            seen["held_out"] += int((taken & apart).sum())
        for part, one in waiting.items():
            if one.tokens:
                yield one.block(part)
        self.tokens_sha256[stack], self.tokens[stack] = digest.hexdigest(), seen

    def _side_by_side(self, space: UnitSpace) -> Iterator[dict[str, Values]]:
        made = {
            name: {direction: list(batches) for direction, batches in of_model.items()}
            for name, of_model in self.batches.items()
        }
        places = [(name, n) for name, of in next(iter(made.values())).items() for n in range(len(of))]
        order = np.random.Generator(np.random.PCG64(self.seed)).permutation(len(places))
        laid: dict[tuple[str, str], AbstractContextManager[None]] = {}
        for place in order:
            direction, number = places[place]
            values = {}
            for name, port in self.ports.items():
                if (name, direction) not in laid:
                    laid[name, direction] = port.direction(direction)
                with laid[name, direction]:
                    (values[name],) = unit_values(port, [made[name][direction][number]], space)
            _check_same(values, direction)
            yield values


def _check_same(values: Mapping[str, Values], direction: str) -> None:
    first, *others = values
    for name in others:
        one, other = values[first], values[name]
        if not (np.array_equal(one.lines, other.lines) and np.array_equal(one.tokens, other.tokens)):
            raise UserError(
                f"--models: {first} and {name} do not read the same tokens of {direction}; compare models of"
                " one vocabulary and one text"
            )


@dataclass
class Block:
    """Tokens of one part: ``values``, of each model float32 [n, units], and ``sentences`` [n], numbers that
    change where a sentence ends."""

    held_out: bool
    values: list[Tensor]
    sentences: Ids

    def order(self, generator: np.random.Generator) -> Tensor:
        """Return a draw's order of the tokens, int64 [n]: sentences shuffled, then turned."""
        starts = np.flatnonzero(np.diff(self.sentences, prepend=self.sentences[0] - 1))
        spans = np.split(np.arange(len(self.sentences)), starts[1:])
        shuffled = np.concatenate([spans[n] for n in generator.permutation(len(spans))])
        return torch.from_numpy(np.roll(shuffled, int(generator.integers(len(shuffled)))))


class _Waiting:
    """Tokens that wait until they are a block."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.tokens, self._values, self._sentences = 0, list[list[Tensor]](), list[Ids]()
        self._last = 0

    def add(self, values: Mapping[str, Values], rows: NDArray[np.bool_]) -> None:
        same = next(iter(values.values()))
        if not rows.any():
            return
        chosen = torch.from_numpy(np.flatnonzero(rows))
        self._values.append([one.units[chosen.to(one.units.device)] for one in values.values()])
        # Sentences of a batch are of different lines, and of two batches may be of the same.
        changes = np.diff(same.lines[rows], prepend=same.lines[rows][0]) != 0
        numbers = self._last + 1 + np.cumsum(changes)
        self._last = int(numbers[-1])
        self._sentences.append(numbers)
        self.tokens += int(rows.sum())

    def block(self, held_out: bool) -> Block:
        values = [torch.cat(list(one)) for one in zip(*self._values, strict=True)]
        found = Block(held_out, values, np.concatenate(self._sentences))
        self._begin()
        return found
