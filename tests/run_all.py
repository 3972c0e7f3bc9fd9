"""Run the linters and all tests, each in its own environment; the last line counts them all.

``python -m tests.run_all [SUITE… or FILE…]`` (``make test``). Suites are the tiers of tests
(`tests.runner.tiers`) and ``lint``; without any all run but those that need a service or run tests a second
time. One pytest an environment, each with a worker a core or one more (``JOBS``); where cores are few, two at
a time: what one leaves idle, while it begins, ends or waits, the other one has. The linters run beside them.
``--record`` keeps how long the long tests took, so that they come first the next time. Standard library only.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.runner import tiers, units
from tests.runner.session import ROOT, Outcome, python, run_session, variables

#: More workers than these would wait for memory: each of some has a torch of its own.
MOST_WORKERS = 4
#: So many sessions run at a time where all their workers are not too many.
BESIDE = 2
LINTERS: dict[str, tuple[str, ...]] = {
    "ruff check": ("dev", "ruff", "check", "."),
    "ruff format": ("dev", "ruff", "format", "--check", "."),
    "mypy": ("dev", "mypy"),
    "snakefmt": ("dev", "snakefmt", "--check", "Snakefile", "rules"),
    "snakemake --lint": ("workflow", "snakemake", "--lint", "--configfile", "config/config.yaml"),
}


def say(text: str) -> None:
    """Print at once."""
    if text:
        print(text, flush=True)


def run_linters() -> Outcome:
    """Run every linter, whatever the others say; they give way to the tests."""
    start = time.monotonic()
    outcome = Outcome(tiers.LINT)
    for name, (environment, module, *arguments) in LINTERS.items():
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                ["nice", "-n", "10", python(environment), "-m", module, *arguments], cwd=ROOT,
                env=variables(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            outcome.cpu += usage.ru_utime + usage.ru_stime
            outcome.passed += status == 0
            outcome.failed += status != 0
            output.seek(0)
            say(f"{name}: ok" if status == 0 else f"{name}: FAILED\n{output.read()}")
    outcome.seconds = time.monotonic() - start
    return outcome


def workers(waiting: bool = False) -> int:
    """Return how many tests run at a time: JOBS, or one a core, and one more if they wait a good deal."""
    given = os.environ.get("JOBS", "")
    if given and not (given.isdecimal() and int(given) > 0):
        raise SystemExit(f"error: JOBS is the number of tests at a time, not {given!r}")
    return int(given) if given else min(len(os.sched_getaffinity(0)) + waiting, MOST_WORKERS)


def beside(sessions: Sequence[tiers.Session]) -> int:
    """Return how many of these sessions run at a time: one of a service, or where JOBS is given, is alone."""
    few = len(os.sched_getaffinity(0)) * BESIDE <= MOST_WORKERS
    distributed = all(session.distributed for session in sessions)
    return BESIDE if few and distributed and len(sessions) > 1 and not os.environ.get("JOBS") else 1


def plan(wanted: list[str]) -> list[tiers.Session]:
    """Return the sessions of suites and files that were named."""
    known = [*tiers.TIERS, *tiers.SERVICES, *tiers.AGAIN, tiers.LINT]
    named = [word for word in wanted if word.startswith("tests/")]
    unknown = [word for word in wanted if word not in known and word not in named]
    if unknown:
        meant = f"; tests/{unknown[0]}?" if (ROOT / "tests" / unknown[0]).exists() else ""
        raise SystemExit(
            f"error: no suite {unknown[0]!r}; there are {', '.join(known)}, and files of tests/{meant}"
        )
    if gone := [word for word in named if not (ROOT / word).exists()]:
        raise SystemExit(f"error: there is no {gone[0]}")
    if empty := [word for word in named if not tiers.sessions(ROOT, [], [word])]:
        raise SystemExit(f"error: there are no tests in {empty[0]}")
    if left := tiers.uncovered(ROOT):
        raise SystemExit(f"error: tests/runner/tiers.py has no environment or no tier for {', '.join(left)}")
    return tiers.sessions(ROOT, [word for word in wanted if word not in named], named)


def run_sessions(sessions: Sequence[tiers.Session]) -> list[Outcome]:
    """Run sessions as many at a time as may be; return their outcomes in this order.

    Raises:
        KeyboardInterrupt: this process was told to end; what was started has ended.
    """
    told, at_a_time = threading.Event(), beside(sessions)
    # Where another one runs beside it, nothing waits in vain.
    each = [
        workers(session.environment in tiers.WAITING and at_a_time == 1) if session.distributed else 1
        for session in sessions
    ]

    def run(session: tiers.Session, at_once: int) -> Outcome:
        if told.is_set():
            raise KeyboardInterrupt
        say(f"===== {session.name}: {len(session.files)} files, {at_once} tests at a time")
        try:
            outcome = run_session(session, at_once, say, told=told)
        except BaseException:
            told.set()  # before this thread takes another one
            raise
        say(
            f"===== {outcome.name}: {outcome.passed} passed, {outcome.failed} failed,"
            f" {outcome.skipped} skipped in {outcome.seconds:.0f} s\n"
        )
        return outcome

    with ThreadPoolExecutor(max_workers=at_a_time) as pool:
        begun = [pool.submit(run, *one) for one in zip(sessions, each, strict=True)]
        try:
            return [one.result() for one in begun]
        except BaseException:
            told.set()
            raise


def main() -> int:
    """Run the suites named on the command line, or all; return the exit status."""
    words = sys.argv[1:]
    # As Ctrl-C: what it started ends with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    record = "--record" in words
    wanted = [word for word in words if word != "--record"] or [*tiers.TIERS, tiers.LINT]
    chosen = plan(wanted)
    workers()  # refuses a JOBS that is no number before anything begins
    if beside(chosen) > 1:
        # The longest begins at once; beside it the others follow each other, what is quick first.
        chosen.sort(key=lambda session: session.environment != tiers.LONGEST)
    start = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as pool:
        linters = pool.submit(run_linters) if tiers.LINT in wanted else None
        outcomes = run_sessions(chosen)
        outcomes += [linters.result()] if linters else []
    if record:
        units.write_seconds({name: value for outcome in outcomes for name, value in outcome.units.items()})
    say(f"{'suite':<12} {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8} {'CPU s':>7}")
    for o in outcomes:
        say(f"{o.name:<12} {o.passed:>7} {o.failed:>7} {o.skipped:>7} {o.seconds:>8.0f} {o.cpu:>7.0f}")
    say(f"{time.monotonic() - start:.0f} s in all\n")
    passed, failed, skipped = (sum(getattr(o, k) for o in outcomes) for k in ("passed", "failed", "skipped"))
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    raise SystemExit(main())
