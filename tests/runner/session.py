"""One session: a pytest in its environment, watched, counted while it runs. Standard library only."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.runner import stacks
from tests.runner.names import FOLDER, LIMIT, PACKAGES, REPORTS
from tests.runner.results import Reader, Results
from tests.runner.tiers import Session
from tests.runner.watch import GRACE, Watch

ROOT = Path(__file__).resolve().parents[2]
VENVS = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
#: The environment of the runner's own packages, installed beside the others; nothing else runs in it.
TOOLS = "test"
#: Seconds between two looks at a session.
PAUSE = 0.2
#: How many of the tests that took longest are named at the end.
LONGEST = 15
#: Lines of pytest's own words that are shown if it ends in a way that no test explains.
LAST_LINES = 60
#: What pytest returns if all tests passed, or if some failed.
ENDED = (0, 1)


@dataclass
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    units: dict[str, float] = field(default_factory=dict)


def variables() -> dict[str, str]:
    # pytest within pytest: the inner one has its own.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    # The tests start thousands of processes: each would compile the package anew.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    # One thread each: results don't depend on the number of cores, and the workers share them.
    return inherited | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}


def python(environment: str) -> str:
    return str(VENVS / environment / "bin/python")


def packages(*environments: str) -> str:
    """Return where environments have their packages, as a search path."""
    folders = [VENVS / name for name in environments]
    return os.pathsep.join(str(next(one.glob("lib/python3*/site-packages"), one)) for one in folders)


def run_session(
    session: Session,
    workers: int,
    say: Callable[[str], None],
    *,
    root: Path = ROOT,
    interpreter: str | None = None,
    grace: float = GRACE,
    told: threading.Event | None = None,
) -> Outcome:
    """Run a session to its end, whatever becomes of its tests; say each failure when it happens.

    ``told``: set from another thread when this one is to end.

    Raises:
        KeyboardInterrupt: it was told to end; what it started has ended.
    """
    command = [interpreter or python(session.environment), "-m", "pytest", "-p", "tests.runner.plugin"]
    command += ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    if session.distributed:
        # A worker that dies is replaced: it costs its test, and there are fewer than these.
        command += ["-n", str(workers), "--no-loadscope-reorder", "--max-worker-restart=1000"]
    with tempfile.TemporaryDirectory(prefix="neuronspec-tests-") as place:
        folder = Path(place)
        start = time.monotonic()
        found = packages(TOOLS, *([session.filled_by] if session.filled_by else []))
        with (folder / "output.txt").open("w") as output:
            process = subprocess.Popen(
                [*command, *session.files], cwd=root,
                env=variables() | {FOLDER: str(folder), LIMIT: f"{session.limit:g}", PACKAGES: found},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        results, reader = Results(), Reader(folder / REPORTS)
        watch = Watch(folder, session.limit, session.idle, VENVS / TOOLS / "bin/py-spy", grace)
        stopped: dict[str, str] = {}
        try:
            while not (done := os.wait4(process.pid, os.WNOHANG))[0]:
                if told is not None and told.is_set():
                    raise KeyboardInterrupt
                _take(reader, results, say, stopped)
                for test, text in watch.look(process.pid):
                    stopped[test] = text
                    say(results.fail(test, text))
                time.sleep(PAUSE)
        except BaseException:
            # Nothing runs on when the runner is told to end.
            stacks.kill([*filter(None, [stacks.find(process.pid)]), *stacks.started_by(process.pid, 0.0)])
            raise
        _take(reader, results, say, stopped)
        process.returncode = os.waitstatus_to_exitcode(done[1])
        outcome = Outcome(session.name, seconds=time.monotonic() - start, units=results.units)
        outcome.cpu = done[2].ru_utime + done[2].ru_stime
        lost = results.collected - len([test for test in results.outcomes if "::" in test])
        if (
            process.returncode not in ENDED
            or lost > 0
            or (process.returncode == 1 and not results.count("failed"))
        ):
            said = (folder / "output.txt").read_text(errors="replace").splitlines()[-LAST_LINES:]
            why = f"pytest ended with status {process.returncode}, {max(lost, 0)} tests did not run\n"
            say(results.fail(f"{session.name}: the session", why + "\n".join(said)))
    for name in ("passed", "failed", "skipped"):
        setattr(outcome, name, results.count(name))
    for reason in sorted(set(results.reasons.values())):
        number = sum(found == reason for found in results.reasons.values())
        say(f"skipped {number}: {reason}")
    say("\n".join(results.longest(LONGEST)))
    return outcome


def _take(reader: Reader, results: Results, say: Callable[[str], None], stopped: dict[str, str]) -> None:
    for line in reader.lines():
        if (failure := results.add(line)) is not None:
            say(failure)
    for test in stopped:
        # Whatever it said of itself when its processes were gone.
        results.outcomes[test] = "failed"
