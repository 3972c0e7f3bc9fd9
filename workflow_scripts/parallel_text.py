"""Reading sources, hypotheses and references: lines that belong together.

In:  UTF-8 text, one sentence a line (only a newline separates lines), perhaps gzipped (``.gz``).
Out: lists of equal length; what is wrong with a file names its line.

Standard library only: the workflow reads a contrastive set with it before the first job.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from workflow_scripts.errors import UserError
from workflow_scripts.patterns import path_of

BYTE_ORDER_MARK = "\ufeff"
LARGEST_TEXT = 200_000_000  # bytes; a gzipped file of a few kilobytes could fill the memory


def read_lines(path: str | Path) -> list[str]:
    """Return the lines of a UTF-8 file; only ``\\n`` separates them, and a last one without it counts.

    Other characters that Python takes for line ends (U+2028, form feed, a lone carriage return) stay inside;
    a byte order mark and the carriage returns of CRLF are left out.

    Raises:
        UserError: a line is not UTF-8 or holds a NUL byte (named by file and number), or a damaged ``.gz``.
    """
    raw = _read_bytes(Path(path)).split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    lines = []
    for number, line in enumerate(raw, start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number}: not UTF-8 at byte {error.start + 1} of the line;"
                " convert the file with iconv"
            ) from None
        if "\0" in text:
            raise UserError(f"{path}, line {number}: a NUL byte; is this a text file?")
        # Neither is text: metrics would count them as characters.
        text = text.removesuffix("\r")
        lines.append(text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text)
    return lines


def _read_bytes(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as handle:
            content = handle.read(LARGEST_TEXT + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(f"{path}: not a whole gzip file; make it again with gzip") from None
    if len(content) > LARGEST_TEXT:
        raise UserError(
            f"{path}: more than {LARGEST_TEXT // 1_000_000} MB unpacked, no test set is that long"
        )
    return content


def read_parallel(hypotheses: str | Path, references: str | Path) -> tuple[list[str], list[str]]:
    """Return hypotheses (or sources) and references, two lists of equal length.

    An empty hypothesis is a result (it is counted), and to an empty source there may be a translation; an
    empty reference is a fault of the test set.

    Raises:
        UserError: no lines, unequal line counts, an empty reference, bytes that are not UTF-8.
    """
    hyps, refs = read_lines(hypotheses), read_lines(references)
    if not refs:
        raise UserError(f"{references}: no lines, nothing to score against")
    if len(hyps) != len(refs):
        first = min(len(hyps), len(refs)) + 1
        raise UserError(
            f"{hypotheses} has {len(hyps)} lines but {references} has {len(refs)}: "
            f"line {first} has no counterpart"
        )
    for number, line in enumerate(refs, start=1):
        if not line.strip():
            raise UserError(f"{references}, line {number}: empty reference")
    return hyps, refs


def file_of(pattern: str, direction: str) -> Path:
    """Fill a pattern such as ``text/{pair}.{target}.txt``.

    Raises:
        UserError: it has another wildcard than direction, pair, source and target, or no such file is there.
    """
    path = path_of(pattern, direction)
    if not path.is_file():
        raise UserError(f"{path}: no such file, for {direction}")
    return path
