"""evaluate.side_by_side: order, and the end of a process."""

import os
import signal

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.evaluate.side_by_side import side_by_side


def half(number):
    return number / 2


def killed(number):
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_answers_come_in_the_order_of_the_tasks(processes):
    assert side_by_side(half, [3, 1, 2], processes) == [1.5, 0.5, 1.0]
    assert side_by_side(half, [], processes) == []


def test_a_killed_process_is_one_line():
    with pytest.raises(UserError, match="--processes 2: one was killed, perhaps for want of memory"):
        side_by_side(killed, [1, 2, 3], 2)
