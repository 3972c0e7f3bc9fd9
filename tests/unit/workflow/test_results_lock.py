"""workflow.run.results_lock: one run makes the results, wherever it works; a killed one's lock is none."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.common.processes import identity, place
from workflow_scripts.workflow.run.results_lock import (
    RUN_LOCK,
    Run,
    begin,
    others_of,
    release,
    run_of,
    take,
)

ROOT = Path(__file__).resolve().parents[3]


def lay_down(results: Path, process: str, age: float = 0.0, **changes: Any) -> None:
    """Write the lock of a run, last renewed `age` seconds ago."""
    results.mkdir(parents=True, exist_ok=True)
    run = {"host": "node3", "pid": 4711, "process": process, "since": 1e9, "folder": "/home/a"}
    (results / RUN_LOCK).write_text(json.dumps({**run, **changes}))
    then = time.time() - age
    os.utime(results / RUN_LOCK, (then, then))


def gone() -> str:
    """Return the identity of a process of this place that has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    return f"{place()} {int(done.stdout)} 1"


def test_a_run_has_the_results_until_it_releases_them(tmp_path: Path) -> None:
    results = tmp_path / "results/x"
    assert take(results, tmp_path) is None
    run = run_of(results)
    assert run is not None and run.is_this() and run.folder == str(tmp_path)
    assert take(results, tmp_path) is None  # its own
    release(results)
    assert run_of(results) is None
    assert not results.exists()  # nothing was made there


def test_what_was_made_stays_when_the_lock_is_released(tmp_path: Path) -> None:
    assert take(tmp_path, tmp_path) is None
    (tmp_path / "tables").mkdir()
    release(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_a_run_that_lives_is_named_and_keeps_its_lock(tmp_path: Path) -> None:
    parent = identity(os.getppid())
    lay_down(tmp_path, parent, age=3600)  # of this machine its process counts, not the file's time
    other = take(tmp_path, Path("/elsewhere"))
    assert other is not None and other.process == parent
    said = other.refusal(Path("results/x"))
    assert said.startswith("results/x: a run has been on since 0")
    who, what = "process 4711 on node3, in /home/a", "wait for its end, or stop it there (kill -INT 4711)"
    assert said.endswith(f"({who}): {what}")
    # Snakemake alone would wait for its jobs: all processes of the run are stopped, as by Ctrl-C.
    lay_down(tmp_path, parent, group=4700)
    grouped = run_of(tmp_path)
    assert grouped is not None and "(kill -INT -- -4700)" in grouped.refusal(Path("results/x"))
    lay_down(tmp_path, parent)
    release(tmp_path)
    assert run_of(tmp_path) == other


def test_a_killed_runs_lock_is_taken_and_its_folder_known(tmp_path: Path) -> None:
    lay_down(tmp_path, gone(), began=True, before={"/home/b": 5.0, "/home/a": 7.0})
    assert run_of(tmp_path) is None
    assert others_of(tmp_path, Path("/home/b")) == {"/home/a": 7.0}  # as a dry run sees it
    assert take(tmp_path, Path("/home/c")) is None
    assert others_of(tmp_path, Path("/home/c")) == {"/home/a": 7.0, "/home/b": 5.0}
    assert others_of(tmp_path, Path("/home/a")) == {"/home/b": 5.0}


def test_a_run_that_began_no_job_is_forgotten(tmp_path: Path) -> None:
    lay_down(tmp_path, gone())
    assert take(tmp_path, Path("/home/c")) is None
    assert others_of(tmp_path, Path("/home/c")) == {}


def test_a_run_that_ends_well_leaves_nothing_and_one_that_fails_its_folder(tmp_path: Path) -> None:
    lay_down(tmp_path, gone(), began=True)
    assert take(tmp_path, Path("/home/c")) is None
    begin(tmp_path)
    release(tmp_path)
    assert run_of(tmp_path) is None  # at once, on other machines too
    now = others_of(tmp_path, Path("/home/d"))
    assert now.keys() == {"/home/a", "/home/c"} and now["/home/a"] == 1e9
    assert take(tmp_path, Path("/home/d")) is None
    release(tmp_path)  # refused before its first job
    assert others_of(tmp_path, Path("/home/d")) == now
    assert take(tmp_path, Path("/home/d")) is None
    release(tmp_path, well=True)
    assert not (tmp_path / RUN_LOCK).exists()


def test_a_number_given_out_again_is_another_process(tmp_path: Path) -> None:
    lay_down(tmp_path, f"{place()} {os.getpid()} 1")
    assert take(tmp_path, tmp_path) is None


@pytest.mark.parametrize(("age", "on"), [(60, True), (180, False)])
def test_a_run_of_another_machine_lives_by_its_last_sign(tmp_path: Path, age: float, on: bool) -> None:
    lay_down(tmp_path, "node3 pid:[4026531836] 4711 99", age=age)
    before = (tmp_path / RUN_LOCK).stat().st_mtime
    assert (run_of(tmp_path) is not None) is on
    other = take(tmp_path, tmp_path)
    assert (other is not None) is on
    if other is not None:
        assert "counts as gone 120 s after its last sign of life" in other.refusal(tmp_path)
        # Who asks gives no sign of life for it.
        assert (tmp_path / RUN_LOCK).stat().st_mtime == pytest.approx(before, abs=0.01)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"host": 3, "pid": "x"}', '{"host": 1, "pid": {}}'])
def test_a_lock_that_cannot_be_read_blocks_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN_LOCK).write_text(text)
    assert run_of(tmp_path) is None
    assert take(tmp_path, tmp_path) is None
    run = run_of(tmp_path)
    assert run is not None and run.is_this()


def _take(results: Path, answers: Any, go_on: Any) -> None:
    other = take(results, results)
    answers.put(None if other is None else other.pid)
    go_on.wait()


def test_of_many_that_begin_at_once_one_has_the_results(tmp_path: Path) -> None:
    lay_down(tmp_path, gone())
    fork = multiprocessing.get_context("fork")
    answers, go_on = fork.Queue(), fork.Event()
    each = [fork.Process(target=_take, args=(tmp_path, answers, go_on)) for _ in range(8)]
    for process in each:
        process.start()
    said = [answers.get(timeout=60) for _ in each]
    run = run_of(tmp_path)
    go_on.set()
    for process in each:
        process.join()
    assert run is not None and said.count(None) == 1
    assert {pid for pid in said if pid is not None} == {run.pid}


def test_a_run_that_was_taken_over_is_interrupted(tmp_path: Path) -> None:
    program = (
        "import signal, sys, time; from pathlib import Path;"
        "from workflow_scripts.workflow.run import results_lock as r;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "r.HEARTBEAT_SECONDS = 0.05; here = Path(sys.argv[1]); r.take(here, here); r.keep_alive(here);"
        "print('on', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None and run.stdout.readline() == "on\n"
    lay_down(tmp_path, "node3 pid:[4026531836] 4711 99")
    _, said = run.communicate(timeout=60)
    assert run.returncode != 0
    assert f"error: {tmp_path} was taken over by process 4711 on node3, in /home/a\n" in said
    assert isinstance(run_of(tmp_path), Run)
