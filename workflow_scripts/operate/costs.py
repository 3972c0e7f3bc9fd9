"""What one job would cost, from what earlier runs took: seconds, memory, GPU hours, and how they are known.

Inputs: a planned job, the config, earlier runs of this and of other experiments (operate.past_runs).
Outputs: a ``Cost``, whose seconds are None where no earlier run tells them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.config.experiment import BASELINE, Experiment
from workflow_scripts.config.training import Settings
from workflow_scripts.files import read_json
from workflow_scripts.operate.disk_plan import parameters, symbols_of
from workflow_scripts.operate.dry_run import PlannedJob
from workflow_scripts.operate.past_runs import JobTime, PastTraining, experiment_sizes, job_times, sizes_of
from workflow_scripts.operate.training_progress import progress_of
from workflow_scripts.units.retention import FINGERPRINT, FINISHED

#: Why a training finished, in `finished.json`, where it was not patience.
MAX_UPDATES = "max_updates"
#: Stages whose time depends on the network's size.
OF_THE_NETWORK = ("count_activations", "count_encoder", "decode", "mask_control")
#: Forward and backward pass of a Transformer: six operations for each parameter and token.
OPERATIONS = 6
#: Useful operations a second of one GPU that is not measured here (docs/presets.md).
GPU_OPERATIONS = 1e14


@dataclass(frozen=True)
class Cost:
    """Of one job: seconds (None: unknown), memory (0: unknown), GPU hours, and how they are known."""

    seconds: float | None
    memory_mb: float
    how: str
    gpu_hours: float = 0.0
    gpu_measured: bool = False


def system_of(experiment: Experiment, job: PlannedJob) -> tuple[str, Settings]:
    """Return the system that a training job makes, and its settings."""
    system = job.wildcards.get("finetuned", BASELINE)
    return system, experiment.train if system == BASELINE else experiment.finetune


def training_folder(results: Path, job: PlannedJob) -> Path:
    """Return the trainer's folder of a training job."""
    return results / "training" / job.wildcards.get("finetuned", BASELINE) / f"s{job.wildcards['seed']}"


def updates_done(settings: Settings, folder: Path, log: Path) -> int | None:
    """Return the updates that a training has behind it, with these settings as far as the config says.

    None where there is no training yet; 0 where it was another one.
    """
    for name in (FINISHED, FINGERPRINT):
        try:
            record = read_json(folder / name)
            identity = record["identity"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        wanted = json.loads(json.dumps(settings.settings()))
        if any(identity[key] != value for key, value in wanted.items() if key in identity):
            return 0
        if identity.get("effective_batch", wanted["tokens_per_update"]) != wanted["tokens_per_update"]:
            return 0
        if "updates" in record:
            ended = record.get("reason", MAX_UPDATES) != MAX_UPDATES  # by patience: nothing is left
            return settings.max_updates if ended else int(record["updates"])
        progress = progress_of("", 0, "stopped", settings.max_updates, folder, log, folder)
        return progress.update or 0
    return None


def training_cost(
    experiment: Experiment, job: PlannedJob, results: Path, past: Sequence[PastTraining]
) -> Cost:
    """Return what a training would cost: updates left, times the seconds of one in the likest training."""
    system, settings = system_of(experiment, job)
    done = updates_done(settings, training_folder(results, job), Path(job.log)) or 0
    left = max(0, settings.max_updates - done)
    if done and not left:
        return Cost(0.0, 0.0, "trained already: only exported again")
    batch = settings.max_tokens * settings.update_freq
    # Patience may end it before.
    many = f"{'up to ' if settings.patience else ''}{left:,} updates{' more' if done else ''}"
    like = _likest(experiment, system, batch, past)
    if like is None:
        operations = OPERATIONS * parameters(experiment.model.architecture(), symbols_of(experiment))
        hours = operations * batch * left / GPU_OPERATIONS / 3600
        return Cost(None, 0.0, f"{many}; no network of this size was trained here", hours)
    pace = like.seconds / like.updates * batch / like.batch
    scaled = "" if batch == like.batch else f", scaled to {batch:,} tokens"
    how = f"{many} × {pace:.2g} s, as {like.name}{scaled}"
    return Cost(pace * left, like.memory_mb, how, pace * left / 3600 * like.gpus, like.gpus > 0)


def _likest(
    experiment: Experiment, system: str, batch: int, past: Sequence[PastTraining]
) -> PastTraining | None:
    """Return a training of a network of this size; of the same experiment, batch and system if there is."""
    sizes = sizes_of(experiment.model.architecture())
    return max(
        (training for training in past if training.sizes == sizes),
        key=lambda one: (
            one.experiment == experiment.experiment,
            one.batch == batch,
            (one.system == BASELINE) == (system == BASELINE),
            one.system == system,
        ),
        default=None,
    )


class JobCosts:
    """Costs of jobs that are no trainings, from benchmarks."""

    def __init__(self, experiment: Experiment, root: Path) -> None:
        self._results = root / experiment.experiment
        others = [one for one in sorted(root.glob("*")) if one != self._results]
        self._alike = [
            one for one in others if experiment_sizes(one) == sizes_of(experiment.model.architecture())
        ]
        self._others = [*self._alike, *(one for one in others if one not in self._alike)]
        self._known: dict[str, tuple[dict[str, JobTime], Cost]] = {}

    def of(self, job: PlannedJob) -> Cost:
        """Return a job's cost: its own last time, else the mean of its stage, here or elsewhere."""
        if job.stage not in self._known:
            here = job_times(self._results / "benchmarks" / job.stage)
            self._known[job.stage] = {Path(one.file).name: one for one in here}, self._mean(job.stage, here)
        own, mean = self._known[job.stage]
        if last := own.get(Path(job.benchmark).name):
            return Cost(last.seconds, last.memory_mb, "as it took last time")
        return mean

    def _mean(self, stage: str, here: list[JobTime]) -> Cost:
        if here:
            return _mean_of(here, f"mean of {len(here)} here")
        for results in self._alike if stage in OF_THE_NETWORK else self._others:
            if there := job_times(results / "benchmarks" / stage):
                return _mean_of(there, f"mean of {len(there)} of {results.name}, which has other text")
        return Cost(None, 0.0, "no such job has run here")


def _mean_of(times: list[JobTime], how: str) -> Cost:
    seconds = sum(one.seconds for one in times) / len(times)
    return Cost(seconds, max(one.memory_mb for one in times), how)
