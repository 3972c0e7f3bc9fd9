"""How a training program goes on after an attempt that is not the last: without memory, or out of time.

Without memory the process is replaced by a new one of the same command line (exec), with smaller batches: the
same number and log, and nothing of the failed attempt is left on the GPU. At the end of a slice its job goes
back into the queue. This comes to an end: the next attempt must take less, and a slice that made no progress
is an error.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Callable

from workflow_scripts.errors import UserError
from workflow_scripts.models.slices import SliceEnded, leave

logger = logging.getLogger(__name__)


class SmallerBatchesError(UserError):
    """Memory ran out, and the next attempt will take smaller batches."""


def starting_again(main: Callable[[list[str] | None], None]) -> Callable[[list[str] | None], None]:
    """Return `main` as a program is to run it; called within another, it would replace that."""

    def repeated(argv: list[str] | None) -> None:
        try:
            main(argv)
        except SliceEnded as ended:
            leave(ended)
        except SmallerBatchesError as error:
            logger.warning(f"{error}; starting again")
            # They would take the new process for the one that they work for.
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
            sys.stdout.flush()
            sys.stderr.flush()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    return repeated
