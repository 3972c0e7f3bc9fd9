"""Reading sources, hypotheses and references: lines that belong together.

In:  UTF-8 text, one sentence a line (only a newline separates lines), perhaps compressed (``containers``).
Out: lists of equal length; what is wrong with a file names its line.

Standard library only: the workflow reads a contrastive set with it before the first job.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from workflow_scripts.containers import DAMAGE, is_damage, unpacked
from workflow_scripts.errors import UserError
from workflow_scripts.patterns import path_of

BYTE_ORDER_MARK = "\ufeff"
#: A line of fairseq-generate's log: letter and number, then a score, or another such line after it.
LOGGED = re.compile(rb"^([STHD])-\d+\t(?:(-?(?:\d|inf|nan)\S*\t)|(?=.*\n[STHDP]-\d+\t))", re.MULTILINE)
#: What unpacks to stdout, by the ending.
UNPACKERS = {".gz": "zcat", ".xz": "xzcat", ".bz2": "bzcat"}
LARGEST_TEXT = 200_000_000  # bytes; a compressed file of a few kilobytes could fill the memory


def read_lines(path: str | Path, wanted: str = "S") -> list[str]:
    """Return the lines of a UTF-8 file; only ``\\n`` separates them, and a last one without it counts.

    Other characters that Python takes for line ends (U+2028, form feed, a lone carriage return) stay inside;
    a byte order mark and the carriage returns of CRLF are left out.

    Args:
        wanted: letters of the lines that fairseq-generate's log would have this text in, the best first.

    Raises:
        UserError: a line is not UTF-8 or holds a NUL byte (named by file and number); fairseq-generate's log
            or a part of it; a damaged compressed file, or one that is no text.
    """
    content = _read_bytes(Path(path))
    _refuse_log(content, path, wanted)
    raw = content.split(b"\n")
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


def _refuse_log(content: bytes, path: str | Path, wanted: str) -> None:
    """Raise UserError for the log of fairseq-generate: its lines are numbered, in an order of their own."""
    first = LOGGED.search(content)
    if first is None:
        return
    scored = {found[1].decode(): bool(found[2]) for found in LOGGED.finditer(content)}
    letter = next((one for one in wanted if one in scored), None)
    advice = f"it has no {wanted[-1]}- lines: name the right file"
    if letter is not None:
        # Several hypotheses of a sentence stand best first; sort -u keeps the first.
        numbered = f"grep -a '^{letter}-' | LC_ALL=C sort -u -k1,1V | cut -f{3 if scored[letter] else 2}-"
        reader = UNPACKERS.get(Path(path).suffix, "cat")
        advice = f"take its {letter}- lines by number: {reader} {shlex.quote(str(path))} | {numbered} > NEW"
    number = content.count(b"\n", 0, first.start()) + 1
    raise UserError(f"{path}, line {number}: this is the log of fairseq-generate; {advice}")


def _read_bytes(path: Path) -> bytes:
    with unpacked(path) as (handle, packing):
        if packing is None:
            return handle.read()
        try:
            content = handle.read(LARGEST_TEXT + 1)
        except DAMAGE as error:
            if not is_damage(error):
                raise
            raise UserError(f"{path}: not a whole {packing} file; make it again with {packing}") from None
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
    hyps, refs = read_lines(hypotheses, "DH"), read_lines(references, "T")
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
