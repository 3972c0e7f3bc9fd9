"""Where the time of a run went: seconds and memory by stage, as a Markdown table on stdout.

``make times CONFIG=…``. Inputs: ``benchmarks/{rule}/…tsv`` as Snakemake writes them, and the
``history.json`` of training folders, which counts every attempt where a benchmark file has the last only.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import read_json
from workflow_scripts.operate.training_code import TRAINING_RULES
from workflow_scripts.units.training_files import HISTORY

MEASURED_SECONDS = 10.0


@dataclass(frozen=True)
class Stage:
    """A rule's jobs: how many, their seconds in all, the longest one, the largest memory (MB, 0: unknown)."""

    rule: str
    jobs: int
    seconds: float
    longest: float
    memory_mb: float


def stages(results: Path) -> list[Stage]:
    """Return the stages of a run, the one with most seconds first.

    Raises:
        UserError: nothing has run.
    """
    found = []
    for folder in sorted((results / "benchmarks").glob("*")):
        seconds, memory = [], [0.0]
        for file in benchmark_files(folder).values():
            for took, resident in _benchmarks(file):
                seconds.append(took)
                # Snakemake looks at a job's memory at its start and then every few seconds: what it says
                # of a short job is the memory of the shell that starts it.
                if took >= MEASURED_SECONDS and resident is not None:
                    memory.append(resident)
        if folder.name in TRAINING_RULES:
            seconds, memory = _trainings(results, folder.name == "finetune") or (seconds, memory)
        if seconds:
            found.append(Stage(folder.name, len(seconds), sum(seconds), max(seconds), max(memory)))
    if not found:
        raise UserError(f"{results}: no benchmarks; nothing has run here")
    return sorted(found, key=lambda stage: -stage.seconds)


def job_name(file: str | Path) -> str:
    """Return the name of a job from its benchmark below the folder of its stage: all its wildcards.

    It is one for `baseline/s1/news.de-en.tsv` and for `baseline.s1.news.de-en.tsv`, as it was called when all
    of a stage lay in one folder.
    """
    return str(file).replace("/", ".")


def benchmark_files(folder: Path) -> dict[str, Path]:
    """Return the benchmarks of a stage by `job_name`; of two of one job the newer, which is in folders."""
    files = [file.relative_to(folder) for file in folder.rglob("*.tsv")]
    files.sort(key=lambda file: (len(file.parts), file))
    return {job_name(file): folder / file for file in files}


def _benchmarks(file: Path) -> list[tuple[float, float | None]]:
    """Return the seconds and the memory (MB; None: not measured) of each row of a benchmark file."""
    try:
        with file.open(encoding="utf-8", newline="") as handle:
            return [
                (float(row["s"]), None if row["max_rss"] in ("NA", "-") else float(row["max_rss"]))
                for row in csv.DictReader(handle, delimiter="\t")
            ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(
            f"{file}: not a benchmark of Snakemake ({type(error).__name__}: {error}); delete it"
        ) from None


def _trainings(results: Path, finetuned: bool) -> tuple[list[float], list[float]] | None:
    histories = [
        read_json(path)
        for path in sorted((results / "training").glob(f"*/s*/{HISTORY}"))
        if (path.parts[-3] != BASELINE) == finetuned and ".replaced-" not in path.parts[-2]
    ]
    if not histories:
        return None
    try:
        return [one["seconds"] for one in histories], [one["peak_memory_mb"] for one in histories]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{results / 'training'}: a {HISTORY} is not what a training writes ({error}); run it again"
        ) from None


def table(found: list[Stage]) -> str:
    """Return the stages as Markdown, with each one's share of all seconds."""
    total = sum(stage.seconds for stage in found)
    lines = [
        "| stage | jobs | seconds | share | longest job, s | memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {stage.rule} | {stage.jobs} | {stage.seconds:.0f} | {stage.seconds / total:.0%}"
        f" | {stage.longest:.1f} | {f'{stage.memory_mb:.0f}' if stage.memory_mb else '–'} |"
        for stage in found
    ]
    jobs = sum(stage.jobs for stage in found)
    return "\n".join([*lines, f"| **all** | {jobs} | {total:.0f} | | | |"])


def main(argv: list[str] | None = None) -> None:
    """Print the table of an experiment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--configfile", required=True)
    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="the folder that results/ lies in"
    )
    arguments = parser.parse_args(argv)
    experiment = load_experiment(read_yaml(arguments.configfile), [arguments.configfile])
    print(table(stages(arguments.directory / "results" / experiment.experiment)))


if __name__ == "__main__":
    run_main(main)
