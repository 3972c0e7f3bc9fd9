"""Jobs of a run that is gone are found and ended; those of live runs, other folders and hosts are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from workflow_scripts.common.processes import identity, is_gone, start_time
from workflow_scripts.workflow.run.leftovers import (
    RUN_VARIABLE,
    end,
    end_orphans,
    orphans,
    rule_of,
)

ROOT = Path(__file__).resolve().parents[3]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `sleep` (or another command) in a folder with an identity; all are killed after the test."""
    processes = []

    def begin(folder: Path, run: str, *command: str) -> subprocess.Popen[bytes]:
        variables = {**os.environ, RUN_VARIABLE: run}
        process = subprocess.Popen(
            command or ("sleep", "600"), cwd=folder, env=variables, stdout=subprocess.PIPE
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def of_a_run_that_is_gone() -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from workflow_scripts.common.processes import identity; print(identity())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_process_is_known_by_its_start_time_as_well() -> None:
    host, number, started = identity().rsplit(" ", 2)
    assert number == str(os.getpid()) and started == start_time(os.getpid())
    assert not is_gone(identity())
    assert is_gone(f"{host} {number} {int(started) - 1}")  # the number was given out again
    assert is_gone(of_a_run_that_is_gone())
    assert not is_gone(f"elsewhere{host} {number} 1")
    # Without /proc the start is unknown.
    unclear = ("", "x", "a b c", f"{host} x 1", f"{number} 1", f"{host} {number} None")
    assert not any(is_gone(text) for text in unclear)


def test_a_process_that_only_waits_to_be_noticed_is_gone() -> None:
    process = subprocess.Popen(["true"])
    deadline = time.monotonic() + 10
    while start_time(process.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert Path(f"/proc/{process.pid}").exists()
    process.wait()


def test_only_jobs_of_a_gone_run_of_this_folder_and_host_are_ended(start: Start, tmp_path: Path) -> None:
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    gone = of_a_run_that_is_gone()
    orphan = start(here, gone)
    kept = [start(here, identity()), start(other, gone), start(here, f"else{gone}"), start(here, "")]
    assert [process.pid for process in orphans(here)] == [orphan.pid]
    assert end_orphans(here, 5) == "what was left of a killed run's jobs was ended"
    assert start_time(orphan.pid) is None
    assert [process.poll() for process in kept] == [None] * 4
    assert end_orphans(here, 5) is None


def test_a_job_is_named_by_its_rule_and_ends_with_its_shell_and_its_workers(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "workflow_scripts").mkdir()
    (tmp_path / "workflow_scripts/__init__.py").touch()
    (tmp_path / "workflow_scripts/decode.py").write_text(
        "import subprocess, sys\n"
        # A worker that inherits nothing is found as a child.
        "subprocess.Popen(['sleep', '600'], env={})\nprint('on', flush=True)\nimport time; time.sleep(600)\n"
    )
    script = f"{sys.executable} -m workflow_scripts.decode; echo went on > went_on"
    shell = start(tmp_path, of_a_run_that_is_gone(), "bash", "-c", script)
    assert shell.stdout is not None and shell.stdout.readline() == b"on\n"
    processes = orphans(tmp_path)
    assert [rule_of(process) for process in processes].count("decode") == 1
    assert len(processes) == 3
    said = end_orphans(tmp_path, 5)
    number = next(process.pid for process in processes if process.pid != shell.pid)
    assert said == f"1 job of a killed run was still at work and had to end: decode (process {number})"
    assert not any(start_time(process.pid) for process in processes)
    assert not (tmp_path / "went_on").exists()


def test_what_does_not_end_by_itself_is_killed(start: Start, tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    process = start(tmp_path, "", sys.executable, "-c", stubborn)
    assert process.stdout is not None and process.stdout.readline()
    began = time.monotonic()
    end([psutil.Process(process.pid)], grace=0.3)
    assert time.monotonic() - began >= 0.3
    assert start_time(process.pid) is None


def test_one_that_was_stopped_ends_at_once(start: Start, tmp_path: Path) -> None:
    process = psutil.Process(start(tmp_path, "").pid)
    process.suspend()
    began = time.monotonic()
    end([process], grace=200)
    assert time.monotonic() - began < 100
    assert start_time(process.pid) is None


def test_this_run_and_those_it_was_started_by_are_never_orphans(start: Start, tmp_path: Path) -> None:
    """A workflow that a job of another, killed one has started must not end itself."""
    script = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'from pathlib import Path;"
        "from workflow_scripts.workflow.run.leftovers import orphans; print(orphans(Path()))'])"
    )
    variables = {**os.environ, RUN_VARIABLE: of_a_run_that_is_gone(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]", done.stderr
