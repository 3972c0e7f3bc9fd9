"""What one of several processes says when its training fails: one line, the same in all of them."""

from typing import Any

from torch import distributed

from workflow_scripts.common.errors import OUT_OF_MEMORY, UserError, explain_os_error
from workflow_scripts.models.training.memory import is_out_of_memory
from workflow_scripts.train.launch import Place

GONE = (
    "another process of this training ended without a message, or could not be reached; this log or the"
    " system's may show why (killed, memory, network); run again: it goes on from the last checkpoint"
)


def is_lost_connection(error: BaseException) -> bool:
    """True if a process could not speak to another one."""
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in ("gloo", "NCCL"))
    )


def is_fault(error: BaseException) -> bool:
    """True if an error is the program's own, so that its traceback is needed."""
    return not (
        isinstance(error, UserError | OSError | KeyboardInterrupt)
        or is_out_of_memory(error)
        or is_lost_connection(error)
    )


def line_of(error: BaseException, place: Place) -> str:
    """Return an error as all processes say it."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return explain_os_error(error)
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    if is_lost_connection(error):
        return GONE
    process = f"process {place.rank} of {place.processes} of this training"
    if isinstance(error, KeyboardInterrupt):
        return f"{process} was interrupted"
    return f"{process} failed: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def trouble_of(error: BaseException, place: Place) -> dict[str, Any]:
    """Return what process 0 hears of another one's error."""
    return {"line": line_of(error, place), "out_of_memory": is_out_of_memory(error)}


def error_of(trouble: dict[str, Any] | str) -> BaseException:
    """Return another process's error, from its trouble or from its line."""
    if isinstance(trouble, str):
        return UserError(trouble)
    return MemoryError(trouble["line"]) if trouble["out_of_memory"] else UserError(trouble["line"])
