"""A program that ends while a thread of a library is inside torch: as fairseq's loader of batches is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import multiprocessing, sys, threading, time
import torch
from workflow_scripts.common.errors import UserError, run_main

def work(begun):
    while True:
        torch.ones(8).add(1).sort()
        begun.set()

def main(argv):
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(180,), daemon=True).start()
    begun = threading.Event()
    threading.Thread(target=work, args=(begun,), daemon=True).start()
    begun.wait(30)
    print("almost done")
    if sys.argv[1] == "143":
        raise SystemExit(143)
    if sys.argv[1] == "1":
        raise UserError("stopped")

run_main(main)
"""


@pytest.mark.parametrize(("status", "error"), [(0, ""), (143, ""), (1, "error: stopped\n")])
def test_its_exit_status_and_words_are_its_own(status: int, error: str) -> None:
    """Left to Python it aborts, nearly always (status -6); a worker that lived on would hold the pipe."""
    command = [sys.executable, "-P", "-c", PROGRAM, str(status)]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "almost done\n", error)


CALLER = """
import threading
from workflow_scripts.common.errors import run_main

threading.Thread(target=threading.Event().wait, daemon=True).start()
run_main(lambda argv: None)
print("goes on")
"""


def test_threads_of_the_caller_are_none_of_its() -> None:
    """Such as those of tests that ran before in the same process."""
    command = [sys.executable, "-P", "-c", CALLER]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "goes on\n"
