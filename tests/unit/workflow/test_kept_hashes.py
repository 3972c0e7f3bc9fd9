"""Hashes that are kept: a large file is read again only when something of it changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from workflow_scripts.workflow.provenance import kept_hashes
from workflow_scripts.workflow.provenance.kept_hashes import FILE, KeptHashes


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read; every file is large, and none is new."""
    names: list[str] = []

    def sha256_of(path: Path) -> str:
        names.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(kept_hashes, "sha256_of", sha256_of)
    monkeypatch.setattr(kept_hashes, "KEPT_FROM", 3)
    monkeypatch.setattr(kept_hashes, "SETTLED_SECONDS", -1.0)
    return names


def hashes(folder: Path) -> KeptHashes:
    (folder / ".snakemake").mkdir(exist_ok=True)
    return KeptHashes(folder / FILE)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, read: list[str]) -> None:
    text = tmp_path / "train.de"
    text.write_bytes(b"abc")
    one = hashes(tmp_path)
    # The published hash of these three bytes.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert [one.of(text), one.of(text)] == [abc, abc]
    one.save()
    assert hashes(tmp_path).of(text) == abc
    assert read == ["train.de"]
    # The same size, the same time, the same inode: only the time of its last change tells.
    before = text.stat()
    with text.open("r+b") as handle:
        handle.write(b"xyz")
    os.utime(text, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (text.stat().st_mtime_ns, text.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert one.of(text) == abc  # of one run: what its jobs were planned with counts
    assert hashes(tmp_path).of(text) == hashlib.sha256(b"xyz").hexdigest()
    assert read == ["train.de"] * 2


def test_small_files_and_new_ones_are_not_kept(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, new = tmp_path / "a", tmp_path / "b"
    small.write_bytes(b"ab")
    one = hashes(tmp_path)
    one.of(small)
    monkeypatch.setattr(kept_hashes, "SETTLED_SECONDS", 60.0)
    new.write_bytes(b"abc")  # it may be written again with the same time
    one.of(new)
    one.save()
    assert not (tmp_path / FILE).exists()


def test_what_is_no_file_has_no_hash(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    one = KeptHashes()
    assert [one.of(tmp_path / name) for name in ("none", "pipe", ".")] == [None, None, None]


def test_a_broken_list_is_none(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / ".snakemake").mkdir()
    for text in ("{", '{"files": 1}', '{"files": {"%s": 1}}' % (tmp_path / "a")):
        (tmp_path / FILE).write_text(text)
        assert KeptHashes(tmp_path / FILE).of(tmp_path / "a") is not None
    assert read == ["a"] * 3
