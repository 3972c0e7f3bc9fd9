"""Does a test notice each mistake of the lists? (``make mutants``; ``ONLY=text`` for some.)

Two workers, each with a copy of the checkout, make one mistake at a time in it and run the tests that are to
notice it. Before, these tests must pass without any. The exit status is 1 if a mistake goes unnoticed, or if
a test could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.lists import all_mutants, faults_of
from tests.mutants.mutant import ROOT, Mutant
from tests.shared_material import shared_folder
from workflow_scripts.workflow.software.environments import venvs_folder

VENVS = venvs_folder()
WORKERS = 2
#: Seconds for the tests of one mistake, and for all of an environment.
LIMIT, ALL_LIMIT = 300, 1800
PASSED, FAILED = 0, 1  # pytest's exit statuses; others mean that a test did not run
LAST_LINES = 15

#: What a worker does: whether it went well, and what to say of it.
Job = Callable[["Worker"], tuple[bool, str]]


class Worker:
    """A copy of the checkout, and for each environment a server that runs tests in it."""

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self.copy, self.log = folder / "checkout", folder / "log"
        for file in files:
            (self.copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, self.copy / file)
        self._servers: dict[str, subprocess.Popen[str]] = {}

    def run(self, environment: str, tests: list[str], limit: int) -> int:
        """Run tests; return pytest's exit status. What they said is in ``log``."""
        server = self._servers.get(environment) or self._start(environment)
        assert server.stdin is not None and server.stdout is not None
        asked = {"folder": str(self.copy), "tests": tests, "log": str(self.log), "limit": limit}
        print(json.dumps(asked), file=server.stdin, flush=True)
        return int(server.stdout.readline())

    def _start(self, environment: str) -> subprocess.Popen[str]:
        python = str(VENVS / environment / "bin/python")
        variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        # Of the folders that environments and material lie in, a copy is no neighbour.
        named = {"NEURONSPEC_VENVS": str(VENVS), "NEURONSPEC_SHARED": str(shared_folder())}
        self._servers[environment] = server = subprocess.Popen(
            [python, "-P", str(ROOT / "tests/mutants/server.py"), environment],
            env={**variables, **named, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return server

    def end(self) -> None:
        """End the servers."""
        for server in self._servers.values():
            assert server.stdin is not None and server.stdout is not None
            server.stdin.close()
            server.wait()
            server.stdout.close()

    def last_words(self) -> str:
        """Return the end of what the last tests said."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])

    def passes(self, environment: str, tests: list[str]) -> tuple[bool, str]:
        """Return whether tests pass without any mistake, and a line that says it."""
        start = time.monotonic()
        status = self.run(environment, tests, ALL_LIMIT)
        said = f"tests in {environment} {'pass' if status == PASSED else 'FAIL'} unchanged"
        said += f" ({len(tests)} in {time.monotonic() - start:.1f} s)"
        return status == PASSED, said if status == PASSED else f"{said}\n{self.last_words()}"

    def notices(self, mutant: Mutant) -> tuple[bool, str]:
        """Return whether every test of a mutant notices it, and a line that says it."""
        path = self.copy / mutant.file
        text = path.read_text(encoding="utf-8")
        start = time.monotonic()
        noticed, more = "noticed", ""
        path.write_text(mutant.applied(text), encoding="utf-8")
        try:
            for test in mutant.tests:
                environment, _, name = test.partition(" ")
                status = self.run(environment, [name], LIMIT)
                if status == PASSED:
                    noticed, more = "UNNOTICED", f"\n    by {test}"
                elif status != FAILED:
                    noticed, more = "NOT RUN", f"\n    {test}: status {status}\n{self.last_words()}"
                if status != FAILED:
                    break
        finally:
            path.write_text(text, encoding="utf-8")
        return noticed == "noticed", f"{noticed:<9} {time.monotonic() - start:6.1f} s  {mutant.what}{more}"


def copied_files() -> list[str]:
    """Return the files of the checkout that tests may need, from its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [file for file in listed.stdout.split("\0") if file and (ROOT / file).is_file()]
    return sorted(dict.fromkeys(files))


def grouped_tests(mutants: Iterable[Mutant]) -> dict[str, list[str]]:
    """Return the different tests of some mutants."""
    by: dict[str, dict[str, None]] = {}
    for mutant in mutants:
        for test in mutant.tests:
            environment, _, name = test.partition(" ")
            by.setdefault(environment, {})[name] = None
    return {environment: list(names) for environment, names in by.items()}


def run(mutants: tuple[Mutant, ...], folder: Path) -> int:
    """Run the tests of some mutants; return the exit status."""
    files = copied_files()
    workers: SimpleQueue[Worker] = SimpleQueue()
    every = [Worker(folder / str(number), files) for number in range(WORKERS)]
    for worker in every:
        workers.put(worker)

    def on_a_worker(job: Job) -> tuple[bool, str]:
        worker = workers.get()
        try:
            return job(worker)
        finally:
            workers.put(worker)

    def told(jobs: list[Job], pool: ThreadPoolExecutor) -> int:
        """Do jobs, printing each as it ends; return how many went wrong."""
        wrong = 0
        for done in as_completed([pool.submit(on_a_worker, job) for job in jobs]):
            well, said = done.result()
            wrong += not well
            print(said, flush=True)
        return wrong

    start = time.monotonic()
    tests = grouped_tests(mutants)
    unchanged = [partial(Worker.passes, environment=one, tests=names) for one, names in tests.items()]
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            if told(list(unchanged), pool):
                return 1
            wrong = told([partial(Worker.notices, mutant=mutant) for mutant in mutants], pool)
    finally:
        for worker in every:
            worker.end()
    noticed = f"{wrong} NOT noticed" if wrong else "all noticed"
    print(f"{len(mutants)} mutants, {noticed}, {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


def main() -> int:
    """Run the mutants that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description="Does a test notice each mistake of the lists?")
    parser.add_argument("--only", default="", help="those whose name or file has this text")
    arguments = parser.parse_args()
    mutants = all_mutants()
    if said := faults_of(mutants):
        print("\n".join(said), file=sys.stderr)
        return 2
    chosen = tuple(m for m in mutants if arguments.only in m.what or arguments.only in m.file)
    if not chosen:
        print(f"error: no mutant has {arguments.only!r} in its name or file", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        return run(chosen, Path(folder))


if __name__ == "__main__":
    raise SystemExit(main())
