"""Check and normalise the two sides of one pair's text (spec 1.1; the first stage of every text source).

Input: two line-aligned files, plain or gzip, of which a range of lines may be asked for, so that
multi-parallel files are split by line number, equally for every pair.
Output: two UTF-8 files, one sentence a line, and their statistics as JSON. Nothing is dropped but pairs
with an empty side, and those only with ``--empty drop``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, TextIO

from workflow_scripts.data.readers import Normalised, clean_line, is_empty, read_raw_lines
from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import atomic_path, sha256_of, write_json

FORMAT = "neuronspec-text-1"


@dataclass
class PairStatistics:
    """What was read, changed and dropped; the two-element lists follow the order of the pair."""

    lines_in_files: int = 0
    lines_selected: int = 0
    sentences: int = 0
    dropped_empty: int = 0
    words: list[int] = field(default_factory=lambda: [0, 0])
    normalised: list[Normalised] = field(default_factory=lambda: [Normalised(), Normalised()])


def parse_range(text: str) -> tuple[int, int | None]:
    """Read ``START:STOP`` (from 0, STOP excluded; either may be left out); UserError if it is none."""
    start, colon, stop = text.partition(":")
    if not colon or not all(part.isdecimal() or not part for part in (start, stop)):
        raise UserError(f"--lines {text}: expected START:STOP, such as 0:1000")
    first, last = int(start or 0), int(stop) if stop else None
    if last is not None and last <= first:
        raise UserError(f"--lines {text}: STOP must be greater than START")
    return first, last


def prepare_pair(
    files: Sequence[Path],
    out: Sequence[Path],
    lines: tuple[int, int | None] = (0, None),
    empty: Literal["error", "drop"] = "error",
) -> PairStatistics:
    """Write the checked and normalised text of ``files`` (two paths) to ``out`` (two paths).

    Raises UserError, naming file and line: unequal line counts, invalid UTF-8, a NUL byte, an empty side
    (unless ``empty`` is ``drop``), a range beyond the end, no sentence left.
    """
    start, stop = lines
    result = PairStatistics()
    raw = [0, 0]
    with ExitStack() as stack:
        handles = [stack.enter_context(_text_writer(path)) for path in out]
        for index, sides in enumerate(zip_longest(*map(read_raw_lines, files))):
            for side in (0, 1):
                raw[side] += sides[side] is not None
            # Beyond the end of the shorter file, and outside the range, lines are only counted.
            if None in sides or index < start or (stop is not None and index >= stop):
                continue
            result.lines_selected += 1
            texts = [clean_line(sides[s], files[s], index + 1, result.normalised[s]) for s in (0, 1)]
            blank = [side for side in (0, 1) if is_empty(texts[side])]
            if blank and empty == "drop":
                result.dropped_empty += 1
                continue
            if blank:
                raise UserError(
                    f"{files[blank[0]]}, line {index + 1}: the line is empty; mend it, or drop such pairs "
                    "with data.empty_lines: drop"
                )
            for side in (0, 1):
                handles[side].write(texts[side] + "\n")
                result.words[side] += len(texts[side].split())
            result.sentences += 1
        _check_counts(files, raw, lines, result)
    result.lines_in_files = raw[0]
    return result


@contextmanager
def _text_writer(path: Path) -> Iterator[TextIO]:
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        yield handle
        # Before the rename: atomic_path syncs what is on the file, not what is in this buffer.
        handle.close()


def _check_counts(
    files: Sequence[Path], raw: Sequence[int], lines: tuple[int, int | None], result: PairStatistics
) -> None:
    if raw[0] != raw[1]:
        raise UserError(
            f"the two sides have unequal line counts: {files[0]} has {raw[0]} lines, {files[1]} has {raw[1]}"
        )
    start, stop = lines
    if raw[0] == 0:
        raise UserError(f"{files[0]} and {files[1]}: no lines at all")
    if start >= raw[0] or (stop is not None and stop > raw[0]):
        wanted = f"{start}:{'' if stop is None else stop}"
        raise UserError(f"lines {wanted} were asked for, but {files[0]} has only {raw[0]} lines")
    if result.sentences == 0:
        raise UserError(
            f"{files[0]} and {files[1]}: no sentence is left, all {result.dropped_empty} have an empty side"
        )


def statistics_json(
    pair: str, result: PairStatistics, out: Sequence[Path], lines: tuple[int, int | None]
) -> dict[str, Any]:
    """Return the statistics of a pair as the data card reads them."""
    languages = split_direction(pair)
    return {
        "format": FORMAT,
        "pair": pair,
        "lines": [lines[0], lines[1] if lines[1] is not None else result.lines_in_files],
        "lines_in_files": result.lines_in_files,
        "lines_selected": result.lines_selected,
        "sentences": result.sentences,
        "dropped": {"empty": result.dropped_empty},
        "words": dict(zip(languages, result.words, strict=True)),
        "normalised": {lang: n.as_dict() for lang, n in zip(languages, result.normalised, strict=True)},
        "sha256": {lang: sha256_of(path) for lang, path in zip(languages, out, strict=True)},
    }


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/architecture.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", required=True, help="the two languages, in the order of the files: de-en")
    parser.add_argument("--files", nargs=2, type=Path, required=True, help="text of each side, plain or gzip")
    parser.add_argument("--lines", default=":", help="START:STOP, counted from 0, STOP excluded")
    parser.add_argument(
        "--empty", choices=["error", "drop"], default="error", help="pairs with an empty side"
    )
    parser.add_argument("--out", nargs=2, type=Path, required=True)
    parser.add_argument("--stats", type=Path, required=True)
    arguments = parser.parse_args(argv)
    split_direction(arguments.pair)
    lines = parse_range(arguments.lines)
    result = prepare_pair(arguments.files, arguments.out, lines, arguments.empty)
    write_json(arguments.stats, statistics_json(arguments.pair, result, arguments.out, lines))


if __name__ == "__main__":
    run_main(main)
