"""A real file system that is full or becomes read-only while a training writes its checkpoint."""

import subprocess

import pytest

from tests.training.interrupted import after_update, same_weights
from tests.training.toy_world import baseline_arguments
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.training.checkpoints import is_whole, read_checkpoint, updates_of
from workflow_scripts.train.train_baseline import main

SIZE = 16_000_000


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, in memory."""
    path = tmp_path / "disk"
    path.mkdir()
    try:
        mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path))
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], timeout=60, check=True)


def fill(disk, free):
    import shutil

    with (disk / "filler").open("wb") as handle:
        handle.write(bytes(shutil.disk_usage(disk).free - free))


@pytest.mark.parametrize("free", [0, 60_000])
def test_a_full_disk_is_one_line_and_the_training_goes_on_when_there_is_space(
    world, straight, tmp_path, disk, monkeypatch, free
):
    """Filled up after update 15: nothing can be written at all, or the checkpoint of 20 does not fit."""
    folder = disk / "folder"
    arguments = baseline_arguments(world, folder, tmp_path / "out")
    name = rf"{folder}/checkpoint_(1|2)_20\.pt" if free else rf"{folder}.*"
    line = rf"^{name}: No space left on device; free some space \(make clean-training .*then run again"
    with after_update(15, lambda: fill(disk, free), monkeypatch), pytest.raises(UserError, match=line):
        main(arguments)
    assert all(is_whole(path) for path in folder.glob("*.pt"))
    assert updates_of(read_checkpoint(folder / "checkpoint_last.pt")) == 10
    assert not list(folder.glob(".*.tmp*"))
    assert not (folder / "owner.json").exists()
    with pytest.raises(UserError, match="No space left on device"):  # still full
        main(arguments)
    (disk / "filler").unlink()
    main(arguments)
    assert same_weights(tmp_path / "out", straight)


def test_a_disk_that_becomes_read_only(world, straight, tmp_path, disk, monkeypatch):
    folder = disk / "folder"
    arguments = baseline_arguments(world, folder, tmp_path / "out")
    with (
        after_update(15, lambda: mount("-o", "remount,ro", str(disk)), monkeypatch),
        pytest.raises(
            UserError, match=rf"^{folder}.*: Read-only file system; give write access to it, then run"
        ),
    ):
        main(arguments)
    with pytest.raises(UserError, match=rf"^{folder}.*: Read-only file system"):
        main(arguments)
    mount("-o", "remount,rw", str(disk))
    main(arguments)
    assert same_weights(tmp_path / "out", straight)


def test_a_full_disk_at_export_leaves_no_system(world, straight, tmp_path, disk):
    main(baseline_arguments(world, tmp_path / "folder", disk / "out"))
    (disk / "out" / "model.safetensors").unlink()
    fill(disk, 20_000)
    with pytest.raises(UserError, match=rf"^{disk / 'out'}.*: No space left on device"):
        main(baseline_arguments(world, tmp_path / "folder", disk / "out"))
    assert not (disk / "out" / "system.json").exists()
    (disk / "filler").unlink()
    main(baseline_arguments(world, tmp_path / "folder", disk / "out"))
    assert same_weights(disk / "out", straight)
