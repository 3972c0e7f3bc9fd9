"""From lines of text to lines of text: processing, pieces, an engine, and back.

An empty line is not given to the engine: its translation is empty. A sentence longer than the model's
positions is cut, and counted.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.text import NO_CHARACTER
from workflow_scripts.translate.codecs import Codec

BLOCK_SENTENCES = 4000  # lines held at once: large enough to batch sentences of equal length together
REPORT_SECONDS = 5.0
MARKERS_PER_SOURCE = 2  # the language token and </s> share the positions with the words


class Engine(Protocol):
    """One direction of one system: pieces to the best hypothesis's pieces, in order, both without markers.
    ``codec``: the direction's text."""

    codec: Codec

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """Yield one hypothesis per sentence, in order. ``sentences``: at least one, the longest first, none
        of them empty."""


@dataclass
class Progress:
    """Counts what was translated and writes speed and time left to ``stream`` every REPORT_SECONDS."""

    total: int | None = None
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    sentences: int = 0
    source_tokens: int = 0
    target_tokens: int = 0
    truncated: int = 0
    started: float = field(default_factory=time.monotonic)
    _reported: float = field(default_factory=time.monotonic)

    def add(self, target_tokens: int, sentences: int = 1) -> None:
        """Count finished sentences."""
        self.sentences += sentences
        self.target_tokens += target_tokens
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.report()

    def report(self) -> None:
        """Write one line: sentences, speed, and where the total is known the time left."""
        seconds = max(time.monotonic() - self.started, 1e-9)
        speed = self.sentences / seconds
        of_total = "" if self.total is None else f" of {self.total}"
        left = "" if not self.total or not speed else f", {(self.total - self.sentences) / speed:.0f} s left"
        print(
            f"translated {self.sentences}{of_total} sentences in {seconds:.1f} s: {speed:.1f} sentences/s, "
            f"{self.target_tokens / seconds:.0f} target tokens/s{left}",
            file=self.stream,
            flush=True,
        )

    def finish(self, max_positions: int) -> None:
        """Write the last line, token counts, and a warning if sentences were cut."""
        self.report()
        print(f"tokens: {self.source_tokens} source, {self.target_tokens} target", file=self.stream)
        if self.truncated:
            print(
                f"warning: {self.truncated} sentences are longer than the model's {max_positions} positions "
                "and were cut",
                file=self.stream,
            )
        self.stream.flush()


def translate_lines(
    lines: Iterable[str],
    codec: Codec,
    engine: Engine,
    max_positions: int,
    progress: Progress,
    block: int = BLOCK_SENTENCES,
) -> Iterator[str]:
    """Yield the translation of every line, in order; no line holds a line break. ``max_positions``: the
    model's longest source sequence, markers included. ``block``: lines held at once."""
    longest = max_positions - MARKERS_PER_SOURCE
    remaining = iter(lines)
    while held := list(islice(remaining, block)):
        encoded = [codec.encode(line) for line in held]
        for index, pieces in enumerate(encoded):
            if len(pieces) > longest:
                encoded[index] = pieces[:longest]
                progress.truncated += 1
        progress.source_tokens += sum(len(pieces) for pieces in encoded)
        translations = [""] * len(held)
        # Longest first: sentences of one batch are alike in length, and the time left is not underestimated.
        order = sorted((n for n, pieces in enumerate(encoded) if pieces), key=lambda n: -len(encoded[n]))
        progress.add(0, sentences=len(held) - len(order))
        # What lies on a model must be used where it is laid: of no sentence nothing is asked.
        hypotheses = engine.translate([encoded[n] for n in order]) if order else ()
        for number, hypothesis in zip(order, hypotheses, strict=True):
            translations[number] = one_line(codec.decode(hypothesis))
            progress.add(len(hypothesis))
        yield from translations


def one_line(text: str) -> str:
    """Return ``text`` on one line, without the NUL that a model with byte pieces may write."""
    return " ".join(text.splitlines()).replace("\0", NO_CHARACTER)


def count_lines(path: Path) -> int:
    """Return the number of lines; UserError at the first that is not UTF-8 or holds a NUL byte."""
    number = 0
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path}, line {number}: not UTF-8 ({error.reason}); convert the file with iconv"
                ) from None
            if b"\0" in line:
                raise UserError(f"{path}, line {number}: a NUL byte; is this a text file?")
    return number


def read_lines(stream: TextIO) -> Iterator[str]:
    """Yield the lines of a stream opened with ``newline="\\n"``; a line may also end with CR LF."""
    for line in stream:
        yield line.removesuffix("\n").removesuffix("\r")
