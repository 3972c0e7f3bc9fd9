"""terminal and interrupt: short reasons; a run that a user stops says so, without errors."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workflow_scripts.workflow.graph import Reason
from workflow_scripts.workflow.run.interrupt import Interrupt
from workflow_scripts.workflow.run.terminal import Terminal, short_reason

ROOT = Path(__file__).resolve().parents[3]
FILES = tuple(f"results/x/scores/ns-k{n}/s1/test.json" for n in range(200))
PARAMS = "Params have changed since last execution:"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason(missing=("a.txt",)), "Missing output files: a.txt"),
        (
            Reason(missing=("tables/summary.md",), follows=FILES),
            "Missing output files: tables/summary.md; Input files updated by another job:"
            " results/x/scores/ns-k0/s1/test.json (and 199 more)",
        ),
        (
            Reason(before={"beam": 5, "seed": 1}, now={"beam": 4, "seed": 1}, code=True),
            f"Code has changed since last execution; {PARAMS} a setting changed: beam 5 → 4",
        ),
        (Reason(forced=True), "Forced execution"),
        (Reason(), ""),
    ],
)
def test_a_reason_is_short(reason: Reason, said: str) -> None:
    assert short_reason(reason) == said


def test_of_many_settings_that_changed_the_first_are_named() -> None:
    before = {f"setting{n}": n for n in range(300)}
    named = ", ".join(f"setting{n} {n} → not set" for n in range(6))
    said = short_reason(Reason(before=before, now={}))
    assert said == f"{PARAMS} a setting changed: {named}, and 294 more"


def record(level: int) -> logging.LogRecord:
    return logging.LogRecord("snakemake", level, __file__, 1, "message", (), None)


def test_errors_are_left_out_once_a_user_has_stopped_the_run() -> None:
    interrupt = Interrupt()
    terminal = Terminal(interrupt)
    assert terminal.filter(record(logging.ERROR))
    with pytest.raises(KeyboardInterrupt):
        interrupt._notice(signal.SIGINT, None)
    assert not terminal.filter(record(logging.ERROR))
    assert terminal.filter(record(logging.INFO))


def test_a_job_that_was_stopped_may_be_heard_of_before_the_interrupt() -> None:
    interrupt, shown = Interrupt(), []
    terminal = Terminal(interrupt)
    job = threading.Thread(target=lambda: shown.append(terminal.filter(record(logging.ERROR))))
    job.start()
    time.sleep(0.05)
    with pytest.raises(KeyboardInterrupt):
        interrupt._notice(signal.SIGINT, None)
    job.join()
    assert shown == [False]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        # Who starts the tests in the background has them ignore it.
        ("signal.default_int_handler", "stopped; the same command goes on\n"),
        ("signal.SIG_IGN", ""),
    ],
)
def test_an_interrupt_that_came_too_early_waits_and_is_told(before: str, said: str) -> None:
    program = (
        f"import os, signal, sys, atexit; signal.signal(signal.SIGINT, {before})\n"
        "from workflow_scripts.workflow.run.interrupt import Interrupt, let_wait\n"
        "let_wait(); os.kill(os.getpid(), signal.SIGINT); print('goes on', flush=True)\n"
        "i = Interrupt(); atexit.register(i.say); i.watch(); print('not reached' if not i.came else '')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == said
    assert done.stdout.startswith("goes on\n") and ("not reached" in done.stdout) is (not said)
