"""When a process must have left, by the words of a queue that is a script here."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow_scripts.common.durations import seconds_of
from workflow_scripts.train.deadline import Deadline, began, slurm_job, slurm_time_left


@pytest.fixture(autouse=True)
def outside_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOB_ID", "JOB_END_TIME", "ARRAY_JOB_ID", "ARRAY_TASK_ID"):
        monkeypatch.delenv(f"SLURM_{name}", raising=False)


def put_squeue(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "squeue").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:07\n", 7),
        ("59:58", 3598),
        ("1:00:00", 3600),
        ("23:59:59\n", 86399),
        ("20-00:00:01", 20 * 86400 + 1),
        ("UNLIMITED\n", math.inf),
        ("INVALID", None),
        ("NOT_SET", None),
        ("", None),
        ("1:00\n2:00\n", None),
        ("soon", None),
    ],
)
def test_the_time_left_in_squeues_words(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_a_task_of_an_array_is_not_the_array() -> None:
    assert slurm_job({}) is None
    assert slurm_job({"SLURM_JOB_ID": "12"}) == "12"
    array = {"SLURM_JOB_ID": "12", "SLURM_ARRAY_JOB_ID": "11", "SLURM_ARRAY_TASK_ID": "0"}
    assert slurm_job(array) == "11_0"


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ('[ "$*" = "--noheader --jobs=11_3 --format=%L" ] && echo 1:30', 90),
        ("echo 1:30; exit 1", None),
        ("exec sleep 200", None),
        ("echo INVALID", None),
    ],
)
def test_squeue_is_asked_and_may_fail(
    script: str, left: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_squeue(tmp_path, monkeypatch, script)
    begin = time.monotonic()
    assert slurm_time_left("11_3", patience=0.5) == left
    assert time.monotonic() - begin < 100


def test_without_squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm_time_left("1") is None


def test_what_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SLURM_JOB_END_TIME, else squeue, else the minutes, else nothing."""
    assert Deadline.of_this_process() == Deadline(math.inf, math.inf, None)
    assert not Deadline.of_this_process().is_near(1e9)
    minutes = Deadline.of_this_process(600.0)
    assert minutes.end == pytest.approx(began() + 36000, abs=1)
    assert (minutes.limit, minutes.job) == (36000, None)
    put_squeue(tmp_path, monkeypatch, "echo 10:00")
    monkeypatch.setenv("SLURM_JOB_ID", "5")
    asked = Deadline.of_this_process(600.0)
    assert asked.end == pytest.approx(time.time() + 600, abs=5)
    assert (asked.limit, asked.job) == (600, "5")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 7200))
    told = Deadline.of_this_process(600.0)
    assert told.limit == pytest.approx(7200, abs=5)
    # A queue that says nothing leaves the minutes.
    monkeypatch.delenv("SLURM_JOB_END_TIME")
    put_squeue(tmp_path, monkeypatch, "exit 1")
    assert Deadline.of_this_process(600.0).limit == 36000
    # No limit is not the same as nothing said.
    put_squeue(tmp_path, monkeypatch, "echo UNLIMITED")
    assert Deadline.of_this_process(600.0).end == math.inf


@pytest.mark.parametrize(("limit", "margin"), [(60, 5), (600, 30), (6000, 300), (86400, 300)])
def test_the_margin(limit: float, margin: float) -> None:
    """A twentieth, from 5 s to 300 s."""
    assert Deadline(0.0, limit).margin() == margin


def test_an_extended_limit_is_seen_when_the_time_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    put_squeue(tmp_path, monkeypatch, f"echo x >> {calls}; echo 1:00:00")
    deadline = Deadline(time.time() + 1000, 600.0, "5")
    assert not deadline.is_near(900)  # 900 + 30 s fit
    assert not calls.exists()
    assert not deadline.is_near(990)
    assert calls.read_text() == "x\n"
    assert deadline.end == pytest.approx(time.time() + 3600, abs=5)
    assert deadline.is_near(3590)
    # What is extended by a second is the same limit, rounded.
    put_squeue(tmp_path, monkeypatch, "echo 1:01")
    assert Deadline(time.time() + 60, 60.0, "5").is_near(60)


def test_a_process_that_replaces_itself_keeps_its_time() -> None:
    program = """
import os, sys, time
from workflow_scripts.train.deadline import began
print(began())
if len(sys.argv) == 1:
    time.sleep(0.5)
    sys.stdout.flush()
    os.execv(sys.executable, [*sys.orig_argv, "again"])
"""
    begin = time.time()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    first, second = map(float, done.stdout.split())
    assert first == pytest.approx(second, abs=0.1)
    assert begin - 0.1 <= first <= time.time()
