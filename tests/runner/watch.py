"""The limit of a test: one that has not ended is stopped, with the stacks of its processes; others go on."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.runner import stacks
from tests.runner.names import FOLDER, SHOW_STACKS, STOP

#: A test that was told to stop does so within this many seconds, or its process is killed.
GRACE = 20.0
#: Parts of paths that say of a frame that it is pytest's, not the test's.
MACHINERY = ("/_pytest/", "/pluggy/", "/xdist/", "/execnet/")


class Watch:
    """The tests that run in a session's folder, and for how long they have."""

    def __init__(self, folder: Path, limit: float, idle: float, py_spy: Path, grace: float) -> None:
        self._folder = folder
        self._limit = limit
        self._idle = idle
        self._py_spy = py_spy
        self._grace = grace
        self._stopped: dict[tuple[int, str, float], float] = {}
        self._last = stacks.now()

    def running(self) -> Iterator[tuple[int, str, float]]:
        """Yield the process, the name and the begin of each test that runs."""
        for file in self._folder.glob("running-*.json"):
            with suppress(OSError):
                found = json.loads(file.read_text(encoding="utf-8"))
                yield int(file.stem.removeprefix("running-")), found["test"], found["since"]

    def look(self, session: int) -> Iterator[tuple[str, str]]:
        """Stop what has run for too long; yield each test that was stopped, with its stacks.

        ``session``: the process of pytest, stopped in its turn if it runs no test for too long.
        """
        for key in list(self.running()):
            pid, test, since = key
            if stacks.find(pid) is None:
                (self._folder / f"running-{pid}.json").unlink(missing_ok=True)
                continue
            self._last = stacks.now()
            if key in self._stopped:
                if stacks.now() - self._stopped[key] > self._grace:
                    self._end(pid, since, [])
            elif stacks.now() - since > self._limit:
                self._stopped[key] = stacks.now()
                yield test, self._stop(pid, test, since)
        if stacks.now() - self._last > self._idle:
            self._last = stacks.now()
            own = stacks.find(session)
            found = [*([own] if own else []), *stacks.started_by(session, 0.0)]
            text = "\n".join(stacks.describe(process, self._py_spy) for process in found)
            self._end(session, 0.0, [])
            yield "(no test)", f"stopped: no test has run for {self._idle:g} s\n{text}"

    def _stop(self, pid: int, test: str, since: float) -> str:
        marks = [f"{FOLDER}={self._folder}", f"PYTEST_CURRENT_TEST={test} "]
        started = stacks.started_by(pid, since, marks)
        text = [f"stopped: it had not ended after {self._limit:g} s", self._own_stacks(pid)]
        text += [stacks.describe(process, self._py_spy) for process in started]
        with suppress(ProcessLookupError):
            os.kill(pid, STOP)
        self._end(None, since, started)
        # What it started meanwhile.
        stacks.kill(stacks.started_by(pid, since, marks))
        return "\n".join(text)

    def _own_stacks(self, pid: int) -> str:
        file = self._folder / f"stacks-{pid}.txt"
        before = file.stat().st_size
        with suppress(ProcessLookupError):
            os.kill(pid, SHOW_STACKS)
        for _ in range(20):
            time.sleep(0.05)
            if file.stat().st_size > before:
                time.sleep(0.1)
                break
        text = file.read_bytes()[before:].decode(errors="replace")
        return "\n".join(line for line in text.splitlines() if not any(part in line for part in MACHINERY))

    def _end(self, pid: int | None, since: float, others: list[stacks.Process]) -> None:
        if pid is not None:
            others = [*others, *stacks.started_by(pid, since)]
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        stacks.kill(others)
