"""What is made once in a test run (tests/made_once.py), and programs that do not end (tests/started.py)."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import started
from tests.made_once import WORKER, made_once


def write(folder: Path) -> None:
    """Say that it is made, in two steps and not at once."""
    with (folder.parent / "makers").open("a") as makers:
        makers.write(f"{os.getpid()}\n")
    (folder / "half").touch()
    time.sleep(0.5)
    (folder / "whole").touch()


def make(factory: pytest.TempPathFactory, worker: str) -> None:
    """Be one of pytest-xdist's processes."""
    os.environ[WORKER] = worker
    factory._basetemp = factory.getbasetemp() / f"popen-{worker}"
    factory._basetemp.mkdir()
    assert (made_once(factory, "thing", write) / "whole").exists()


@pytest.fixture
def factory(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> Any:
    """A factory of a test run of its own."""
    monkeypatch.setattr(tmp_path_factory, "_basetemp", tmp_path)
    monkeypatch.delenv(WORKER, raising=False)
    return tmp_path_factory


def test_two_processes_make_it_once(factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=make, args=(factory, worker)) for worker in ("gw0", "gw1")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len((tmp_path / "makers").read_text().splitlines()) == 1
    assert made_once(factory, "thing", write) == tmp_path / "thing"
    assert len((tmp_path / "makers").read_text().splitlines()) == 1


def test_what_failed_is_made_anew(factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        made_once(factory, "thing", fail)
    folder = made_once(factory, "thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_who_waits_too_long_says_for_what(factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    def wait(folder: Path) -> None:
        with pytest.raises(TimeoutError, match=r"thing\.lock: another process has held it for 0 s"):
            made_once(factory, "thing", write, patience=0)

    made_once(factory, "thing", wait)


def test_a_program_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """Its child holds its stdout, which would be waited for."""
    script = "echo begun; sleep 600 & echo $! > child; wait"
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=r"no end after 1 s: sh -c .*\nbegun"):
        started.run(["sh", "-c", script], tmp_path, patience=1.0)
    assert time.monotonic() - begin < 60
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 60
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < until, "its child lives on"
        time.sleep(0.05)


def test_what_a_program_reads_and_says(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd()); sys.exit(input() + os.environ['WORD'])"
    done = started.run([sys.executable, "-c", script], tmp_path, {"WORD": "two"}, said="one ")
    assert (done.returncode, done.stdout, done.stderr) == (1, f"{tmp_path}\n", "one two\n")
