"""Folders that cannot be written and environments that do not start: one line, before anything is touched."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.run.preflight import (
    missing_environment,
    number_of_cores,
    unusable_path,
    unwritable,
    without_cache,
)
from workflow_scripts.workflow.software.environments import VENVS_VARIABLE

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user reaches; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def seen_by_a_user_without_rights(files: list[str]) -> str | None:
    """`unwritable` as a user other than root, whom no rights would stop."""
    script = "import json, os, sys; from workflow_scripts.workflow.run.preflight import unwritable\n"
    script += f"if os.getuid() == 0: os.setuid({NOBODY})\n"
    script += "print(json.dumps(unwritable(json.loads(sys.argv[1]))))"
    command = [sys.executable, "-c", script, json.dumps(files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    result: str | None = json.loads(done.stdout)
    return result


def test_cores_are_a_number_from_one_up_or_all() -> None:
    assert number_of_cores("3") == 3
    assert number_of_cores("all") >= 1
    for said in ("0", "-1", "1.5", "x", "", "٣"):
        with pytest.raises(UserError, match=f"^CORES={said}: say how many cores to use, from 1 up, or all$"):
            number_of_cores(said)


def test_paths_that_no_run_can_work_in() -> None:
    assert unusable_path(Path("/it's #1 $x"), Path("/a: b%")) is None
    assert unusable_path(Path("/a:b"), Path("/")) == (
        "'/a:b': the checkout's path must not hold ':': move it, or rename the folder"
    )
    assert unusable_path(Path("/a"), Path("/b/x{2}")) == (
        "'/b/x{2}': the working directory's path must not hold '{': take another, or rename it"
    )


def test_a_home_that_cannot_be_written_is_told_before_snakemake_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert without_cache() == (
        "/dev/null/.cache cannot be written (Not a directory), and Snakemake needs it: name another folder,"
        f" e.g. export XDG_CACHE_HOME={tmp_path}/.cache"
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    assert without_cache() is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # names nothing
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert without_cache() is None and (tmp_path / "home/.cache").is_dir()


def test_a_folder_without_the_right_to_write(open_folder: Path) -> None:
    closed = open_folder / "results"
    closed.mkdir(mode=0o555)
    free = open_folder / "free"
    free.mkdir()
    free.chmod(0o777)
    said = seen_by_a_user_without_rights([f"{closed}/tables/summary.md", f"{free}/new/x"])
    assert said == (
        f"{closed} cannot be written by this user: give yourself the right, e.g. chmod u+rwx {closed}"
    )
    assert seen_by_a_user_without_rights([f"{free}/new/x"]) is None


def test_a_file_where_a_folder_has_to_be(tmp_path: Path) -> None:
    (tmp_path / "tables").touch()
    wanted = tmp_path / "tables" / "en"
    assert unwritable([f"{wanted}/x.csv", f"{tmp_path}/new/deep/x"]) == (
        f"{tmp_path / 'tables'} is not a folder, but one is needed there: move it away"
    )
    assert unwritable([f"{tmp_path}/new/deep/x"]) is None
    (tmp_path / "link").symlink_to(tmp_path / "unmounted")
    assert "link is not a folder" in str(unwritable([f"{tmp_path}/link/x"]))


def test_a_file_system_mounted_read_only() -> None:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    read_only = [m[1] for m in mounts if "ro" in m[3].split(",") and Path(m[1]).is_dir()]
    if not read_only:
        pytest.skip("nothing is mounted read-only")
    said = unwritable([f"{read_only[0]}/x"])
    assert said == f"{read_only[0]} is on a file system mounted read-only: mount it for writing"


def test_an_environment_that_is_missing_or_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VENVS_VARIABLE, str(tmp_path))

    def interpreter(name: str) -> Path:
        (tmp_path / name / "bin").mkdir(parents=True)
        return tmp_path / name / "bin" / "python"

    interpreter("text").symlink_to(sys.executable)
    assert missing_environment(["text", "text"]) is None
    assert missing_environment(["text", "fairseq"]) == (
        f"environment 'fairseq' is missing ({tmp_path}/fairseq/bin/python): run 'make setup'"
    )
    interpreter("fairseq").symlink_to(tmp_path / "removed" / "python3.11")
    assert "environment 'fairseq' is missing" in str(missing_environment(["fairseq"]))
    broken = interpreter("evaluate")
    broken.write_text("#!/bin/sh\necho 'libpython3.11.so: cannot open' >&2; exit 127\n")
    broken.chmod(0o755)
    assert missing_environment(["evaluate"]) == (
        f"environment 'evaluate' does not start ({broken}: libpython3.11.so: cannot open):"
        f" remove {tmp_path}/evaluate, then run 'make setup'"
    )
    broken.chmod(0o644)
    assert "does not start" in str(missing_environment(["evaluate"]))
