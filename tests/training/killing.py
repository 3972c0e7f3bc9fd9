"""Train in processes of their own and kill them, at parts of the processor time that a whole one takes."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from tests.forked import FAIRSEQ, Forked

#: Longer than any of these trainings takes.
LIMIT = 300.0


class Program:
    """A stage's program with its command line. `log`: what all of its processes say."""

    def __init__(self, module: str, arguments: Sequence[str], log: Path) -> None:
        self.module, self.arguments, self.log = module, arguments, log

    def begin(self) -> Forked:
        return FAIRSEQ.start(self.log.parent, self.module, *self.arguments, out=self.log, err=self.log)

    def beside(self, number: int) -> list[int]:
        processes = [self.begin() for _ in range(number)]
        try:
            return [process.wait(LIMIT) for process in processes]
        finally:
            for process in processes:
                process.kill()

    def whole(self) -> tuple[int, float]:
        """Return the exit status of one that nobody kills, and the processor time that it took."""
        return watch(self.begin(), float("inf"))

    def killed(self, moments: Sequence[float]) -> list[int]:
        """Return the exit statuses of processes one after the other: each is killed after so many seconds of
        processor time, until one is done; the last is left to finish."""
        statuses: list[int] = []
        for seconds in [*moments, float("inf")]:
            statuses.append(watch(self.begin(), seconds)[0])
            if statuses[-1] != -signal.SIGKILL:
                break
        return statuses


def processor_time(process: int) -> float:
    """Return the seconds of processor time that a process has used: other work on the machine adds none."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(process: Forked, seconds: float) -> tuple[int, float]:
    """Return a process's exit status and processor time; it is killed when it has used so many seconds."""
    used, deadline = 0.0, time.monotonic() + LIMIT
    try:
        while process.poll() is None and used < seconds:
            assert time.monotonic() < deadline
            try:
                used = processor_time(process.pid)
            except FileNotFoundError:  # it has just ended
                continue
            time.sleep(0.002)
    finally:
        process.kill()
    return process.wait(LIMIT), used
