"""What goes wrong in a process that was started reaches the user as if it had gone wrong here."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.waiting import wait_until  # noqa: E402
from workflow_scripts.errors import UserError  # noqa: E402
from workflow_scripts.models.deadline import Deadline  # noqa: E402
from workflow_scripts.models.fairseq_run import passing_signals_on, user_errors_of_processes  # noqa: E402
from workflow_scripts.models.leaving import Leaving  # noqa: E402
from workflow_scripts.models.out_of_memory import is_out_of_memory  # noqa: E402
from workflow_scripts.models.slices import SliceEnded  # noqa: E402


def full_disk(_: int) -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise UserError("checkpoint_last.pt: No space left on device") from error


def allocate(_: int) -> None:
    torch.empty(2**50, dtype=torch.uint8)


def in_a_process(act: Callable[[int], None]) -> None:
    """What `spawn` does, but for importing torch anew: the error is passed on in the same words."""
    torch.multiprocessing.start_processes(act, nprocs=1, start_method="fork")


def test_a_users_error_in_another_process_is_one_line() -> None:
    with pytest.raises(UserError) as caught, user_errors_of_processes():
        in_a_process(full_disk)
    assert str(caught.value) == "checkpoint_last.pt: No space left on device"


def test_out_of_memory_in_another_process_is_known() -> None:
    with pytest.raises(torch.multiprocessing.ProcessRaisedException) as caught, user_errors_of_processes():
        in_a_process(allocate)
    assert is_out_of_memory(caught.value)


def leave(_: int) -> None:
    raise SliceEnded("time limit", 1700)


def until_signalled(rank: int, folder: str) -> None:
    leaving = Leaving(Deadline())
    with leaving.watching():
        (Path(folder) / str(rank)).touch()
        wait_until(lambda: leaving.reason() is not None, "a signal")
        reason = leaving.reason()
    assert reason is not None
    raise SliceEnded(reason, 7)


def test_the_end_of_a_slice_in_another_process_is_known() -> None:
    with pytest.raises(SliceEnded) as caught, user_errors_of_processes():
        in_a_process(leave)
    assert (caught.value.reason, caught.value.update) == ("time limit", 1700)


def test_signals_are_passed_on_to_the_processes_that_were_started(tmp_path: Path) -> None:
    def send() -> None:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2, "both processes")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send).start()
    with (
        pytest.raises(SliceEnded, match="SIGTERM at update 7"),
        user_errors_of_processes(),
        passing_signals_on(),
    ):
        torch.multiprocessing.spawn(until_signalled, args=(str(tmp_path),), nprocs=2)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
