"""What the first bytes of a file say: compressed text is read, what else is no text is named."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from workflow_scripts.common.containers import unpacked
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.data import readers
from workflow_scripts.data.readers import read_raw_lines

TEXT = "für\nzwei\n"
COLUMN = "write its column of text to a file, one sentence a line"
SENTENCES = "write its sentences to a file for each language, one a line"
TEXTS = "write its texts to a file, one sentence a line"
TWICE = "packed with gzip once more; unpack it: gzip -dc FILE > NEW"
WEB = "a web page, as where a download has failed; fetch the file itself"
ICONV = "convert it: iconv -f {} -t UTF-8 FILE > NEW"
PIPED = "convert it: bzip2 -dc FILE | iconv -f UTF-16 -t UTF-8 > NEW"
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def zstd(content):
    return subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout


if shutil.which("zstd"):
    PACKED["zstd"] = zstd


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.de", TEXT)
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("a.de")
        member.size = len(TEXT.encode())
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return file.getvalue()


def lines_of_data(path):
    return [line.decode().removesuffix("\n") for line in read_raw_lines(path)]


READERS = pytest.mark.parametrize("read", [lines_of_data, read_lines], ids=["data", "evaluation"])


@READERS
@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", ["a.de", "a.gz"])
def test_compressed_text_is_read_whatever_its_name(packing, name, read, tmp_path):
    pack = PACKED[packing]
    path = tmp_path / name
    path.write_bytes(pack(TEXT.encode()))
    assert read(path) == ["für", "zwei"]
    path.write_bytes(pack(b"eins\n") + pack(TEXT.encode()))  # as `cat` joins them
    assert read(path) == ["eins", "für", "zwei"]
    path.write_bytes(TEXT.encode())
    assert read(path) == ["für", "zwei"]


@READERS
@pytest.mark.parametrize("packing", PACKED)
def test_a_damaged_compressed_file_is_named(packing, read, tmp_path):
    content = PACKED[packing](os.urandom(30_000).hex().encode() + b"\n")
    said = rf"a\.de: (the {packing} file is broken after line 0|not a whole {packing} file)"
    for wrong in (content[: len(content) // 2], content[:400] + b"\0" * 400 + content[800:], content[:20]):
        (tmp_path / "a.de").write_bytes(wrong)
        with pytest.raises(UserError, match=said):
            read(tmp_path / "a.de")


@pytest.mark.parametrize("packing", ["xz", "bzip2"])
def test_what_unpacks_to_far_more_than_text_does_is_refused(packing, tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "FREE_BYTES", 100_000)
    (tmp_path / "a").write_bytes(PACKED[packing](b"a b c\n" * 50_000))
    with pytest.raises(UserError, match=r"bytes unpack to more than \d+ \(\d+ lines so far\), which text"):
        list(read_raw_lines(tmp_path / "a"))


@READERS
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(), "a zip archive (or an office document); unpack it: unzip FILE"),
        (zipped()[-22:], "a zip archive without a file; name the right file"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive; unpack it: 7z x FILE"),
        (b"\x04\x22\x4d\x18\x64", "compressed with lz4; unpack it: lz4 -dc FILE > NEW"),
        (b"\x1f\x9d\x90", "compressed with compress; unpack it: gzip -dc FILE > NEW"),
        (b"Rar!\x1a\x07", "a rar archive; unpack it: unrar x FILE"),
        (b"PAR1\x15\x04", f"a Parquet table; {COLUMN}"),
        (TEXT.encode("utf-16"), "UTF-16; " + ICONV.format("UTF-16")),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16; " + ICONV.format("UTF-16")),
        (TEXT.encode("utf-32"), "UTF-32; " + ICONV.format("UTF-32")),
        (TEXT.encode("utf-16-le"), "UTF-16 without its mark; " + ICONV.format("UTF-16LE")),
        (TEXT.encode("utf-16-be"), "UTF-16 without its mark; " + ICONV.format("UTF-16BE")),
        (b"version https://git-lfs", "a pointer of Git LFS, not the file; fetch it: git lfs pull"),
        (b"\x5d\0\0\x80\0", "compressed with lzma; unpack it: xz -dc --format=lzma FILE > NEW"),
        (b"LZIP\x01\x0c", "compressed with lzip; unpack it: lzip -dc FILE > NEW"),
        (b"ARROW1\0\0\xff", f"an Arrow table; {COLUMN}"),
        (b"SQLite format 3\0\x10", f"an SQLite database; {COLUMN}"),
        (b"%PDF-1.7\n", "a PDF; name the file with its text, one sentence a line"),
        (b'<?xml version="1.0"?>\n<tmx>', f"XML, such as TMX; {SENTENCES}"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n\n<!-- a comment -->', f"XML, such as TMX; {SENTENCES}"),
        (b'\xef\xbb\xbf<tmx version="1.4">\n<header', f"XML, such as TMX; {SENTENCES}"),
        (b'<refset setid="newstest">\n<doc', f"a test set in SGML or XML of WMT; {SENTENCES}"),
        (b"<!DOCTYPE mteval SYSTEM 'm.dtd'>\n<mteval>", f"a test set in SGML or XML of WMT; {SENTENCES}"),
        (b'\n<HTML lang="en"\n class="a">\n<head>', WEB),
        (b"<!DOCTYPE html>\n", WEB),
        (b"<!doctype html>\n", WEB),
        (gzip.compress(b"<html>\n"), f"packed with gzip, and inside {WEB}"),
        (b"/annex/objects/MD5-s1--0\n", "a pointer of git-annex, not the file; fetch it: git annex get FILE"),
        (b"\x93NUMPY\x01\0", f"an array of NumPy; {TEXTS}"),
        (b"\x80\x04\x95\x10", f"a pickle of Python; {TEXTS}"),
        (gzip.compress(gzip.compress(TEXT.encode())), f"packed with gzip, and inside {TWICE}"),
        (tarred(), "a tar archive; unpack it: tar -xf FILE"),
        (gzip.compress(tarred()), "packed with gzip, and inside a tar archive; unpack it: tar -xf FILE"),
        (bz2.compress(TEXT.encode("utf-16")), "packed with bzip2, and inside UTF-16; " + PIPED),
    ],
    ids=[
        *("zip", "empty-zip", "7z", "lz4", "compress", "rar", "parquet", "utf-16", "utf-16-be"),
        *("utf-32", "unmarked", "unmarked-be", "pointer", "lzma", "lzip", "arrow", "sqlite", "pdf", "xml"),
        *("xml-comment", "tmx", "sgm", "mteval", "web-page-attributes"),
        *("web-page", "web-page-small", "web-page-gz", "annex", "numpy", "pickle", "twice"),
        *("tar", "tar-gz", "utf-16-bz2"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_named_with_what_makes_text_of_it(content, said, read, tmp_path):
    path = tmp_path / "a text"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value) == f"{path}: {said.replace('FILE', repr(str(path)))}"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"a", b"BZh, sagte er\n", b"PAR1 ist ein Wort\n", b"Rar!\n", b"a\0b\n"),
        # Sentences about markup, as those of software have them.
        b"<html> begins a page.\n<head> begins its head.\n",
        b"<html lang is an attribute\n",
        b'<?xml version="1.0"?> is its first line\n',
        b"<!DOCTYPE html> and <html> are needed\n",
        b"%PDF-Dateien\n",
        b"%PDF-1.7: the header\n",
        b"<corpus> is a word\n",
    ],
)
def test_text_that_begins_like_them_is_text(content, tmp_path):
    (tmp_path / "t").write_bytes(content)
    with unpacked(tmp_path / "t") as (handle, packing):
        assert (handle.read(), packing) == (content, None)


@READERS
def test_a_sentence_that_begins_as_a_mark_does_is_text(read, tmp_path):
    """The mark of lzip has a byte behind its letters that no sentence has."""
    (tmp_path / "a.de").write_text("LZIP packt Dateien.\n")
    assert read(tmp_path / "a.de") == ["LZIP packt Dateien."]


@pytest.mark.parametrize("outer", PACKED)
@pytest.mark.parametrize("inner", PACKED)
def test_packed_twice_is_told(tmp_path, outer, inner):
    path = tmp_path / "a.de"
    path.write_bytes(PACKED[outer](PACKED[inner](TEXT.encode())))
    with pytest.raises(UserError) as error:
        list(read_raw_lines(path))
    said = (
        f"packed with {outer}, and inside packed with {inner} once more; unpack it: {outer} -dc {path} > NEW"
    )
    assert str(error.value) == f"{path}: {said}"


@READERS
def test_zstd_without_its_program(read, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.de").write_bytes(b"\x28\xb5\x2f\xfd\x04\0")
    with pytest.raises(UserError) as error:
        read(tmp_path / "a.de")
    what = "compressed with zstd, whose program is not installed; install it (Debian: apt install zstd)"
    assert str(error.value) == f"{tmp_path}/a.de: {what}, or unpack it: zstd -dc {tmp_path}/a.de > NEW"


def test_a_pipe_is_told(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, TEXT.encode())
    os.close(writing)
    with pytest.raises(
        UserError, match=r"/dev/fd/\d+: a pipe, which can be read only once; write it to a file"
    ):
        list(read_raw_lines(f"/dev/fd/{reading}"))
    os.close(reading)
