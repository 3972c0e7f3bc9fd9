"""What each pytest of tests/run_all.py loads: reports as they come, which test runs, and how it is stopped.

The process that collects reports writes one JSON line for each phase of a test; each process that runs tests
writes which one is running. `tests.runner.watch` reads both. Standard library and pytest only.
"""

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runner.names import FOLDER, LIMIT, PACKAGES, REPORTS, SHOW_STACKS, STOP, UNITS
from tests.runner.stacks import now
from tests.runner.units import longest_first, unit_of

# Behind all of the environment's own packages: what it pins counts.
sys.path += [one for one in os.environ.get(PACKAGES, "").split(os.pathsep) if one and one not in sys.path]


def cpu_seconds() -> float:
    """Return the processor time of this process, of its children, and of those of theirs that have ended."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    # A server of forked processes lives on: what it forked for a test counts there.
    ticks = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            for child in listed.read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
    return own + ticks / os.sysconf("SC_CLK_TCK")


class Reports:
    """One JSON line a phase of a test, and one for what was collected."""

    def __init__(self, path: Path) -> None:
        self._lines = path.open("a", encoding="utf-8", buffering=1)

    def _write(self, **fields: object) -> None:
        self._lines.write(json.dumps(fields) + "\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        text = ""
        if report.failed:
            text = "\n".join([report.longreprtext, *(f"--- {n} ---\n{t}" for n, t in report.sections)])
        elif isinstance(report.longrepr, tuple):
            text = report.longrepr[2]
        self._write(
            test=report.nodeid, when=report.when, outcome=report.outcome, seconds=report.duration,
            cpu=getattr(report, "cpu_seconds", 0.0), unit=getattr(report, "unit", report.nodeid), text=text,
        )  # fmt: skip

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
            self._write(test=report.nodeid, when="collect", outcome=report.outcome, text=text)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write how many tests there are, where no workers have them."""
        if session.items:
            self._write(collected=len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._write(collected=len(ids))


class Running:
    """Which test this process runs, in a file; and its end when it has run for too long."""

    def __init__(self, folder: Path, distributed: bool) -> None:
        self._folder = folder
        self._distributed = distributed
        self._path = folder / f"running-{os.getpid()}.json"
        self._test: str | None = None
        self._since = self._cpu = 0.0
        # Kept open: the handler writes to it whatever state the interpreter is in.
        self._stacks = (folder / f"stacks-{os.getpid()}.txt").open("w")
        faulthandler.register(SHOW_STACKS, file=self._stacks, all_threads=True)
        signal.signal(STOP, self._stop)

    def _stop(self, number: int, frame: object) -> None:
        # Not the next one, if it has ended meanwhile.
        if self._test is not None and now() - self._since >= float(os.environ[LIMIT]):
            raise pytest.fail.Exception(f"stopped: it had not ended after {os.environ[LIMIT]} s")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the longest units first; the scheduler hands them out in this order."""
        if self._distributed:
            longest_first(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the scheduler which tests belong together."""
        units = {item.nodeid: unit_of(item) for item in session.items}
        _replace(self._folder / UNITS, json.dumps(units))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._test, self._since, self._cpu = item.nodeid, now(), cpu_seconds()
        _replace(self._path, json.dumps({"test": self._test, "since": self._since}))
        try:
            return (yield)
        finally:
            self._test = None
            self._path.unlink(missing_ok=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report: Any = yield
        before, self._cpu = self._cpu, cpu_seconds()
        report.cpu_seconds = self._cpu - before
        report.unit = unit_of(item)
        return report


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


class Distribution:
    """Hands the tests out to the workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> object:
        from tests.runner.scheduler import UnitScheduling

        return UnitScheduling(config, log, self._folder / UNITS)


def pytest_configure(config: pytest.Config) -> None:
    folder = Path(os.environ[FOLDER])
    worker = hasattr(config, "workerinput")
    distributed = worker or bool(getattr(config.option, "numprocesses", None))
    if not worker:
        config.pluginmanager.register(Reports(folder / REPORTS))
    if worker or not distributed:
        config.pluginmanager.register(Running(folder, distributed))
    else:
        config.pluginmanager.register(Distribution(folder))
