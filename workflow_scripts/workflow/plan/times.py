"""What jobs and trainings took, in seconds and memory (``make times CONFIG=…``, plans, the manifest).

Benchmarks of Snakemake have only a job's last attempt; the ``history.json`` of a training has all.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.load import load_file
from workflow_scripts.units.training_files import FINISHED, HISTORY
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES

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
    """Return the stages of a run, the one with most seconds first. Raises UserError: nothing has run."""
    found = []
    for folder in sorted((results / "benchmarks").glob("*")):
        seconds, memory = [], [0.0]
        for file in benchmark_files(folder).values():
            for took, resident in benchmark_rows(file):
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
    """Return a job's wildcards from its benchmark: `baseline/s1/x.tsv` or, earlier, `baseline.s1.x.tsv`."""
    return str(file).replace("/", ".")


def benchmark_files(folder: Path) -> dict[str, Path]:
    """Return the benchmarks of a stage by `job_name`; of two of one job the newer, which is in folders."""
    files = [file.relative_to(folder) for file in folder.rglob("*.tsv")]
    files.sort(key=lambda file: (len(file.parts), file))
    return {job_name(file): folder / file for file in files}


def benchmark_rows(file: Path) -> list[tuple[float, float | None]]:
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
    parser = parser_of(__doc__)
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
    print(table(stages(arguments.directory / "results" / experiment.experiment)))


#: What the speed of a network depends on; networks that agree in these have one size.
SIZES = (
    "encoder_layers",
    "decoder_layers",
    "model_dim",
    "ffn_dim",
    "heads",
    "share_decoder_embeddings",
    "share_all_embeddings",
)


@dataclass(frozen=True)
class JobTime:
    """A job that ran: its name (times.job_name), seconds, peak memory in MB (0: too short to be measured)."""

    name: str
    seconds: float
    memory_mb: float


@dataclass(frozen=True)
class PastTraining:
    """A finished training: its speed and network; ``batch``: padded tokens of an update on all devices."""

    experiment: str
    system: str
    seed: str
    sizes: tuple[Any, ...]
    batch: int
    updates: int
    seconds: float
    memory_mb: float
    gpus: float
    device: str

    @property
    def name(self) -> str:
        """Whose it is, in words."""
        return f"{self.experiment}/{self.system} {self.seed} on {self.device}"


def sizes_of(architecture: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the part of an architecture that decides its speed."""
    return tuple(architecture[name] for name in SIZES)


def job_times(folder: Path) -> list[JobTime]:
    """Return the jobs of a stage, from its folder of benchmarks."""
    found = []
    for name, file in sorted(benchmark_files(folder).items()):
        try:
            seconds, memory = benchmark_rows(file)[-1]
        except (OSError, UserError, IndexError):
            continue
        found.append(JobTime(name, seconds, (memory or 0.0) if seconds >= MEASURED_SECONDS else 0.0))
    return found


def experiment_sizes(results: Path) -> tuple[Any, ...] | None:
    """Return the network's sizes of an experiment's systems; None where there is none yet."""
    for path in sorted((results / "systems").glob("*/s*/system.json")):
        try:
            return sizes_of(read_json(path)["architecture"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def past_trainings(root: Path) -> list[PastTraining]:
    """Return the finished trainings of all experiments below ``root``."""
    return [
        training
        for path in sorted(root.glob(f"*/training/*/s*/{FINISHED}"))
        if ".replaced-" not in path.parts[-2]
        for training in _training(path)
    ]


def _training(path: Path) -> Iterator[PastTraining]:
    experiment, _, system, seed = path.parts[-5:-1]
    try:
        finished, history = read_json(path), read_json(path.parent / HISTORY)
        description = read_json(path.parents[3] / "systems" / system / seed / "system.json")
        attempt = history["attempts"][-1]
        devices = attempt.get("devices", ["cpu"])
        seconds = float(history["seconds"])
        found = PastTraining(
            experiment=experiment,
            system=system,
            seed=seed,
            sizes=sizes_of(description["architecture"]),
            batch=int(finished["identity"]["tokens_per_update"]),
            updates=int(finished["updates"]),
            seconds=seconds,
            memory_mb=float(history.get("peak_memory_mb", 0.0)),
            gpus=float(history.get("gpu_hours", 0.0)) * 3600 / seconds if seconds else 0.0,
            device=devices[0] if len(devices) == 1 else f"{len(devices)} × {devices[0]}",
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return
    if found.updates and found.seconds:
        yield found


if __name__ == "__main__":
    run_main(main)
