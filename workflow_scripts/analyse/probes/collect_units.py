"""Collect the values of units for the words of a text: what probes learn from.

A word's value is that of its last subword (or the first, or their mean). Markers, language tags and
``</s>``, are left out. In the decoder a subword has two states: the one that has read it (``consumed``) and
the one before, which predicts it (``predicting``). Values are float16, a row a word, a column a unit.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

import numpy as np
import torch
from torch import Tensor

from workflow_scripts.analyse.probes.parts import Part, part_of, read_labelled
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.analyse.unit_values import Values, unit_values
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import atomic_path, sha256_of
from workflow_scripts.common.parallel_text import file_of
from workflow_scripts.models.port import Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.space import STACKS, VALUED, Stack, UnitSpace
from workflow_scripts.units.system import SystemFolder

PIECES = ("last", "first", "mean")
CONSUMED, PREDICTING = STATES = ("consumed", "predicting")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """Which state a word has: of which of its pieces, and in the decoder before or after it is read."""

    pieces: str = "last"
    state: str = CONSUMED

    def positions(self, words: Sequence[tuple[int, int]], start: int) -> list[list[int]]:
        """Return the positions whose mean is each word's value. ``words``: first piece and the one behind
        the last; ``start``: the position that has read piece 0."""
        shift = start - (self.state == PREDICTING)
        picked = {"last": slice(-1, None), "first": slice(1), "mean": slice(None)}[self.pieces]
        return [[shift + piece for piece in range(*word)[picked]] for word in words]


def start_of(tokens: Sequence[int], pieces: Sequence[int]) -> int:
    """Return the position at which a sentence's first piece is read; RuntimeError: its ids are not there."""
    found = (
        at for at in range(len(tokens) - len(pieces) + 1) if list(tokens[at : at + len(pieces)]) == [*pieces]
    )
    at = next(found, None)
    if at is None:
        raise RuntimeError(f"the model reads {list(tokens)}, in which the pieces {list(pieces)} are not")
    return at


def word_means(units: Tensor, positions: Sequence[Sequence[int]]) -> Tensor:
    """Return the mean over each word's positions, float32 [words, units]; ``units``: [positions, units]."""
    if all(len(one) == 1 for one in positions):
        return units[[one[0] for one in positions]]
    return torch.stack([units[list(one)].mean(dim=0) for one in positions])


class Rows:
    """Rows of a file of float16 values, written in any order: pages of a map would count as memory."""

    def __init__(self, handle: IO[bytes], rows: int, units: int) -> None:
        header = {"descr": "<f2", "fortran_order": False, "shape": (rows, units)}
        np.lib.format.write_array_header_1_0(handle, header)  # type: ignore[no-untyped-call]  # numpy has no type
        self._handle, self._start, self._units = handle, handle.tell(), units
        handle.truncate(self._start + 2 * rows * units)

    def write(self, row: int, values: Tensor) -> None:
        """Write values [rows, units] from a row on; UserError where one is too large for float16."""
        half = values.half()
        if not bool(torch.isfinite(half).all()):
            raise UserError(
                f"a unit's value of {values.abs().max():.3g} is beyond float16; leave out its kind"
            )
        self._handle.seek(self._start + 2 * row * self._units)
        self._handle.write(half.cpu().numpy().astype("<f2").tobytes())


def sentences_of(values: Values) -> Iterator[tuple[int, slice]]:
    """Yield each sentence of a batch, as the line of its task, and its positions."""
    starts = np.flatnonzero(values.positions == 0)
    for first, stop in zip(starts, [*starts[1:], len(values.positions)], strict=True):
        yield int(values.lines[first]), slice(int(first), int(stop))


