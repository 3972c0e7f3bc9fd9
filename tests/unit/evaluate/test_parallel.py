"""evaluate.parallel: order, the end of a process, and how far a program is, on stderr."""

import io
import os
import signal
import time

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate import parallel
from workflow_scripts.evaluate.parallel import Progress, in_parallel


def half(number):
    return number / 2


def killed(number):
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_answers_come_in_the_order_of_the_tasks(processes):
    assert in_parallel(half, [3, 1, 2], processes) == [1.5, 0.5, 1.0]
    assert in_parallel(half, [], processes) == []


def test_a_killed_process_is_one_line():
    with pytest.raises(UserError, match="--processes 2: one was killed, perhaps for want of memory"):
        in_parallel(killed, [1, 2, 3], 2)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_a_direction_where_there_is_no_terminal(capsys):
    with Progress("scored", 2) as shown:
        shown.done("de-en")
        shown.done("fr-en")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "scored 1 of 2 directions (de-en)\nscored 2 of 2 directions (fr-en)\n"


def test_one_line_that_is_written_anew_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(parallel, "SECONDS", 0.01)
    with Progress("scored", 2) as shown:
        deadline = time.monotonic() + 10
        while "scored 0 of 2 directions, 0 s" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        shown.done("de-en")
        while "scored 1 of 2 directions (de-en), " not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "scored 1 of 2 directions (de-en), 0 s" in terminal.getvalue()
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")  # nothing is left of it
