"""How a training program goes on after an attempt that is not the last: out of memory, or out of time.

Out of memory, it replaces itself by a new process of the same command line (exec). At the end of a slice its
SLURM job is requeued under the same number, so that nothing fails. Imports no torch.
"""

import logging
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.training.slices import SIGTERM, SliceEnded
from workflow_scripts.train.deadline import slurm_job

logger = logging.getLogger(__name__)

#: As a shell has it: 128 + the signal.
TERMINATED = 143
REQUEUE_SECONDS = 60.0
# SLURM ends a job that was requeued within seconds; a program that does not end by that is of no use.
WAIT_SECONDS = 300.0


class SmallerBatchesError(UserError):
    """Memory ran out, and the next attempt will take smaller batches."""


def starting_again(main: Callable[[list[str] | None], None]) -> Callable[[list[str] | None], None]:
    """Return `main` as a program runs it. Called within another, it would replace that."""

    def repeated(argv: list[str] | None) -> None:
        try:
            main(argv)
        except SliceEnded as ended:
            end_slice(ended)
        except SmallerBatchesError as error:
            logger.warning(f"{error}; starting again")
            # They would work for the new process.
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
            sys.stdout.flush()
            sys.stderr.flush()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    return repeated


def end_slice(ended: SliceEnded) -> None:
    """Requeue the job, or end the program: SystemExit after SIGTERM, UserError if nobody will start it again.
    Returns only in processes other than the first."""
    if os.environ.get("RANK", "0") != "0":
        return
    if ended.reason == SIGTERM:
        logger.info(f"ended by SIGTERM at update {ended.update}; it goes on from there")
        raise SystemExit(TERMINATED)
    done = f"the time limit is reached at update {ended.update}, saved"
    job = slurm_job()
    if job is None:
        raise UserError(f"{done}; run again, it goes on from there")
    # Logged before it is done: SLURM may end this process at once.
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
