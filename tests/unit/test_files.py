"""Files are whole or absent: what a failure leaves, on a full disk and a read-only one too."""

import errno
import hashlib
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.common import files
from workflow_scripts.common.archive import write_archive
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import atomic_path, read_json, sha256_of, write_json, write_text
from workflow_scripts.data import prepare_text


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB; mount it again with other options by the function given."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options):
        done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting a file system is not permitted here: {done.stderr.strip()}")

    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs")
    yield folder, mount
    subprocess.run(["umount", str(folder)], check=True)


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_nothing_half_written_is_left(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")
    with pytest.raises(UserError), atomic_path(path) as temporary:
        temporary.write_text("half of")
        raise UserError("wrong")
    assert (path.read_text(), names(tmp_path)) == ("before", ["a.txt"])


def test_a_hash_is_of_every_byte(tmp_path):
    """Also of what lies beyond the blocks that a file is read in."""
    content = bytes(range(256)) * 4096  # a mebibyte
    for last in (b"", b"\0", b"\1"):
        (tmp_path / "a.bin").write_bytes(content + last)
        assert sha256_of(tmp_path / "a.bin") == hashlib.sha256(content + last).hexdigest()


def test_the_folder_is_synced_after_the_rename(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(
        files.os, "fsync", lambda fd: order.append(Path(f"/proc/self/fd/{fd}").readlink().name)
    )
    replace = os.replace
    monkeypatch.setattr(files.os, "replace", lambda a, b: (order.append("rename"), replace(a, b)))
    write_text(tmp_path / "folder/a.txt", "x")
    assert [re.sub(r"\.[^.]+-\d+\.tmp", ".N.tmp", name) for name in order] == [
        ".a.N.tmp.txt",
        "rename",
        "folder",
    ]


@pytest.mark.parametrize(("number", "refused"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_file_system_that_cannot_sync_folders(tmp_path, monkeypatch, number, refused):
    fsync = os.fsync

    def of_files_only(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink() == tmp_path:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", of_files_only)
    if refused:
        with pytest.raises(OSError) as raised:
            write_text(tmp_path / "a.txt", "x")
        assert raised.value.filename == str(tmp_path)
    else:
        write_text(tmp_path / "a.txt", "x")
    assert names(tmp_path) == ["a.txt"]


def test_a_name_that_is_too_long_is_named_as_the_user_knows_it(tmp_path):
    path = tmp_path / ("x" * 250 + ".txt")
    with pytest.raises(OSError) as raised:
        write_text(path, "x")
    assert (raised.value.errno, raised.value.filename) == (errno.ENAMETOOLONG, str(path))


def test_a_failing_read_inside_is_not_blamed_on_the_output(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, atomic_path(tmp_path / "out.txt"):
        (tmp_path / "absent").read_text()
    assert raised.value.filename == str(tmp_path / "absent")


def test_a_full_disk_ends_a_text_stage_in_one_line(tmp_path, small_disk, monkeypatch, capsys):
    disk, _ = small_disk
    for lang in ("de", "en"):
        (tmp_path / f"in.{lang}").write_text("ein Satz mit einigen Wörtern\n" * 4000)
    out = [disk / "de-en.de.txt", disk / "de-en.en.txt"]
    write_text(out[0], "an earlier file\n")
    arguments = ["--pair", "de-en", "--files", *(str(tmp_path / f"in.{lang}") for lang in ("de", "en"))]
    arguments += ["--out", *map(str, out), "--stats", str(disk / "de-en.json")]
    monkeypatch.setattr("sys.argv", ["prepare_text", *arguments])
    with pytest.raises(SystemExit) as stopped:
        run_main(prepare_text.main)
    assert stopped.value.code == 1
    advice = "the disk is full: free some space there and run the same command again"
    assert capsys.readouterr().err in {f"error: {path}: {advice}\n" for path in out}
    # What was there is as it was, and the half-written files are gone.
    assert (names(disk), out[0].read_text()) == (["de-en.de.txt"], "an earlier file\n")


def test_a_full_disk_and_an_archive(small_disk):
    disk, _ = small_disk
    write_archive(disk / "masks.npz", {"bits": np.zeros(10, np.uint8)}, {"format": "x"})
    before = (disk / "masks.npz").read_bytes()
    with pytest.raises(OSError) as raised:
        write_archive(disk / "masks.npz", {"bits": np.zeros(100_000, np.uint8)}, {"format": "x"})
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(disk / "masks.npz"))
    assert (names(disk), (disk / "masks.npz").read_bytes()) == (["masks.npz"], before)


def test_a_read_only_disk(small_disk):
    disk, mount = small_disk
    write_text(disk / "a.txt", "before")
    mount("-o", "remount,ro")
    for path in (disk / "a.txt", disk / "new/a.txt"):
        with pytest.raises(OSError) as raised:
            write_text(path, "after")
        assert raised.value.errno == errno.EROFS
        assert raised.value.filename in (str(path), str(path.parent))
    assert (names(disk), (disk / "a.txt").read_text()) == (["a.txt"], "before")


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"a": 1', "line 1, column 8: Expecting ',' delimiter"),
        (b"", "line 1, column 1: Expecting value"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits"),
    ],
)
def test_damaged_json_is_a_mistake_and_a_value_error(tmp_path, content, where):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    said = f"{path}: damaged, not JSON ({where}); delete it and run the step that writes it again"
    for kind in (UserError, ValueError):
        with pytest.raises(kind) as raised:
            read_json(path)
        assert str(raised.value) == said


def test_json_goes_both_ways(tmp_path):
    write_json(tmp_path / "a.json", {"ä": [1, None]})
    assert read_json(tmp_path / "a.json") == {"ä": [1, None]}
