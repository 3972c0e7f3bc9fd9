"""Copies of training data on a node's disk: shared, removed by the last, never a reason to fail."""

from __future__ import annotations

import logging
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.fairseq.shards import training_files
from workflow_scripts.train import scratch
from workflow_scripts.train.scratch import near_data

DIRECTIONS = ["de-en", "en-de"]


def lay_down(folder: Path, content: str, *subsets: str) -> None:
    folder.mkdir(parents=True)
    for subset in subsets:
        for language in ("de", "en"):
            for extension in ("bin", "idx"):
                (folder / f"{subset}.de-en.{language}.{extension}").write_text(f"{content} {subset}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data, `data`, and the node's disk, `node`, named by a variable of the node."""
    lay_down(tmp_path / "data", "a", "train", "valid")
    (tmp_path / "node").mkdir()
    monkeypatch.setenv("NODE", str(tmp_path / "node"))
    monkeypatch.setenv(scratch.SCRATCH_VARIABLE, "$NODE")
    return tmp_path


def hashes(data_bin: str) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in training_files(data_bin, DIRECTIONS).items()}


def near(data_bin: Path | str) -> AbstractContextManager[str]:
    return near_data(str(data_bin), training_files(str(data_bin), DIRECTIONS), hashes(str(data_bin)))


def copied(place: Path) -> list[Path]:
    """What lies on the node's disk in this user's folder."""
    return [path for folder in (place / "node").iterdir() for path in folder.iterdir()]


def test_the_copy_has_the_same_files_and_is_gone_afterwards(place: Path) -> None:
    with near(place / "data") as data_bin:
        assert Path(data_bin).is_relative_to(place / "node")
        assert hashes(data_bin) == hashes(str(place / "data"))
    assert copied(place) == []


def test_without_the_variable_nothing_is_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(scratch.SCRATCH_VARIABLE)
    with near(place / "data") as data_bin:
        assert data_bin == str(place / "data")
    assert list((place / "node").iterdir()) == []


def test_shards_keep_their_order(place: Path) -> None:
    lay_down(place / "x", "first", "train", "valid")
    lay_down(place / "y", "second", "train")
    both = f"{place / 'x'}:{place / 'y'}"
    with near(both) as data_bin:
        folders = data_bin.split(":")
        assert [Path(one).name for one in folders] == ["shard0", "shard1"]
        assert hashes(data_bin) == hashes(both)
        assert not (Path(folders[1]) / "valid.de-en.de.bin").exists()


def test_trainings_of_the_same_data_share_a_copy(place: Path) -> None:
    shutil.copytree(place / "data", place / "again")
    with near(place / "data") as first:
        with near(place / "again") as second:
            assert first == second
        assert hashes(first)  # the other one left it
        (place / "data" / "train.de-en.de.bin").write_text("b train")
        with near(place / "data") as other:
            assert other != first
    assert copied(place) == []


def test_what_killed_trainings_left_is_used_or_removed(place: Path) -> None:
    with near(place / "data") as data_bin:
        kept = Path(data_bin)
        shutil.copytree(kept, place / "kept")
    folder = kept.parent
    (place / "kept").rename(kept)
    (kept / "train.de-en.de.bin").write_text("A train")  # as long: told from a new copy
    for name in ("other", "other.half"):
        (folder / name).mkdir()
    (folder / "other.lock").touch()
    with near(place / "data") as data_bin:
        assert (Path(data_bin) / "train.de-en.de.bin").read_text() == "A train"
        assert sorted(path.name for path in folder.iterdir()) == [kept.name, f"{kept.name}.lock"]
    assert copied(place) == []


def test_a_copy_that_was_tidied_away_in_part_is_made_again(place: Path) -> None:
    with near(place / "data") as data_bin:
        kept = Path(data_bin)
        shutil.copytree(kept, place / "kept")
    (place / "kept").rename(kept)
    (kept / "train.de-en.de.bin").unlink()
    with near(place / "data") as data_bin:
        assert hashes(data_bin) == hashes(str(place / "data"))


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("/dev/null", "/dev/null is not a folder of this node"),
        ("$NOT_SET_HERE/x", "a variable in it is not set on this node"),
    ],
)
def test_where_there_is_no_scratch_a_line_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, named: str, why: str
) -> None:
    monkeypatch.setenv(scratch.SCRATCH_VARIABLE, named)
    with caplog.at_level(logging.WARNING), near(place / "data") as data_bin:
        assert data_bin == str(place / "data")
    read_from = f"training data is read from {place / 'data'}"
    assert caplog.messages == [f"NEURONSPEC_SCRATCH={named}: {why}; {read_from}"]


def test_a_disk_without_room_is_a_line_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Sparse: a terabyte of training text that takes no room itself.
    with (place / "data" / "train.de-en.de.bin").open("r+b") as file:
        file.truncate(10**13)
    data = str(place / "data")
    files = training_files(data, DIRECTIONS)
    known = dict.fromkeys(files, "0")
    with (
        caplog.at_level(logging.WARNING),
        near_data(data, files, known) as data_bin,
    ):
        assert data_bin == str(place / "data")
    assert len(caplog.messages) == 1
    assert "10000000 MB of training data do not fit into" in caplog.messages[0]
    assert [path for path in copied(place) if path.suffix != ".lock"] == []
