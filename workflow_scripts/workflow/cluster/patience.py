"""Waits for a SLURM controller that does not answer for a while, so that no job is given up.

Snakemake's executor (2.8.0) loses its jobs when squeue fails, and takes a submission or step that cannot
begin for a failed job. Written for the pinned plugins, which have no interface for this.
"""

import asyncio
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from workflow_scripts.workflow.cluster.queue import ask

#: Seconds between two attempts.
PAUSE_SECONDS = 5.0
#: What sbatch says if it could not send a job. After a time-out the job may be in the queue.
NOT_HEARD = "Unable to contact slurm controller"
GONE = "the SLURM controller does not answer: waiting for it (its jobs go on)"
BACK = "the SLURM controller answers again"

Answer = tuple[dict[str, str] | None, float | None]
Query = Callable[[str, Any], Awaitable[Answer]]


class Patience:
    """Waits for the controller, and says so once. ``stopped``: whether the run is to end meanwhile."""

    def __init__(self, stopped: Callable[[], bool] = lambda: False) -> None:
        self.stopped = stopped
        self._gone = False
        self._lock = threading.Lock()

    def tell(self, gone: bool) -> None:
        """Print that the controller is gone or back, if that is new."""
        with self._lock:
            if gone != self._gone:
                print(GONE if gone else BACK, file=sys.stderr, flush=True)
            self._gone = gone

    def query(self, query: Query) -> Query:
        """Return the plugin's question for the states of jobs, repeated until there is an answer."""

        async def repeated(command: str, logger: Any) -> Answer:
            while (answer := await query(command, logger))[0] is None:
                if self.stopped():
                    return {}, 0.0  # nothing is known of any job: all are still there
                self.tell(gone=True)
                await asyncio.sleep(PAUSE_SECONDS)
            self.tell(gone=False)
            return answer

        return repeated

    def remembered(self, age: Callable[[], int | None]) -> Callable[[], int | None]:
        """Return the plugin's question for MinJobAge, with the last answer while there is none."""
        last = [found] if (found := age()) is not None else []

        def asked() -> int | None:
            if (found := age()) is not None:
                last[:] = [found]
            return last[0] if last else None

        return asked

    def submitting(self) -> SimpleNamespace:
        """Return a `subprocess` for the plugin: a submission that did not arrive is repeated."""
        patience = self

        class Submission(subprocess.Popen[str]):
            def __init__(self, *words: Any, **options: Any) -> None:
                self._again = words, options
                super().__init__(*words, **options)

            def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
                said = super().communicate(input, timeout)
                while self.returncode and NOT_HEARD in (said[1] or "") and not patience.stopped():
                    patience.tell(gone=True)
                    time.sleep(PAUSE_SECONDS)
                    words, options = self._again
                    super().__init__(*words, **options)
                    said = super().communicate(input, timeout)
                if not self.returncode:
                    patience.tell(gone=False)
                return said

        return SimpleNamespace(**{**vars(subprocess), "Popen": Submission})

    def beginning(self) -> SimpleNamespace:
        """Return a `subprocess` for the node's plugin: a step begins when the controller answers."""
        patience = self

        class Step(subprocess.Popen[str]):
            def __init__(self, *words: Any, **options: Any) -> None:
                patience.wait()
                super().__init__(*words, **options)

        return SimpleNamespace(**{**vars(subprocess), "Popen": Step})

    def wait(self) -> None:
        """Wait until the controller answers; not where nothing can be asked."""
        while shutil.which("scontrol") and not (
            (done := ask("scontrol", "ping")) and " is UP" in done.stdout
        ):
            self.tell(gone=True)
            time.sleep(PAUSE_SECONDS)
        self.tell(gone=False)
