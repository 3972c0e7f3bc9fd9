"""What goes wrong in a process that was started reaches the user as if it had gone wrong here."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq_run import user_errors_of_processes  # noqa: E402
from workflow_scripts.models.out_of_memory import is_out_of_memory  # noqa: E402


def full_disk(_: int) -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise UserError("checkpoint_last.pt: No space left on device") from error


def allocate(_: int) -> None:
    torch.empty(2**50, dtype=torch.uint8)


def test_a_users_error_in_another_process_is_one_line() -> None:
    with pytest.raises(UserError) as caught, user_errors_of_processes():
        torch.multiprocessing.spawn(full_disk, nprocs=1)
    assert str(caught.value) == "checkpoint_last.pt: No space left on device"


def test_out_of_memory_in_another_process_is_known() -> None:
    with pytest.raises(torch.multiprocessing.ProcessRaisedException) as caught, user_errors_of_processes():
        torch.multiprocessing.spawn(allocate, nprocs=1)
    assert is_out_of_memory(caught.value)
