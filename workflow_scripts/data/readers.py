"""Reading lines of others' text, so that a wrong byte is named by its line; HTML entities.

Only ``\\n`` and ``\\r\\n`` end a line; with other Unicode separators two sides of a corpus would drift apart.
Memory is constant.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape
from html.entities import html5
from operator import ne
from pathlib import Path
from typing import IO

from workflow_scripts.common.containers import DAMAGE, is_damage, unpacked
from workflow_scripts.common.errors import UserError

BYTE_ORDER_MARK = "\ufeff"
#: Bytes. No sentence is as long: the file has no lines, or is no text.
LONGEST_LINE = 1 << 19
#: Text packs to a third; the most that gzip can do is 1,032. Small files may repeat themselves as they like.
LARGEST_RATIO, FREE_BYTES = 200, 50_000_000
LINES_BETWEEN_LOOKS = 1000
# What str.splitlines takes for the end of a line and we do not: it would split the line in a later tool.
SEPARATOR_CHARACTERS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
SEPARATORS = re.compile(f"[{SEPARATOR_CHARACTERS}]")
# Zero-width characters: a line of these alone has nothing to translate.
INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*")


@dataclass
class Normalised:
    """How many lines of a file each normalisation changed."""

    crlf: int = 0
    byte_order_mark: int = 0
    separators: int = 0
    surrounding_blanks: int = 0


def read_raw_lines(path: str | Path) -> Iterator[bytes]:
    """Yield a file's lines as bytes, with their ends.

    Raises UserError: a broken compressed file, one that unpacks to far more than text would, a line without
    end, a file whose first bytes are not of text (``containers``).
    """
    with unpacked(path) as (handle, packing):
        if packing is None:
            yield from _bounded_lines(handle, path)
            return
        number = 0
        size = Path(path).stat().st_size
        most = max(FREE_BYTES, LARGEST_RATIO * size)
        try:
            for number, line in enumerate(_bounded_lines(handle, path), start=1):
                if number % LINES_BETWEEN_LOOKS == 0 and (found := handle.tell()) > most:
                    raise UserError(
                        f"{path}: {size} bytes unpack to more than {found} ({number} lines so far), which"
                        " text does not; unpack it yourself if it is right"
                    )
                yield line
        except DAMAGE as error:
            if not is_damage(error):
                raise
            raise UserError(
                f"{path}: the {packing} file is broken after line {number} ({error}); fetch or pack it again"
            ) from None


def _bounded_lines(handle: IO[bytes], path: str | Path) -> Iterator[bytes]:
    for number, line in enumerate(iter(partial(handle.readline, LONGEST_LINE + 1), b""), start=1):
        if len(line) > LONGEST_LINE:
            raise UserError(
                f"{path}, line {number}: more than {LONGEST_LINE} bytes without an end of line;"
                " is this a text file with one sentence a line?"
            )
        yield line


def clean_line(raw: bytes, path: str | Path, number: int, counts: Normalised) -> str:
    """Return one line as normalised text without its end. ``number``: the line's place in the file, counted
    from 1. ``counts`` is updated. Raises UserError for bytes that are not UTF-8 and for a NUL byte."""
    if raw.endswith(b"\n"):
        raw = raw[:-1]
        if raw.endswith(b"\r"):
            raw = raw[:-1]
            counts.crlf += 1
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = raw[error.start]
        raise UserError(
            f"{path}, line {number}: not UTF-8 (byte 0x{wrong:02x} at byte {error.start + 1} of the line); "
            "convert the file with iconv"
        ) from None
    if "\0" in line:
        raise UserError(f"{path}, line {number}: a NUL byte; is this a text file?")
    if number == 1 and line.startswith(BYTE_ORDER_MARK):
        line = line[1:]
        counts.byte_order_mark += 1
    if SEPARATORS.search(line):
        line = SEPARATORS.sub(" ", line)
        counts.separators += 1
    stripped = line.strip()
    counts.surrounding_blanks += stripped != line
    return stripped


def clean_lines(raw: Sequence[bytes], path: str | Path, number: int, counts: Normalised) -> list[str]:
    """Return what ``clean_line`` would of each of consecutive lines, of which the first has this number."""
    try:
        text = b"".join(raw).decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    line_ends = text.count("\r\n")
    text = text.replace("\r\n", "\n")
    # Searching the whole block for each character is ten times as fast as a pattern in each line.
    unusual = "\0" in text or any(character in text for character in SEPARATOR_CHARACTERS)
    if not text or unusual or text.startswith(BYTE_ORDER_MARK):
        return [clean_line(line, path, number + place, counts) for place, line in enumerate(raw)]
    lines = text.removesuffix("\n").split("\n")
    stripped = [line.strip() for line in lines]
    counts.crlf += line_ends
    counts.surrounding_blanks += sum(map(ne, stripped, lines))
    return stripped


def is_empty(line: str) -> bool:
    """Tell whether a line has no visible character."""
    return not line[:1].isalnum() and INVISIBLE.fullmatch(line) is not None


def read_text_lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a prepared file (UTF-8, plain), without their ends; UserError if it is not UTF-8."""
    try:
        with Path(path).open(encoding="utf-8", newline="\n") as handle:
            for line in handle:
                yield line.removesuffix("\n")
    except UnicodeDecodeError:
        # It is decoded by blocks, so the wrong byte is looked for only now.
        with Path(path).open("rb") as raw:
            for number, one in enumerate(raw, start=1):
                clean_line(one, path, number, Normalised())
        raise


#: As many digits as the largest character takes; a name is looked up.
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
#: Nothing that was escaped more often than this is text.
MOST_ROUNDS = 5
_NO_TEXT = re.compile("[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\ufffd]")


def has_entity(line: str) -> bool:
    """Return whether a line holds an entity, also one that was escaped once more."""
    return any(_is_one(found) for found in ENTITY.finditer(line))


def count_entities(lines: Sequence[str]) -> int:
    """Return how many lines hold an entity."""
    return sum("&" in line and has_entity(line) for line in lines)


def undone(line: str) -> str:
    """Return a line with its entities as characters, on one line, without outer blanks. An entity of no
    character of text (``&#0;``, ``&#7;``) stays as it is."""
    for _ in range(MOST_ROUNDS):
        before, line = line, ENTITY.sub(_character, line)
        if line == before:
            break
    return SEPARATORS.sub(" ", line.replace("\n", " ")).strip()


def _is_one(found: re.Match[str]) -> bool:
    return found[1] is None or f"{found[1]};" in html5


def _character(found: re.Match[str]) -> str:
    if not _is_one(found):
        return found[0]
    character = unescape(found[0])
    return found[0] if not character or _NO_TEXT.search(character) else character
