"""What a file is by its first bytes: gzip, xz, bzip2 and zstd are read, all else is refused with a command.

Its name does not count. Standard library only.
"""

import bz2
import gzip
import io
import lzma
import re
import shlex
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from workflow_scripts.common.errors import UserError

ZSTD = "zstd"


class ZstdFile(io.RawIOBase):
    """What the program ``zstd`` unpacks of a file: neither Python 3.11 nor the locks have a reader."""

    def __init__(self, handle: IO[bytes]) -> None:
        with Path(handle.name).open("rb") as packed:
            self._process = subprocess.Popen(
                [ZSTD, "-dcq"], stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; OSError without a number, as bzip2's, where the bytes are damaged."""
        assert self._process.stdout is not None
        read = len(chunk := self._process.stdout.read(len(buffer)))
        buffer[:read] = chunk
        if not read and self._process.wait():
            raise OSError("damaged, or cut off")
        return read

    def close(self) -> None:
        """End the program, if it has not ended."""
        if not self.closed:
            self._process.kill()
            self._process.communicate()
        super().close()


#: What is read: first bytes, name, how it is opened.
_Opener = Callable[[IO[bytes]], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File | ZstdFile]
READ: tuple[tuple[bytes, str, _Opener], ...] = (
    (b"\x1f\x8b", "gzip", lambda handle: gzip.GzipFile(fileobj=handle)),
    (b"\xfd7zXZ\0", "xz", lzma.LZMAFile),
    *((b"BZh%d1AY&SY" % level, "bzip2", bz2.BZ2File) for level in range(1, 10)),
    (b"\x28\xb5\x2f\xfd", ZSTD, ZstdFile),
)
_SENTENCES = "write its sentences to a file for each language, one a line"
_TEXTS, _COLUMN = (f"write its {what} to a file, one sentence a line" for what in ("texts", "column of text"))
_ZSTD = "install it (Debian: apt install zstd), or unpack it: zstd -dc FILE > NEW"
_UTF_16, _UTF_32 = (f"convert it: iconv -f {code} -t UTF-8 FILE > NEW" for code in ("UTF-16", "UTF-32"))
#: What is refused: first bytes, what it is, the command (FILE: the file).
REFUSED = (
    (b"\x28\xb5\x2f\xfd", "compressed with zstd, whose program is not installed", _ZSTD),
    (b"PK\x03\x04", "a zip archive (or an office document)", "unpack it: unzip FILE"),
    (b"PK\x05\x06", "a zip archive without a file", "name the right file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it: 7z x FILE"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "unpack it: lz4 -dc FILE > NEW"),
    (b"\x1f\x9d", "compressed with compress", "unpack it: gzip -dc FILE > NEW"),
    (b"\x5d\0\0", "compressed with lzma", "unpack it: xz -dc --format=lzma FILE > NEW"),
    (b"LZIP\x01", "compressed with lzip", "unpack it: lzip -dc FILE > NEW"),
    (b"Rar!\x1a", "a rar archive", "unpack it: unrar x FILE"),
    (b"PAR1\x15", "a Parquet table", _COLUMN),
    (b"ARROW1\0\0", "an Arrow table", _COLUMN),
    (b"\x93NUMPY", "an array of NumPy", _TEXTS),
    *((b"\x80%c" % protocol, "a pickle of Python", _TEXTS) for protocol in (2, 3, 4, 5)),
    (b"SQLite format 3\0", "an SQLite database", _COLUMN),
    *((mark, "UTF-32", _UTF_32) for mark in (b"\xff\xfe\0\0", b"\0\0\xfe\xff")),
    *((mark, "UTF-16", _UTF_16) for mark in (b"\xff\xfe", b"\xfe\xff")),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file", "fetch it: git lfs pull"),
    (b"/annex/objects/", "a pointer of git-annex, not the file", "fetch it: git annex get FILE"),
)
# What follows the first tag: another one, or nothing more. A sentence may begin with a tag too.
_THEN = rb"[^<>]*>\s*(<|$)"
#: What is refused by its beginning, behind a mark and blanks: in small letters, what it is, the command.
WRITTEN = (
    (rb"%pdf-\d\.\d\s", "a PDF", "name the file with its text, one sentence a line"),
    (rb"<\?xml\s+version\s*=" + _THEN, "XML, such as TMX", _SENTENCES),
    (rb"<(tmx|xliff|tei|corpus)\b" + _THEN, "XML, such as TMX", _SENTENCES),
    (rb"<(srcset|refset|tstset|mteval)\b" + _THEN, "a test set in SGML or XML of WMT", _SENTENCES),
    (rb"<!doctype\s+mteval\b" + _THEN, "a test set in SGML or XML of WMT", _SENTENCES),
    (
        rb"<(!doctype\s+html|html)\b" + _THEN,
        "a web page, as where a download has failed",
        "fetch the file itself",
    ),
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TAR_MARK, TAR_PLACE = b"ustar", 257
HEAD = TAR_PLACE + len(TAR_MARK)
UNMARKED = 16  # bytes that tell UTF-16 without its mark, where every second one is NUL


#: What reading a compressed stream raises where it is damaged (bzip2: an OSError without a number).
DAMAGE = (EOFError, zlib.error, lzma.LZMAError, OSError)


@contextmanager
def unpacked(path: str | Path) -> Iterator[tuple[IO[bytes], str | None]]:
    """Yield a file's bytes, unpacked, with the name of its compression (None: it has none). UserError for a
    kind that is not read. ``is_damage`` knows the errors of reading that the bytes cause."""
    with Path(path).open("rb") as plain:
        if not plain.seekable():
            raise UserError(f"{path}: a pipe, which can be read only once; write it to a file and name that")
        head = plain.read(HEAD)
        plain.seek(0)
        for magic, name, opened in READ:
            if head.startswith(magic) and (name != ZSTD or shutil.which(ZSTD)):
                with opened(plain) as packed, io.BufferedReader(packed) as stream:
                    try:
                        inner = stream.peek(HEAD)
                    except DAMAGE:
                        inner = b""  # whoever reads it names the line
                    _refuse(inner, path, name)
                    yield stream, name
                return
        _refuse(head, path)
        yield plain, None


def is_damage(error: BaseException) -> bool:
    """Tell whether an error says that compressed bytes are damaged, not that the system cannot read."""
    return isinstance(error, DAMAGE) and not (isinstance(error, OSError) and error.errno)


def file_kind(path: str | Path) -> str | None:
    """Return what a file's first bytes say it is, with what to do about it; None where they say nothing. For
    readers of other formats, in whose place there may be a pointer of Git LFS or a web page."""
    with Path(path).open("rb") as handle:
        head = handle.read(HEAD)
    for magic, name, _ in READ:
        if head.startswith(magic):
            return f"packed with {name}; {_filled(f'unpack it: {name} -dc FILE > NEW', path)}"
    found = _kind(head)
    return f"{found[0]}; {_filled(found[1], path)}" if found else None


def _filled(advice: str, path: str | Path) -> str:
    return advice.replace("FILE", shlex.quote(str(path)))


def _kind(head: bytes) -> tuple[str, str] | None:
    found = next(((what, advice) for magic, what, advice in REFUSED if head.startswith(magic)), None)
    if head[TAR_PLACE:HEAD] == TAR_MARK:
        found = ("a tar archive", "unpack it: tar -xf FILE")
    if found is None:
        begins = head.removeprefix(BYTE_ORDER_MARK).lstrip().lower()
        found = next(((what, advice) for form, what, advice in WRITTEN if re.match(form, begins)), None)
    if found is None and (order := _unmarked_order(head[:UNMARKED])):
        found = ("UTF-16 without its mark", f"convert it: iconv -f UTF-16{order} -t UTF-8 FILE > NEW")
    return found


def _refuse(head: bytes, path: str | Path, packing: str | None = None) -> None:
    found = _kind(head)
    if packing and (again := next((name for magic, name, _ in READ if head.startswith(magic)), None)):
        found = (f"packed with {again} once more", f"unpack it: {packing} -dc FILE > NEW")
    if found is not None:
        what, advice = found
        if packing and advice.startswith("convert"):
            advice = advice.replace("iconv", f"{packing} -dc FILE | iconv").replace("UTF-8 FILE", "UTF-8")
        where = f"packed with {packing}, and inside " if packing else ""
        raise UserError(f"{path}: {where}{what}; {_filled(advice, path)}")


def _unmarked_order(head: bytes) -> str | None:
    halves = {"LE": (head[0::2], head[1::2]), "BE": (head[1::2], head[0::2])}
    found = [order for order, (letters, nuls) in halves.items() if all(letters) and not any(nuls)]
    return found[0] if len(head) >= 4 and found else None