def collect(
    port: Port, parts: Sequence[Part], space: UnitSpace, wanted: Wanted, handle: IO[bytes]
) -> dict[str, Any]:
    """Write the values of every part's words; return the columns of ``Words``. Rows are in the order of
    directions, lines and words, whatever the batches. UserError: no word at all."""
    first_row: list[dict[int, int]] = []
    columns: dict[str, list[Any]] = {"forms": [], "lines": [], "places": [], "directions": []}
    labelled: list[dict[str, str]] = []
    for part in parts:
        first_row.append({})
        for number in part.kept:
            line = part.lines[number]
            first_row[-1][number] = len(labelled)
            labelled += [dict(word.labels) for word in line.words]
            columns["forms"] += [word.form for word in line.words]
            columns["lines"] += [line.line] * len(line.words)
            columns["places"] += range(len(line.words))
            columns["directions"] += [part.direction] * len(line.words)
    if not labelled:
        raise UserError("the text has no labelled word; more sentences, or other labels, are needed")
    properties = sorted({name for labels in labelled for name in labels})
    rows = Rows(handle, len(labelled), space.size)
    for part, rows_of in zip(parts, first_row, strict=True):
        with port.direction(part.direction):
            for values in unit_values(port, part.batches, space):
                for number, span in sentences_of(values):
                    line = part.lines[number]
                    if not line.words:
                        continue
                    start = start_of(values.tokens[span].tolist(), part.ids[number])
                    places = wanted.positions([(word.first, word.stop) for word in line.words], start)
                    rows.write(rows_of[number], word_means(values.units[span], places))
        logger.info(f"{part.direction}: {sum(len(part.lines[n].words) for n in part.kept)} words")
    return columns | {"labels": {name: [one.get(name) for one in labelled] for name in properties}}


def main(argv: list[str] | None = None) -> None:
    """Collect the units of one stack and write values and words."""
    parser = argparse.ArgumentParser(description="Collect the values of units for the words of a text.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--sources", help="pattern of labelled texts, with {pair}, {source} …")
    parser.add_argument("--targets", help="the same of targets; the decoder needs them")
    parser.add_argument("--stack", required=True, choices=get_args(Stack))
    parser.add_argument("--units", nargs="+", default=["ffn"], choices=VALUED)
    parser.add_argument("--pieces", default="last", choices=PIECES, help="whose state a word has")
    parser.add_argument("--state", default=CONSUMED, choices=STATES, help="of the decoder")
    parser.add_argument("--max-sentences", type=int, help="use the first so many of each direction")
    parser.add_argument("--out-values", type=Path, required=True, help=".npy")
    parser.add_argument("--out-words", type=Path, required=True, help=".json")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("max-sentences", arguments.max_sentences, 1)
    named_once("directions", arguments.directions)
    stack: Stack = arguments.stack
    if stack == STACKS[0] and arguments.state == PREDICTING:
        raise UserError("--state predicting: the encoder predicts nothing; take --stack decoder or consumed")
    system = SystemFolder.read(arguments.system)
    if stack != STACKS[0] and arguments.targets is None:
        raise UserError("--targets: the decoder reads them; a text without targets is for --stack encoder")
    if arguments.sources is None and not system.is_language_model:
        raise UserError("--sources is missing: the pattern of labelled texts that are translated or read")
    if arguments.sources is not None and system.is_language_model:
        raise UserError(f"--sources: {system.system!r} reads the text of one language; give --targets alone")
    patterns = [one for one in (arguments.sources, arguments.targets) if one is not None]

    port = load(system)
    space = port.space(arguments.units).part(stacks=[stack])
    parts, read_from = [], {}
    for direction in arguments.directions:
        files = [file_of(pattern, direction) for pattern in patterns]
        read_from[direction] = [sha256_of(file) for file in files]
        sides = [read_labelled(file, port, system) for file in files]
        parts.append(part_of(port, system, direction, sides, stack, space.size, arguments.max_sentences))
    with atomic_path(arguments.out_values) as temporary, temporary.open("wb") as handle:
        columns = collect(port, parts, space, Wanted(arguments.pieces, arguments.state), handle)
    cut = {part.direction: part.left_out for part in parts}
    facts = {
        "system": system.system,
        "weights_sha256": system.weights_sha256,
        "stack": stack,
        "units": arguments.units,
        "pieces": arguments.pieces,
        "state": arguments.state,
        "directions": arguments.directions,
        "labelled_sha256": read_from,
        "sentences": {part.direction: len(part.kept) for part in parts},
        "skipped_sentences": {part.direction: part.batches.skipped for part in parts},
        **({"cut_otherwise": cut} if any(cut.values()) else {}),
        "values_sha256": sha256_of(arguments.out_values),
    }
    Words(**columns, space=space, facts=facts).write(arguments.out_words)


if __name__ == "__main__":
    run_main(main)
