"""After out of memory, the next attempt takes smaller batches and accumulates more of them.

An update holds the same tokens, so the training stays the same one.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.start_again import SmallerBatchesError

#: The outcome of such an attempt in history.json.
OUT_OF_MEMORY = "out of memory"


def smaller_batches(settings: Mapping[str, Any], longest: int, failed: int, processes: int) -> int | None:
    """Return the largest `max_tokens` of at most half of `failed` that cuts an update into equal parts.

    `settings`: with `tokens_per_update`, which stays. `longest`: tokens of the longest sentence that is
    trained on; no batch can be smaller. `processes`: among which an update is shared out, if their number is
    given; else 1. None if there is no such number.
    """
    tokens = int(settings["tokens_per_update"]) // processes
    return next((size for size in range(failed // 2, longest - 1, -1) if size and tokens % size == 0), None)


def max_tokens_after(
    settings: Mapping[str, Any],
    longest: int,
    devices: AbstractSet[str],
    attempts: Sequence[Mapping[str, Any]],
    processes: int = 1,
) -> int:
    """Return the `max_tokens` of the next attempt: what is asked for, or less after attempts without memory.

    Only attempts on the same kind of device (`devices`: their names) count: another may hold more. At the
    smallest size it stays: what took the memory may have been something else.
    """
    size = int(settings["max_tokens"])
    for attempt in attempts:
        if attempt.get("outcome") == OUT_OF_MEMORY and set(attempt.get("devices", ())) == devices:
            failed = int(attempt["execution"]["max_tokens"])
            if size >= failed:
                size = smaller_batches(settings, longest, failed, processes) or failed
    return size


def out_of_memory(folder: str, failed: int, following: int, longest: int, alone: bool) -> UserError:
    """Return the one line for an attempt that ran out of memory; SmallerBatchesError if the next takes less
    and this process, alone, may begin it: of several each would have to, and their launcher knows of one
    start.

    `failed`, `following`: `max_tokens` of this attempt and of the next. `longest`: tokens of the longest
    sentence that is trained on. `alone`: this is the only process that was started.
    """
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
