"""Check and normalise the two sides of one pair's text, the first stage of every text source.

A range of lines may be chosen, so that multi-parallel files are split alike for every pair. Several sources
are joined in their order. Pairs are dropped only where an option says so. Text streams by in blocks.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

from workflow_scripts.common.containers import unpacked
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import atomic_path, sha256_of, write_json
from workflow_scripts.common.line_shapes import training_shape
from workflow_scripts.data.cleaning import NO_LIMITS, JoinedSources, Limits, PairFilter, Source, word_counts
from workflow_scripts.data.readers import (
    Normalised,
    clean_lines,
    count_entities,
    is_empty,
    read_raw_lines,
    undone,
)

FORMAT = "neuronspec-text-1"
LONGEST_SENTENCE = 1 << 16  # characters; SentencePiece skips lines of more bytes when it is trained
Range = tuple[int, int | None]
WHOLE: Range = (0, None)
BLOCK_LINES = 1_000  # with the longest line that is read, this bounds memory


@dataclass
class PairStatistics:
    """What was read, changed and dropped; the two-element lists follow the order of the pair."""

    lines_in_files: int = 0
    lines_selected: int = 0
    sentences: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: {"empty": 0})
    words: list[int] = field(default_factory=lambda: [0, 0])
    normalised: list[Normalised] = field(default_factory=lambda: [Normalised(), Normalised()])
    sources: list[Source] = field(default_factory=list)  # where there are several
    entities: list[int] = field(default_factory=lambda: [0, 0])  # lines with HTML entities, as they were read
    unescaped: bool = False


def parse_range(text: str) -> Range:
    """Read ``START:STOP`` (from 0, STOP excluded; either may be left out)."""
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
    lines: Sequence[Range] = (WHOLE,),
    empty: Literal["error", "drop", "keep"] = "error",
    limits: Limits = NO_LIMITS,
    unescape: bool = False,
) -> PairStatistics:
    """Write the checked and normalised text of ``files`` (two paths of each source) to ``out`` (two paths).

    ``lines``: the range of each source. ``unescape``: HTML entities become
    characters.

    Raises UserError, naming file and line: unequal line counts, invalid UTF-8, a NUL byte, an empty side
    (unless ``empty`` is ``drop`` or ``keep``), a range beyond the end, no sentence left.
    """
    result = PairStatistics(unescaped=unescape)
    pair_filter = PairFilter(limits)
    sources = [list(files[place : place + 2]) for place in range(0, len(files), 2)]
    joined = JoinedSources() if len(sources) > 1 else None
    with ExitStack() as stack:
        handles = [stack.enter_context(_text_writer(path)) for path in out]
        for source, part in zip(sources, lines, strict=True):
            before = result.sentences
            begun = joined.begin(source) if joined else None
            for texts in _blocks_of(source, part, empty, limits, result):
                words = [word_counts(side) for side in texts]
                if joined and begun:
                    joined.look(begun, texts)
                places = pair_filter.kept(texts, words)
                for side, handle in enumerate(handles):
                    handle.write("".join([texts[side][place] + "\n" for place in places]))
                    result.words[side] += sum([words[side][place] for place in places])
                result.sentences += len(places)
            result.dropped |= pair_filter.dropped
            if joined and begun:
                joined.end(begun, result.sentences - before)
        if not result.sentences:
            reasons = ", ".join(f"{why.replace('_', ' ')} {n}" for why, n in result.dropped.items() if n)
            one, two = sources[0]
            raise UserError(f"{one} and {two}: no sentence is left; dropped: {reasons}")
    result.sources = joined.sources if joined else []
    return result


def _blocks_of(
    files: Sequence[Path], lines: Range, empty: str, limits: Limits, result: PairStatistics
) -> Iterator[list[list[str]]]:
    start, stop = lines
    read = [0, 0]
    # A link may be meant: copied text of one language is a known help for a small corpus.
    if files[0] == files[1]:
        raise UserError(f"{files[0]} and {files[1]}: one file for both languages; name that of each")
    readers = [read_raw_lines(path) for path in files]
    looked = False
    while any(blocks := [list(islice(reader, BLOCK_LINES)) for reader in readers]):
        before = read[0]
        read = [count + len(block) for count, block in zip(read, blocks, strict=True)]
        # Beyond the end of the shorter file, and outside the range, lines are only counted.
        first = max(start - before, 0)
        last = min(len(blocks[0]), len(blocks[1]), BLOCK_LINES if stop is None else stop - before)
        if last <= first:
            continue
        result.lines_selected += last - first
        texts = [
            clean_lines(block[first:last], file, before + first + 1, counts)
            for block, file, counts in zip(blocks, files, result.normalised, strict=True)
        ]
        for text, file in zip(texts, files, strict=True) if not looked else ():
            with unpacked(file) as (_, packing):
                shape = training_shape(text, file, packing)
            if shape:
                raise UserError(f"{file}: {shape}")
        looked = True
        for side, lines_of_side in enumerate(texts):
            if found := count_entities(lines_of_side):
                result.entities[side] += found
                texts[side] = [undone(line) for line in lines_of_side] if result.unescaped else lines_of_side
        _check_lengths(texts, files, before + first + 1, limits)
        _drop_empty(texts, files, before + first + 1, empty, result)
        yield texts
    _check_counts(files, read, lines)
    result.lines_in_files += read[0]


def _drop_empty(
    texts: list[list[str]], files: Sequence[Path], number: int, empty: str, result: PairStatistics
) -> None:
    blank = [{place for place, line in enumerate(side) if is_empty(line)} for side in texts]
    either = blank[0] | blank[1] if empty != "keep" else set()
    if either and empty == "error":
        place = min(either)
        raise UserError(
            f"{files[0 if place in blank[0] else 1]}, line {number + place}: the line is empty; mend it, or "
            "drop such pairs with data.empty_lines: drop (of test sets: evaluation.empty_references)"
        )
    result.dropped["empty"] += len(either)
    if either:
        texts[:] = [[line for place, line in enumerate(side) if place not in either] for side in texts]


def _check_lengths(
    texts: Sequence[Sequence[str]], files: Sequence[Path], number: int, limits: Limits
) -> None:
    """Raise UserError for a line too long to be a sentence, unless it is left out anyway. ``number``: of the
    block's first line."""
    for lines, file in zip(texts, files, strict=True):
        if max(map(len, lines), default=0) <= LONGEST_SENTENCE:
            continue
        for place, line in enumerate(lines):
            words = len(line.split())
            left_out = limits.max_words is not None and words > limits.max_words
            if len(line) > LONGEST_SENTENCE and not left_out:
                raise UserError(
                    f"{file}, line {number + place}: {len(line)} characters ({words} words) are no sentence;"
                    " cut the line, or leave such pairs out of the training text with data.clean.max_words"
                )


