"""How long a dry run of a large sweep takes, and how much memory: as Markdown on stdout.

``envs/bin/run-in fairseq tests.bench.bench_dry_run``. Thirty languages to and from English, ten k, three
seeds: 1,800 decoding jobs of fine-tuned systems, 180 of baselines, and all that comes before and after them.
Budget: 10 s and 1 GB. CPU seconds show what a loaded machine hides.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from workflow_scripts.operate.environments import venvs_folder

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = [f"{a}{b}" for a in "abc" for b in "abcdefghij"]
THRESHOLDS = [50, 60, 70, 75, 80, 85, 90, 95, 97.5, 99]
TIMEOUT_SECONDS = 900


def lay_down(folder: Path) -> None:
    """Write the config and one line of text for every language and subset."""
    for subset in ("train", "valid", "news"):
        for language in ("en", *LANGUAGES):
            (folder / f"{subset}.{language}").write_text("a\n", encoding="utf-8")
    source = {"type": "files", "train": "train.{lang}", "valid": "valid.{lang}"}
    config = {
        "experiment": "large",
        "languages": ["en", *LANGUAGES],
        "pivot": "en",
        "data": {"source": {**source, "tests": {"news": "news.{lang}"}}},
        "train": {"seeds": [1, 2, 3]},
        "masks": {"k": THRESHOLDS},
        "systems": {"ns": {"masks": "sweep"}},
    }
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")


def main() -> None:
    """Run it once and print what it took."""
    command = [
        str(venvs_folder() / "workflow/bin/python"),
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--cores",
        "2",
    ]
    with tempfile.TemporaryDirectory() as name:
        lay_down(Path(name))
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            [*command, "--configfile", "config.yaml", "--dry-run", "--quiet", "rules"],
            cwd=name,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("| jobs | of these decode | wall s | CPU s | peak MB |\n|---:|---:|---:|---:|---:|")
    print(
        f"| {counts['total']} | {counts['decode']} | {wall:.1f} | {cpu:.1f} | {after.ru_maxrss / 1024:.0f} |"
    )


if __name__ == "__main__":
    main()
