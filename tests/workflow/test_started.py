"""Programs that tests start (tests/started.py): what they say, and that none is waited for for ever."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests import started


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
