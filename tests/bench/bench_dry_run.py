"""How long a dry run of a large sweep takes, and how much memory: as Markdown on stdout.

``envs/bin/run-in fairseq tests.bench.bench_dry_run``. Thirty languages to and from English, ten k, three
seeds. One test set: 1,800 decoding jobs of fine-tuned systems, 180 of baselines, and all that comes before
and after them (budget: 10 s and 1 GB). Eleven test sets: 21,780 (budget: 60 s and 1 GB).
CPU seconds show what a loaded machine hides.
"""

import json
import tempfile
from pathlib import Path

from tests.bench.jobs import ROOT, python, run_once

LANGUAGES = [f"{a}{b}" for a in "abc" for b in "abcdefghij"]
THRESHOLDS = [50, 60, 70, 75, 80, 85, 90, 95, 97.5, 99]
TESTSETS = (1, 11)


def lay_down(folder: Path, testsets: int) -> None:
    tests = [f"test{number}" for number in range(testsets)]
    for subset in ("train", "valid", *tests):
        for language in ("en", *LANGUAGES):
            (folder / f"{subset}.{language}").write_text("a\n", encoding="utf-8")
    source = {"type": "files", "train": "train.{lang}", "valid": "valid.{lang}"}
    config = {
        "experiment": "large", "languages": ["en", *LANGUAGES], "pivot": "en",
        "data": {"source": {**source, "tests": {test: f"{test}.{{lang}}" for test in tests}}},
        "train": {"seeds": [1, 2, 3]}, "masks": {"k": THRESHOLDS}, "systems": {"ns": {"masks": "sweep"}},
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")


def measure(testsets: int) -> str:
    words = f"-m snakemake --snakefile {ROOT}/Snakefile --cores 2 --configfile config.yaml --dry-run"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_down(folder, testsets)
        took = run_once(python("workflow", *words.split(), "--quiet", "rules"), folder, folder / "log")
        lines = [line.split() for line in (folder / "log").read_text().splitlines()]
    counts = dict(line for line in lines if len(line) == 2)
    return f"| {counts['total']} | {counts['decode']} | {took.wall:.1f} | {took.cpu:.1f} | {took.peak:.0f} |"


def main() -> None:
    print("| jobs | of these decode | wall s | CPU s | peak MB |\n|---:|---:|---:|---:|---:|")
    for testsets in TESTSETS:
        print(measure(testsets), flush=True)


if __name__ == "__main__":
    main()
