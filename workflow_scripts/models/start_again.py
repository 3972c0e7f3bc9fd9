"""How a training program goes on after an attempt that is not the last: without memory, or out of time.

What: one that ran out of memory starts itself anew, with the smaller batches of the next attempt: the process
is replaced by a new one of the same command line (exec), with the same number and log, and nothing of the
failed attempt is left on the GPU. At the end of a slice its job goes back into the queue (models.slices).
Every other failure ends it as it would. It comes to an end: the error below is raised only if the next
attempt takes less, and a slice that made no progress is an error. Inputs: a program's main. Outputs: none.
Imports no torch.
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
