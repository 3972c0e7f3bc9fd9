"""How long the dry run of `make plan` takes for a large sweep, and how much memory: as Markdown on stdout.

``envs/bin/run-in workflow tests.bench.bench_dry_run``. Thirty languages to and from English, ten k, three
seeds. One test set: 1,800 decoding jobs of fine-tuned systems, 180 of baselines, and all that comes before
and after them (budget: 10 s and 1 GB). Eleven test sets: 21,780 (budget: 60 s and 1 GB).
CPU seconds show what a loaded machine hides.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.jobs import ROOT, Took, python, run_once

LANGUAGES = [f"{a}{b}" for a in "abc" for b in "abcdefghij"]
THRESHOLDS = [50, 60, 70, 75, 80, 85, 90, 95, 97, 99]
TESTSETS = (1, 11)
PLAN = """
import sys
from workflow_scripts.workflow.plan.dry_run import dry_run
jobs = [job.stage for job in dry_run(sys.argv[1], sys.argv[2:])]
print("total", len(jobs))
print("decode", jobs.count("decode"))
"""


def lay_down(folder: Path, testsets: int, languages: Sequence[str] = LANGUAGES) -> None:
    tests = [f"test{number}" for number in range(testsets)]
    for subset in ("train", "valid", *tests):
        for language in ("en", *languages):
            (folder / f"{subset}.{language}").write_text("a\n", encoding="utf-8")
    source = {"type": "files", "train": "train.{lang}", "valid": "valid.{lang}"}
    config = {
        "experiment": "large", "languages": ["en", *languages], "pivot": "en",
        "data": {"source": {**source, "tests": {test: f"{test}.{{lang}}" for test in tests}}},
        "train": {"seeds": [1, 2, 3]}, "masks": {"k": THRESHOLDS}, "systems": {"ns": {"masks": "sweep"}},
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")


def dry_run(
    testsets: int, languages: Sequence[str] = LANGUAGES, checkout: Path = ROOT
) -> tuple[Took, dict[str, str]]:
    """Return what the dry run of a checkout's `make plan` took, and its number of jobs, all and decodes."""
    words = ["config.yaml", "--snakefile", f"{checkout}/Snakefile"]
    command = ["/usr/bin/env", f"PYTHONPATH={checkout}", *python("workflow", "-c", PLAN, *words)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_down(folder, testsets, languages)
        took = run_once(command, folder, folder / "log")
        return took, dict(line.split() for line in (folder / "log").read_text().splitlines())


def measure(testsets: int) -> str:
    took, counts = dry_run(testsets)
    return f"| {counts['total']} | {counts['decode']} | {took.wall:.1f} | {took.cpu:.1f} | {took.peak:.0f} |"


def main() -> None:
    print("| jobs | of these decode | wall s | CPU s | peak MB |\n|---:|---:|---:|---:|---:|")
    for testsets in TESTSETS:
        print(measure(testsets), flush=True)


if __name__ == "__main__":
    main()
