"""Checkpoint files: none half written, none damaged that is used, the right one in its place."""

from __future__ import annotations

import errno
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.training.checkpoints import (  # noqa: E402
    best_checkpoint,
    copy_checkpoint,
    describe,
    disk_errors,
    is_whole,
    reached,
    read_checkpoint,
    recover,
    save_checkpoint,
    updates_of,
)

LAST, BEST = "checkpoint_last.pt", "checkpoint_best.pt"


def write(path: Path, updates: int, loss: float | None, best: float | None) -> Path:
    """A checkpoint with a tensor of 40 kB."""
    state = {
        "model": {"weight": torch.arange(10_000, dtype=torch.float32)},
        "optimizer_history": [{"num_updates": 1}, {"num_updates": updates}],
        "extra_state": {"val_loss": loss, "best": best},
    }
    save_checkpoint(state, path)
    return path


def flip(path: Path) -> None:
    """Change one bit in the middle of the tensor."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def updates(path: Path) -> int:
    return updates_of(read_checkpoint(path))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file may become larger than `size` bytes: a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_one_flipped_bit_is_damage_that_torch_does_not_see(tmp_path: Path) -> None:
    path = write(tmp_path / LAST, 10, 2.0, 2.0)
    assert is_whole(path)
    flip(path)
    assert not is_whole(path)
    read = read_checkpoint(path)["model"]["weight"]
    assert int((read != torch.arange(10_000, dtype=torch.float32)).sum()) == 1


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LAST).write_bytes(content)
    assert not is_whole(tmp_path / LAST)
    assert describe(tmp_path / LAST) is None
    assert reached(tmp_path) == 0


def test_what_cannot_be_read_now_is_not_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system that is away for a moment must not cost a training its checkpoints."""
    path = write(tmp_path / LAST, 10, 2.0, 2.0)

    def away(*_: object, **__: object) -> None:
        raise TimeoutError(110, "Connection timed out", str(path))

    for name in ("zipfile.ZipFile", "torch.load"):
        with monkeypatch.context() as patch, pytest.raises(TimeoutError):
            patch.setattr(name, away)
            recover(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr("torch.load", lambda *_, **__: bytearray(2**62))
        recover(tmp_path)
    assert names(tmp_path) == [LAST]


def test_a_file_system_that_cannot_map_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / LAST, 10, 2.0, 2.0)
    plain = torch.load

    def no_mapping(*arguments: object, **named: object) -> object:
        if named.get("mmap"):
            raise RuntimeError("unable to mmap 40000 bytes from file: No such device (19)")
        return plain(*arguments, **named)

    monkeypatch.setattr("torch.load", no_mapping)
    found = describe(path)
    assert found is not None
    assert (found.updates, found.loss, found.is_best) == (10, 2.0, True)


def test_the_most_updates_that_any_checkpoint_has_seen(tmp_path: Path) -> None:
    write(tmp_path / LAST, 10, 2.0, 2.0)
    write(tmp_path / "checkpoint_1_20.pt", 20, 1.0, 1.0)
    assert reached(tmp_path) == 20


@pytest.mark.parametrize("damage", [cut, flip])
def test_a_damaged_last_checkpoint_is_replaced_by_the_newest_intact_one(
    tmp_path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "checkpoint_1_30.pt", 30, 2.5, 2.0)
    write(tmp_path / LAST, 30, 2.5, 2.0)
    write(tmp_path / BEST, 20, 2.0, 2.0)
    damage(tmp_path / LAST)  # type: ignore[operator]
    recover(tmp_path)
    assert updates(tmp_path / LAST) == 30
    assert updates(tmp_path / BEST) == 20
    assert f"{tmp_path / LAST} is damaged; kept as {LAST}.damaged and not used" in caplog.messages
    assert f"{tmp_path}: going on from checkpoint_1_30.pt, update 30" in caplog.messages
    # The interval's checkpoint too: what is left is the best.
    cut(tmp_path / LAST)
    cut(tmp_path / "checkpoint_1_30.pt")
    recover(tmp_path)
    assert updates(tmp_path / LAST) == 20
    assert names(tmp_path) == [
        "checkpoint_1_30.pt.damaged",
        BEST,
        LAST,
        f"{LAST}.damaged",
        f"{LAST}.damaged-2",
    ]


def test_without_an_intact_one_training_starts_clean_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (LAST, BEST):
        cut(write(tmp_path / name, 10, 2.0, 2.0))
    recover(tmp_path)
    assert names(tmp_path) == [f"{BEST}.damaged", f"{LAST}.damaged"]
    assert caplog.messages[-1] == f"{tmp_path}: no checkpoint is intact; starting clean"


def test_a_new_training_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    recover(tmp_path)
    assert caplog.messages == []


def test_of_one_update_the_checkpoint_after_its_validation_is_taken(tmp_path: Path) -> None:
    """A slice that ended before the validation left one of update 20; the next slice validated, and wrote
    another."""
    write(tmp_path / BEST, 10, 2.0, 2.0)
    write(tmp_path / LAST, 20, None, 2.0)
    write(tmp_path / "checkpoint_1_20.pt", 20, 2.5, 2.0)
    recover(tmp_path)
    found = describe(tmp_path / LAST)
    assert found is not None and (found.updates, found.loss) == (20, 2.5)
    # The other way round the last one is right, and stays.
    write(tmp_path / "checkpoint_1_20.pt", 20, None, 2.0)
    before = (tmp_path / LAST).read_bytes()
    recover(tmp_path)
    assert (tmp_path / LAST).read_bytes() == before


