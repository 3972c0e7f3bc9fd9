"""Reading sources, hypotheses and references: UTF-8, one sentence a line. Standard library only."""

from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.containers import DAMAGE, is_damage, unpacked
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.generate_log import by_number, first_line
from workflow_scripts.common.patterns import path_of

BYTE_ORDER_MARK = "\ufeff"
#: The lines of fairseq-generate's log that hold a text, the best first.
HYPOTHESES, REFERENCES, SOURCES = "DH", "T", "S"
LARGEST_TEXT = 200_000_000  # bytes; a compressed file of a few kilobytes could fill the memory


@dataclass(frozen=True)
class TextFile:
    """The lines of a file; ``letter``: which ones of fairseq-generate's log they are, "" of other text."""

    lines: list[str]
    letter: str = ""


def read_text(path: str | Path, wanted: str = "") -> TextFile:
    """Return the lines of a UTF-8 file: ``\\n`` or CRLF ends a line, a byte order mark is left out. Of
    fairseq-generate's log the lines of one letter of ``wanted`` (the best first) are taken, by their numbers.
    Raises UserError: not UTF-8, a NUL byte, not a whole log, or a file that is damaged or not text."""
    content = _read_bytes(Path(path))
    if first_line(content) is not None:
        numbered, letter = by_number(content, path, wanted)
        return TextFile([_decoded(line, path, number) for number, line in numbered], letter)
    raw = content.split(b"\n")
    del content
    if raw[-1] == b"":
        raw.pop()
    return TextFile([_decoded(line, path, number) for number, line in enumerate(raw, start=1)])


def is_log(path: Path) -> bool:
    """Tell whether a file is fairseq-generate's log, or a part of it."""
    return first_line(_read_bytes(path)) is not None


def read_lines(path: str | Path, wanted: str = "S") -> list[str]:
    """Return the lines of a file, of sources by default; as ``read_text``."""
    return read_text(path, wanted).lines


def _decoded(line: bytes, path: str | Path, number: int) -> str:
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
    return text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text


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


def read_parallel(
    hypotheses: str | Path, references: str | Path, allow_empty: bool = False
) -> tuple[list[str], list[str]]:
    """Return hypotheses (or sources) and references, two lists of equal length. An empty hypothesis counts as
    a result; an empty reference is a fault of the test set, unless ``allow_empty``. Raises UserError: no
    lines, unequal numbers of lines, an empty reference, not UTF-8."""
    refs = read_lines(references, REFERENCES)
    if not refs:
        raise UserError(f"{references}: no lines, nothing to score against")
    hyps = read_beside(hypotheses, HYPOTHESES, references, len(refs)).lines
    for number, line in enumerate(refs, start=1):
        if not line.strip() and not allow_empty:
            raise UserError(f"{references}, line {number}: empty reference")
    return hyps, refs


def read_beside(path: str | Path, wanted: str, references: str | Path, count: int) -> TextFile:
    """Return a text; UserError unless it has as many lines as the references, ``count``."""
    text = read_text(path, wanted)
    if len(text.lines) != count:
        sizes = f"{path} has {len(text.lines)} lines but {references} has {count}"
        raise UserError(f"{sizes}: line {min(len(text.lines), count) + 1} has no counterpart")
    return text


def file_of(pattern: str, direction: str) -> Path:
    """Fill a pattern such as ``text/{pair}.{target}.txt``; UserError if there is no such file."""
    path = path_of(pattern, direction)
    if not path.is_file():
        raise UserError(f"{path}: no such file, for {direction}")
    return path
