"""A training in slices: at the end of each its job goes back into SLURM's queue under its own number.

So nothing fails, nothing is tried with more memory, and whoever waits for the job waits on.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import time

from workflow_scripts.errors import UserError
from workflow_scripts.models.deadline import slurm_job
from workflow_scripts.models.launch import AgreedEnd

logger = logging.getLogger(__name__)

#: Why an attempt left before its training was done; its outcome in history.json.
TIME_LIMIT, SIGTERM = "time limit", "SIGTERM"
#: As a shell has it: 128 + the signal.
TERMINATED = 143

REQUEUE_SECONDS = 60.0
# SLURM ends a job that was requeued within seconds; a program that does not end by that is of no use.
WAIT_SECONDS = 300.0


class SliceEnded(AgreedEnd):
    """The training has left its checkpoint and goes on another time.

    `reason`: TIME_LIMIT or SIGTERM; `update`: that of the checkpoint.
    """

    def __init__(self, reason: str, update: int) -> None:
        super().__init__(reason, update)
        self.reason, self.update = reason, update

    def __str__(self) -> str:
        return f"{self.reason} at update {self.update}"

    @classmethod
    def found_in(cls, traceback: str) -> SliceEnded | None:
        """Return the one that a traceback's text ends with: of another process that is all there is."""
        name = re.escape(f"{cls.__module__}.{cls.__name__}: ")
        found = re.search(rf"\n{name}(.+) at update (\d+)\s*$", traceback)
        return cls(found[1], int(found[2])) if found else None


def leave(ended: SliceEnded) -> None:
    """End the program after a slice: with its job requeued, or with an exit status that says that it is not
    done.

    Returns only in a process of a training that is not its first: the first speaks for all.

    Raises:
        UserError: nobody will start the training again.
        SystemExit: SIGTERM asked for the end; whoever sent it knows what comes next.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    if ended.reason == SIGTERM:
        logger.info(f"ended by SIGTERM at update {ended.update}; it goes on from there")
        raise SystemExit(TERMINATED)
    done = f"the time limit is reached at update {ended.update}, saved"
    job = slurm_job()
    if job is None:
        raise UserError(f"{done}; run again, it goes on from there")
    # Said before it is done: SLURM may end this process at once.
    logger.info(f"{done}; job {job} goes back into the queue")
    if refusal := requeue(job):
        raise UserError(
            f"{done}, and SLURM did not take job {job} back into the queue ({refusal}); run again, it goes on"
            " from there (slurm-requeue: true in the profile makes jobs that go on by themselves)"
        )
    time.sleep(WAIT_SECONDS)
    raise UserError(
        f"{done}; job {job} was put into the queue again, but not ended for {WAIT_SECONDS:.0f} s; run again,"
        " it goes on from there"
    )


def requeue(job: str) -> str:
    """Put this process's own job back into the queue; return what SLURM says against it, "" if nothing."""
    try:
        done = subprocess.run(
            ["scontrol", "requeue", job], capture_output=True, text=True, timeout=REQUEUE_SECONDS, check=False
        )
    except OSError as error:
        return f"scontrol: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"scontrol: no answer for {REQUEUE_SECONDS:.0f} s"
    if done.returncode == 0:
        return ""
    return " ".join(done.stderr.split()) or f"scontrol: exit status {done.returncode}"
