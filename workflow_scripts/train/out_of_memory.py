"""After out of memory, the next attempt takes smaller batches and accumulates more of them.

An update holds the same tokens, so the training stays the same one.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.start_again import SmallerBatchesError

OUT_OF_MEMORY = "out of memory"


def smaller_batches(settings: Mapping[str, Any], longest: int, failed: int, processes: int) -> int | None:
    """Return the largest `max_tokens` up to half of `failed` that cuts an update into equal parts, or None. A
    batch must hold the `longest` sentence; `processes` share the update."""
    tokens = int(settings["tokens_per_update"]) // processes
    return next((size for size in range(failed // 2, longest - 1, -1) if size and tokens % size == 0), None)


def max_tokens_after(
    settings: Mapping[str, Any],
    longest: int,
    devices: AbstractSet[str],
    attempts: Sequence[Mapping[str, Any]],
    processes: int = 1,
) -> int:
    """Return the `max_tokens` of the next attempt: as asked for, or less after attempts without memory on the
    same `devices`. At the smallest size it stays: something else may have taken the memory."""
    size = int(settings["max_tokens"])
    for attempt in attempts:
        if attempt.get("outcome") == OUT_OF_MEMORY and set(attempt.get("devices", ())) == devices:
            failed = int(attempt["execution"]["max_tokens"])
            if size >= failed:
                size = smaller_batches(settings, longest, failed, processes) or failed
    return size


def out_of_memory(folder: str, failed: int, following: int, longest: int, alone: bool) -> UserError:
    """Return the one line for an attempt that ran out of memory with `max_tokens` `failed`. It is a
    SmallerBatchesError if the next takes less (`following`) and this process is `alone`: of several each
    would have to start again, and their launcher knows of one start."""
    if following >= failed:
        return UserError(
            f"{folder}: out of memory with max_tokens {failed}, and a smaller batch of it would not hold the"
            f" longest sentence ({longest} tokens); take a device with more memory, or lower"
            " model.max_positions or the size of the model"
        )
    error = SmallerBatchesError if alone else UserError
    return error(
        f"{folder}: out of memory with max_tokens {failed}; the next attempt takes {following} and"
        " accumulates as many more batches, which leaves the update as it is"
    )