@contextmanager
def _text_writer(path: Path) -> Iterator[TextIO]:
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        yield handle
        # Before the rename: atomic_path syncs what is on the file, not what is in this buffer.
        handle.close()


def _check_counts(files: Sequence[Path], raw: Sequence[int], lines: Range) -> None:
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


def statistics_json(
    pair: str, result: PairStatistics, out: Sequence[Path], lines: Sequence[Range]
) -> dict[str, Any]:
    """Return the statistics of a pair as the data card reads them; of several sources each one's too."""
    languages = split_direction(pair)
    start, stop = lines[0] if len(lines) == 1 else (0, result.lines_selected)
    # A key only where there is something to say: other statistics stay as they are.
    several = {"sources": [source.as_dict(languages) for source in result.sources]} if result.sources else {}
    entities = {"lines": dict(zip(languages, result.entities, strict=True)), "undone": result.unescaped}
    return {
        "format": FORMAT,
        "pair": pair,
        "lines": [start, stop if stop is not None else result.lines_in_files],
        "lines_in_files": result.lines_in_files,
        "lines_selected": result.lines_selected,
        "sentences": result.sentences,
        "dropped": result.dropped,
        "words": dict(zip(languages, result.words, strict=True)),
        "normalised": {la: asdict(n) for la, n in zip(languages, result.normalised, strict=True)},
        **({"entities": entities} if any(result.entities) else {}),
        "sha256": {lang: sha256_of(path) for lang, path in zip(languages, out, strict=True)},
        **several,
    }


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", required=True, help="the two languages, in the order of the files: de-en")
    help_files = "text of each side, perhaps packed; of each source"
    parser.add_argument("--files", nargs="+", type=Path, required=True, help=help_files)
    lines_help = "START:STOP of each source, counted from 0, STOP excluded; ':' is all"
    parser.add_argument("--lines", nargs="+", help=lines_help)
    choices = ["error", "drop", "keep"]
    parser.add_argument("--empty", choices=choices, default="error", help="pairs with an empty side")
    parser.add_argument("--max-words", type=int, help="leave out pairs with more words on a side")
    parser.add_argument(
        "--max-ratio", type=float, help="leave out pairs with more words for one of the other"
    )
    parser.add_argument("--dedup", action="store_true", help="leave out pairs that came before")
    parser.add_argument("--unescape", action="store_true", help="HTML entities (&amp;) become characters")
    parser.add_argument("--out", nargs=2, type=Path, required=True)
    parser.add_argument("--stats", type=Path, required=True)
    arguments = parser.parse_args(argv)
    one, two = split_direction(arguments.pair)
    if one == two:
        raise UserError(f"--pair {arguments.pair}: a language and itself are no pair")
    if len(arguments.files) % 2:
        raise UserError(f"--files: two of each source are needed, not {len(arguments.files)}")
    sources = len(arguments.files) // 2
    lines = [parse_range(text) for text in arguments.lines or [":"] * sources]
    if len(lines) != sources:
        raise UserError(f"--lines: {len(lines)} ranges for {sources} sources; ':' is a whole source")
    limits = Limits(arguments.max_words, arguments.max_ratio, arguments.dedup)
    result = prepare_pair(arguments.files, arguments.out, lines, arguments.empty, limits, arguments.unescape)
    write_json(arguments.stats, statistics_json(arguments.pair, result, arguments.out, lines))


if __name__ == "__main__":
    run_main(main)
