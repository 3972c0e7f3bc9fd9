"""workflow.run.taken_over: records of files that a run in another folder made, and did not end well."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from workflow_scripts.workflow.run.leftovers import place_of
from workflow_scripts.workflow.run.taken_over import take_over

OUTPUT = "results/x/translations/a.txt"
BEGAN = 1000.0


def record(folder: Path, endtime: float, **said: object) -> Path:
    path = folder / ".snakemake/metadata" / place_of(OUTPUT, folder / ".snakemake")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"endtime": endtime, **said}))
    return path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two working folders with one results folder, and an output made at 2000."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / ".snakemake").mkdir(parents=True)
    path = there / OUTPUT
    path.parent.mkdir(parents=True)
    path.touch()
    os.utime(path, (2000, 2000))
    (here / "results").symlink_to(there / "results")
    return here, there


def mark(folder: Path) -> Path:
    return folder / ".snakemake/incomplete" / place_of(OUTPUT, folder / ".snakemake")


def test_the_other_runs_record_takes_the_place_of_an_older_one(folders: tuple[Path, Path]) -> None:
    here, there = folders
    mine = record(here, 500.0, params=["beam 5"])
    record(there, 2000.0, params=["beam 1"])
    said = take_over(here, [OUTPUT], {str(there): BEGAN})
    assert json.loads(mine.read_text())["params"] == ["beam 1"]
    assert said.endswith("what it made is looked at (1 files with its settings, 0 to be made again)")
    assert not mark(here).exists()
    assert take_over(here, [OUTPUT], {str(there): BEGAN}) == ""


def test_what_has_no_record_anywhere_is_made_again(folders: tuple[Path, Path]) -> None:
    here, there = folders
    record(here, 500.0)
    record(there, 500.0)  # its job had not ended
    assert "(0 files with its settings, 1 to be made again)" in take_over(
        here, [OUTPUT], {str(there): BEGAN, "/gone": 1500.0}
    )
    assert mark(here).exists()


@pytest.mark.parametrize("case", ["made here", "older than the run", "no such run"])
def test_what_the_other_run_did_not_make_stays(folders: tuple[Path, Path], case: str) -> None:
    here, there = folders
    record(here, 2000.0 if case == "made here" else 500.0)
    others = {} if case == "no such run" else {str(there): 3000.0 if case == "older than the run" else BEGAN}
    assert take_over(here, [OUTPUT, "results/x/none.txt"], others) == ""
    assert not mark(here).exists()