def test_more_updates_come_before_a_validation(tmp_path: Path) -> None:
    write(tmp_path / BEST, 20, 2.0, 2.0)
    write(tmp_path / LAST, 20, 2.0, 2.0)
    write(tmp_path / "checkpoint_1_30.pt", 30, None, 2.0)
    recover(tmp_path)
    assert updates(tmp_path / LAST) == 30


def test_the_best_that_was_lost_is_the_best_and_not_the_last(tmp_path: Path) -> None:
    """Losses 3, 2 and 2.5: of update 20, though it is neither the first nor the last."""
    write(tmp_path / "checkpoint_1_10.pt", 10, 3.0, 3.0)
    write(tmp_path / "checkpoint_1_20.pt", 20, 2.0, 2.0)
    write(tmp_path / LAST, 30, 2.5, 2.0)
    recover(tmp_path)
    assert updates(tmp_path / BEST) == 20
    assert updates(tmp_path / LAST) == 30


@pytest.mark.parametrize(("loss", "best_after"), [(1.9, 20), (2.0, 20), (2.1, 10)])
def test_killed_between_writing_a_checkpoint_and_copying_it(
    tmp_path: Path, loss: float, best_after: int
) -> None:
    """It knows itself as the best (an equal loss counts): going on, nothing would be as good again."""
    write(tmp_path / LAST, 10, 2.0, 2.0)
    write(tmp_path / BEST, 10, 2.0, 2.0)
    write(tmp_path / "checkpoint_1_20.pt", 20, loss, min(loss, 2.0))
    recover(tmp_path)
    assert updates(tmp_path / LAST) == 20
    assert updates(tmp_path / BEST) == best_after


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    write(tmp_path / LAST, 10, 2.0, 2.0)
    for name in (".checkpoint_last.77.tmp.pt", "checkpoint_1_20.pt.tmp", "checkpoint_best.pt.77.tmp"):
        (tmp_path / name).write_text("half")
    recover(tmp_path)
    assert names(tmp_path) == [BEST, LAST]  # a best that was lost is found again


def test_a_damaged_best_is_taken_from_another_of_its_update(tmp_path: Path) -> None:
    write(tmp_path / "checkpoint_1_30.pt", 30, 2.5, 2.0)
    write(tmp_path / "checkpoint_1_20.pt", 20, 2.0, 2.0)
    write(tmp_path / "checkpoint_1_10.pt", 10, 3.0, 3.0)
    cut(write(tmp_path / BEST, 20, 2.0, 2.0))
    assert best_checkpoint(tmp_path) == tmp_path / BEST
    assert updates(tmp_path / BEST) == 20
    cut(tmp_path / BEST)
    (tmp_path / "checkpoint_1_20.pt").unlink()
    assert best_checkpoint(tmp_path) is None
    assert not (tmp_path / BEST).exists()


@pytest.mark.parametrize("state", ["damaged", "missing"])
def test_without_the_best_update_so_far_training_does_not_go_on(tmp_path: Path, state: str) -> None:
    """Update 30 knows of a loss of 2.0 that no file holds: after weeks that are no better nothing could be
    exported."""
    write(tmp_path / LAST, 30, 2.5, 2.0)
    write(tmp_path / "checkpoint_1_30.pt", 30, 2.5, 2.0)
    write(tmp_path / "checkpoint_1_10.pt", 10, 3.0, 3.0)
    write(tmp_path / BEST, 20, 2.0, 2.0)
    copy_checkpoint(tmp_path / BEST, tmp_path / "copy.pt")
    if state == "damaged":
        flip(tmp_path / BEST)
    else:
        (tmp_path / BEST).unlink()
    line = (
        rf"^{tmp_path / BEST} is {state}, and no other .* \(loss 2.000\); put a copy .* move {tmp_path} away"
    )
    for _ in range(2):
        with pytest.raises(UserError, match=line):
            recover(tmp_path)
    copy_checkpoint(tmp_path / "copy.pt", tmp_path / BEST)
    recover(tmp_path)
    assert updates(tmp_path / LAST) == 30


def test_what_was_to_be_read_elsewhere_is_not_told_as_a_disk_that_cannot_be_written(tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "data.bin", PermissionError), (tmp_path / "out/x", UserError)):
        with (
            pytest.raises((PermissionError, UserError)) as caught,
            disk_errors(tmp_path / "folder", tmp_path / "out"),
        ):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        assert caught.type is kind
    with pytest.raises(PermissionError) as unnamed, disk_errors(tmp_path / "folder", tmp_path / "out"):
        try:
            raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "data.bin"))
        except PermissionError as error:
            raise RuntimeError("torch's own words") from error
    assert unnamed.value.filename == str(tmp_path / "data.bin")


def test_a_disk_that_is_full_leaves_the_old_checkpoint_and_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / LAST, 10, 2.0, 2.0)
    before = path.read_bytes()
    line = rf"{path}: File too large; free some space \(make clean-training lists .*\), then run again"
    with files_of_at_most(20_000):
        with pytest.raises(UserError, match=line):
            write(path, 20, 1.0, 1.0)
        with pytest.raises(UserError, match=line.replace(LAST, BEST)):
            copy_checkpoint(path, tmp_path / BEST)
    assert names(tmp_path) == [LAST]
    assert path.read_bytes() == before


def test_an_error_that_is_not_the_disks_is_not_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint({"x": lambda: None}, tmp_path / LAST)
    with pytest.raises(FileNotFoundError):
        copy_checkpoint(tmp_path / "none.pt", tmp_path / LAST)
