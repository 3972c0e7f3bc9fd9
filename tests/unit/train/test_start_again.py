"""A program that starts itself again, as a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

#: Fails as often as its first argument says; each start leaves a worker behind.
PROGRAM = """
import multiprocessing, os, sys, time
from pathlib import Path
from workflow_scripts.common.errors import run_main
from workflow_scripts.train.start_again import SmallerBatchesError, starting_again

def main(argv):
    starts = Path(sys.argv[2])
    starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(180,), daemon=True).start()
    print(os.getpid(), "torch" in sys.modules, sys.argv[3:], flush=True)
    if len(starts.read_text()) <= int(sys.argv[1]):
        raise SmallerBatchesError("memory ran out")

run_main(starting_again(main))
"""


def test_the_same_process_and_command_line_and_no_worker_is_left(tmp_path: Path) -> None:
    """A worker that lives on would keep the pipe open."""
    command = [sys.executable, "-P", "-c", PROGRAM, "2", str(tmp_path / "starts"), "a b", "--c={}"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert lines[0].endswith(" False ['a b', '--c={}']")
    assert done.stderr == "memory ran out; starting again\n" * 2
