"""When this process must end: with its SLURM job, or after the minutes that the workflow gave it.

SLURM_JOB_END_TIME counts first, then the time left by `squeue`, then `--runtime`; without them there is no
limit. An administrator may extend a job, so SLURM is asked again when the time has come.
"""

import math
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from workflow_scripts.common.durations import seconds_of
from workflow_scripts.common.processes import start_time

# What is kept free before the end: a part of the limit, for file systems that are slow when it counts.
MARGIN, LEAST_MARGIN, MOST_MARGIN = 0.05, 5.0, 300.0
SQUEUE_SECONDS = 10.0
# Limits are extended by minutes; what squeue says of the same limit differs by a second from time to time.
EXTENDED_SECONDS = 30.0


def slurm_job(environment: Mapping[str, str] | None = None) -> str | None:
    """Return this process's SLURM job, in an array the task of it; None outside SLURM."""
    found = os.environ if environment is None else environment
    array, task = found.get("SLURM_ARRAY_JOB_ID"), found.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{task}" if array and task else found.get("SLURM_JOB_ID") or None


def slurm_time_left(job: str, patience: float = SQUEUE_SECONDS) -> float | None:
    """Return the seconds that a job has left; None if `squeue` is absent, fails or takes too long."""
    command = ["squeue", "--noheader", f"--jobs={job}", "--format=%L"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return seconds_of(answer)


def began() -> float:
    """Return when this process began (seconds since 1970): it keeps its time where it replaces itself."""
    ticks = start_time(os.getpid())
    if ticks is None:
        return time.time()
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK")
    return time.time() - since_boot


@dataclass
class Deadline:
    """The end of this process. `end` in seconds since 1970, infinite without a limit; `limit`: the seconds
    from which the margin is taken, those left when it was first asked; `job`: who is asked again, None if
    nobody can be."""

    end: float = math.inf
    limit: float = math.inf
    job: str | None = None

    @classmethod
    def of_this_process(cls, runtime: float | None = None) -> Self:
        """Return this process's deadline; `runtime`: minutes from its start, without a limit from SLURM."""
        now, job, end = time.time(), slurm_job(), os.environ.get("SLURM_JOB_END_TIME", "")
        if job is not None and end.isdecimal():
            return cls(float(end), float(end) - now, job)
        if job is not None and (left := slurm_time_left(job)) is not None:
            return cls(now + left, left, job)
        if runtime is not None:
            return cls(began() + runtime * 60, runtime * 60)
        return cls()

    def margin(self) -> float:
        """Return the seconds before the end at which to begin to stop, if that took no time."""
        return min(max(MARGIN * self.limit, LEAST_MARGIN), MOST_MARGIN)

    def is_near(self, needed: float) -> bool:
        """True if the next `needed` seconds do not fit before the end, nor does it turn out to be later."""
        if not self._is_near(needed):
            return False
        # A queue that does not answer must not take the time that is left.
        patience = min(SQUEUE_SECONDS, self.margin() / 4)
        left = slurm_time_left(self.job, patience) if self.job is not None else None
        if left is None or (end := time.time() + left) < self.end + EXTENDED_SECONDS:
            return True
        self.end = end
        return self._is_near(needed)

    def _is_near(self, needed: float) -> bool:
        return time.time() + needed + self.margin() >= self.end
