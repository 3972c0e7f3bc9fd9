"""workflow.provenance.made_on: results in order, from threads, or without them where a program is ending."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from workflow_scripts.workflow.provenance.made_on import mapped


def test_results_are_in_order_and_several_run_at_a_time() -> None:
    together = threading.Barrier(3, timeout=20)

    def wait_for_the_others(number: int) -> int:
        together.wait()  # of fewer than three at a time none would come back
        return number * number

    assert mapped(wait_for_the_others, [3, 1, 2], 3) == [9, 1, 4]


def test_an_error_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        mapped(lambda number: 1 // number, [1, 0], 2)


ENDING = """
import atexit
from workflow_scripts.workflow.provenance.made_on import mapped
atexit.register(lambda: print(mapped(lambda number: number + 1, [1, 2], 2)))
"""


def test_a_program_that_is_ending_does_one_after_the_other() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[2, 3]\n", "")
