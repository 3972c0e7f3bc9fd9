"""Run the linters and every test folder in its own environment; the last line counts them all.

``python tests/run_all.py [SUITE…]`` (``make test``). Two suites run at a time, the longest first; each prints
its output when it is done. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENVS = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
#: A suite that takes this many seconds hangs.
LIMIT = 1500
#: A cluster looks for the ends of its jobs seldom.
SERVICE_LIMIT = 2400

INTERRUPTIONS = "tests/system/test_interruptions.py"
INTEGRATION = sorted(str(f.relative_to(ROOT)) for f in (ROOT / "tests/system").glob("test_*.py"))
#: Suite → (environment, test folders or files). Longest first.
SUITES: dict[str, tuple[str, tuple[str, ...]]] = {
    "training": ("fairseq", ("tests/training",)),
    "integration": ("workflow", tuple(f for f in INTEGRATION if f != INTERRUPTIONS)),
    "interruptions": ("workflow", (INTERRUPTIONS,)),
    "dag": ("workflow", ("tests/workflow",)),
    "models": (
        "fairseq",
        tuple(
            f"tests/unit/{name}" for name in ("models", "activations", "specialize", "analyse", "likelihood")
        )
        + ("tests/malformed/test_models.py",),
    ),
    "comet": ("comet", ("tests/unit/comet", "tests/malformed/test_comet.py")),
    "workflow": (
        "workflow",
        (
            "tests/unit/config",
            "tests/unit/operate",
            "tests/unit/golden",
            "tests/unit/mutants",
            "tests/unit/test_envs.py",
            "tests/unit/test_layers.py",
            "tests/malformed/test_config.py",
        ),
    ),
    "text": (
        "text",
        tuple(
            f"tests/unit/{name}"
            for name in (
                "data",
                "translate",
                "units",
                "select",
                "test_errors.py",
                "test_files.py",
                "test_parallel_text.py",
                "test_patterns.py",
            )
        )
        + ("tests/malformed/test_text.py", "tests/malformed/test_report.py"),
    ),
    "evaluate": (
        "evaluate",
        ("tests/unit/evaluate", "tests/unit/report", "tests/malformed/test_evaluate.py"),
    ),
}
#: Suites that need a service; run by name alone (`make test-slurm`).
SERVICES: dict[str, tuple[str, tuple[str, ...]]] = {"slurm": ("workflow", ("tests/slurm",))}
LINTERS: dict[str, tuple[str, ...]] = {
    "ruff check": ("dev", "ruff", "check", "."),
    "ruff format": ("dev", "ruff", "format", "--check", "."),
    "mypy": ("dev", "mypy"),
    "snakefmt": ("dev", "snakefmt", "--check", "Snakefile", "rules"),
    "snakemake --lint": ("workflow", "snakemake", "--lint", "--configfile", "config/config.yaml"),
}


@dataclass
class Result:
    """What one suite gave: its output and its counts (of tests, or of linters)."""

    name: str
    output: str
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def run(environment: str, module: str, *arguments: str, limit: int = LIMIT) -> tuple[int, str]:
    """Run a module in an environment from the checkout's root; return its exit status and output."""
    command = [str(VENVS / environment / "bin/python"), "-m", module, *arguments]
    # One thread each: results don't depend on the number of cores, and two suites share them.
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    # The tests start thousands of processes: each would compile the package anew.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode(errors="replace")
        return 124, f"{output}\nstopped after {limit} s\n"
    return done.returncode, done.stdout


def run_linters() -> Result:
    """Run every linter, whatever the others say."""
    start = time.monotonic()
    result = Result("lint", "", 0.0)
    for name, command in LINTERS.items():
        status, output = run(*command)
        result.passed += status == 0
        result.failed += status != 0
        result.output += f"{name}: ok\n" if status == 0 else f"{name}: FAILED\n{output}"
    result.seconds = time.monotonic() - start
    return result


def run_suite(name: str) -> Result:
    """Run one suite with pytest in its environment."""
    environment, paths = {**SUITES, **SERVICES}[name]
    there = [path for path in paths if (ROOT / path).is_file() or any((ROOT / path).glob("**/test_*.py"))]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = ("-q", "-p", "no:cacheprovider", "--durations=5", f"--junitxml={report}")
        limit = SERVICE_LIMIT if name in SERVICES else LIMIT
        status, output = (
            run(environment, "pytest", *options, *there, limit=limit) if there else (5, "no tests found\n")
        )
        result = Result(name, output, time.monotonic() - start)
        if report.is_file():
            counts = next(ElementTree.parse(report).iter("testsuite")).attrib
            result.failed = int(counts["failures"]) + int(counts["errors"])
            result.skipped = int(counts["skipped"])
            result.passed = int(counts["tests"]) - result.failed - result.skipped
    if status != 0 and result.failed == 0:
        result.failed = 1  # it did not even start, or found no test
    return result


def uncovered() -> list[str]:
    """Return the test files that no suite runs: a new folder must be given an environment."""
    covered = [ROOT / path for _, paths in [*SUITES.values(), *SERVICES.values()] for path in paths]
    files = (ROOT / "tests").rglob("test_*.py")
    return [str(f.relative_to(ROOT)) for f in files if not any(c == f or c in f.parents for c in covered)]


def main() -> int:
    """Run the suites named on the command line, or all; return the exit status."""
    wanted = sys.argv[1:] or [*SUITES, "lint"]
    known = [*SUITES, *SERVICES, "lint"]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"error: no suite {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if left := uncovered():
        print(f"error: no suite of tests/run_all.py runs {', '.join(left)}", file=sys.stderr)
        return 1
    start = time.monotonic()
    results = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(run_linters) if n == "lint" else pool.submit(run_suite, n) for n in wanted]
        for job in as_completed(jobs):
            result = job.result()
            results.append(result)
            print(f"===== {result.name} =====\n{result.output.rstrip()}\n", flush=True)
    print(f"{'suite':<12} {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}")
    for r in results:
        print(f"{r.name:<12} {r.passed:>7} {r.failed:>7} {r.skipped:>7} {r.seconds:>8.0f}")
    print(f"{time.monotonic() - start:.0f} s in all\n")
    passed, failed, skipped = (sum(getattr(r, k) for r in results) for k in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
