"""workflow.plan.planned: what a run was to make again is known until it is made."""

from __future__ import annotations

import os
from pathlib import Path

from workflow_scripts.workflow.plan.planned import PLANNED, add, lost, made, take_off_what_was_made


def write(results: Path, *files: str) -> None:
    for file in files:
        (results / file).parent.mkdir(parents=True, exist_ok=True)
        (results / file).write_text("x")


def test_an_output_that_a_failed_run_removed_is_lost_until_it_is_made(tmp_path: Path) -> None:
    write(tmp_path, "masks/k70.npz", "tables/summary.md")
    add(tmp_path, {"masks/k70.npz", "tables/summary.md"})
    assert lost(tmp_path) == []
    (tmp_path / "masks/k70.npz").unlink()  # as Snakemake does before a job begins
    assert lost(tmp_path) == ["masks/k70.npz"]
    add(tmp_path, {"masks/k70.npz"})  # the next run plans it again, and fails too
    assert lost(tmp_path) == ["masks/k70.npz"]
    write(tmp_path, "masks/k70.npz")
    made(tmp_path, {"masks/k70.npz", "tables/summary.md"})
    assert not (tmp_path / PLANNED).exists()


def test_what_was_never_there_is_asked_for_by_what_needs_it(tmp_path: Path) -> None:
    add(tmp_path, {"masks/k70.npz"})
    assert lost(tmp_path) == []
    assert not (tmp_path / PLANNED).exists()


def test_what_was_deleted_before_is_lost_like_what_the_run_removed(tmp_path: Path) -> None:
    add(tmp_path, {"activations/de-en.npz", "masks/k70.npz"}, deleted={"activations/de-en.npz"})
    assert lost(tmp_path) == ["activations/de-en.npz"]


def test_what_another_run_is_writing_stays_on_the_list(tmp_path: Path) -> None:
    write(tmp_path, "mine", "its")
    add(tmp_path, {"mine", "its"})
    later = (tmp_path / "its").stat().st_mtime + 10
    for file in ("mine", "its"):
        os.utime(tmp_path / file, (later, later))
    take_off_what_was_made(tmp_path, {"mine"})
    for file in ("mine", "its"):
        (tmp_path / file).unlink()
    assert lost(tmp_path) == ["its"]


def test_what_a_failed_run_had_made_may_be_deleted_by_the_user(tmp_path: Path) -> None:
    """`old` was planned and not reached, `new` was made before another job failed."""
    write(tmp_path, "new", "old")
    for file in ("new", "old"):
        os.utime(tmp_path / file, (1, 1))
    add(tmp_path, {"new", "old"})
    write(tmp_path, "new")
    later = (tmp_path / "new").stat().st_mtime + 10
    os.utime(tmp_path / "new", (later, later))
    take_off_what_was_made(tmp_path)
    (tmp_path / "new").unlink()
    (tmp_path / "old").unlink()
    assert lost(tmp_path) == ["old"]


def test_another_run_of_the_same_experiment_keeps_its_own(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    add(tmp_path, {"a"})
    add(tmp_path, {"b"})
    made(tmp_path, {"b"})
    (tmp_path / "a").unlink()
    (tmp_path / "b").unlink()
    assert lost(tmp_path) == ["a"]


def test_a_list_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    (tmp_path / PLANNED).write_text('{"files": ')
    assert lost(tmp_path) == []
    assert lost(tmp_path / "nowhere") == []
    made(tmp_path / "nowhere", {"a"})
    assert not (tmp_path / "nowhere").exists()
