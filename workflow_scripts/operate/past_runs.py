"""What earlier runs took: seconds and memory of jobs, and how fast trainings went, of every experiment.

Inputs: a folder of results: ``*/benchmarks``, and of each finished training ``history.json``,
``finished.json`` and the exported ``system.json``. Outputs: ``JobTime`` by experiment and stage, and
``PastTraining``. What is missing or cannot be read is left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.files import read_json
from workflow_scripts.operate.times import MEASURED_SECONDS, benchmark_files
from workflow_scripts.units.training_files import FINISHED, HISTORY

#: What the speed of a network depends on; two that agree in these are of one size.
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
    """A finished training: its speed, and the network that it was of.

    ``batch``: padded tokens of an update, of all devices together. ``gpus``: 0 where a CPU trained.
    """

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
    """Return what of an architecture makes its speed."""
    return tuple(architecture[name] for name in SIZES)


def job_times(folder: Path) -> list[JobTime]:
    """Return the jobs of a stage, from its folder of benchmarks."""
    found = []
    for name, file in sorted(benchmark_files(folder).items()):
        try:
            with file.open(encoding="utf-8", newline="") as handle:
                row = list(csv.DictReader(handle, delimiter="\t"))[-1]
            seconds, memory = float(row["s"]), row["max_rss"]
            # Of a short job Snakemake has the memory of the shell that starts it.
            known = seconds >= MEASURED_SECONDS and memory not in ("NA", "-")
            found.append(JobTime(name, seconds, float(memory) if known else 0.0))
        except (OSError, ValueError, KeyError, IndexError):
            continue
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
