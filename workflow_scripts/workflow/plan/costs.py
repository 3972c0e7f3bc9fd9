"""What one job would cost, from what earlier runs took, and how that is known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.disk_plan import parameters_of
from workflow_scripts.workflow.plan.first_estimates import HOW, FirstEstimates
from workflow_scripts.workflow.plan.times import (
    JobTime,
    PastTraining,
    experiment_sizes,
    job_name,
    job_times,
    sizes_of,
)
from workflow_scripts.workflow.run.earlier_training import Earlier, earlier_training, system_of
from workflow_scripts.workflow.stages import RENAMED, STAGES

#: Stages whose time depends on the network's size.
OF_THE_NETWORK = {
    name for name, stage in STAGES.items() if stage.opens or stage.training or name.startswith("decode")
}
#: Forward and backward pass of a Transformer: six operations for each parameter and token.
OPERATIONS = 6
#: Useful operations per second of a GPU that was not measured (docs/reference/presets.md).
GPU_OPERATIONS = 1e14


@dataclass(frozen=True)
class Cost:
    """Seconds and memory of one job (None, 0: unknown), GPU hours, and how they are known."""

    seconds: float | None
    memory_mb: float
    how: str
    gpu_hours: float = 0.0
    gpu_measured: bool = False
    first: bool = False


def training_cost(
    experiment: Experiment,
    job: PlannedJob,
    results: Path,
    past: Sequence[PastTraining],
    made: Collection[str] = (),
    first: FirstEstimates | None = None,
) -> Cost:
    """Return what a training would cost: updates left × seconds of one in the most similar training."""
    system, settings = system_of(experiment, job)
    earlier = earlier_training(experiment, results, job, made) or Earlier(0, settings.max_updates)
    if earlier.updates and earlier.sure and not earlier.left:
        return Cost(0.0, 0.0, "trained already: only exported again")
    batch = settings.max_tokens * settings.update_freq
    goes_on = bool(earlier.updates and earlier.sure)
    left = earlier.left if goes_on else settings.max_updates
    # Patience may end it earlier.
    most = "up to " if settings.patience or not earlier.sure else ""
    many = f"{most}{left:,} updates{' more' if goes_on else ''}"
    less = "" if earlier.sure else "; if its inputs come out the same, only exported again"
    if earlier.left and not earlier.sure:
        less = f"; if its inputs come out the same, only {earlier.left:,} more"
    like = _likest(experiment, system, batch, past)
    seconds = first.training(job.stage, left, batch) if first and like is None else None
    if seconds is not None:
        return Cost(seconds, 0.0, f"{many} × {seconds / left:.2g} s: {HOW}{less}", first=True)
    if like is None:
        operations = OPERATIONS * parameters_of(experiment)
        hours = operations * batch * left / GPU_OPERATIONS / 3600
        return Cost(None, 0.0, f"{many}; no network of this size was trained here{less}", hours)
    pace = like.seconds / like.updates * batch / like.batch
    scaled = "" if batch == like.batch else f", scaled to {batch:,} tokens"
    how = f"{many} × {pace:.2g} s, as {like.name}{scaled}{less}"
    return Cost(pace * left, like.memory_mb, how, pace * left / 3600 * like.gpus, like.gpus > 0)


def _likest(
    experiment: Experiment, system: str, batch: int, past: Sequence[PastTraining]
) -> PastTraining | None:
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
    """Costs of all jobs but trainings, from benchmarks."""

    def __init__(self, experiment: Experiment, root: Path, first: FirstEstimates | None = None) -> None:
        self._results, self._first = root / experiment.experiment, first
        others = [one for one in sorted(root.glob("*")) if one != self._results]
        self._alike = [
            one for one in others if experiment_sizes(one) == sizes_of(experiment.model.architecture())
        ]
        self._others = [one for one in others if one not in self._alike]
        self._known: dict[str, tuple[dict[str, JobTime], Cost | None, Cost | None]] = {}

    def of(self, job: PlannedJob) -> Cost:
        """Return a job's cost: as last time, else a mean of its stage, else a first estimate."""
        stage = job.stage
        if stage not in self._known:
            here = _times(self._results, stage)
            near = _mean_of(here, f"mean of {len(here)} here") if here else _mean(self._alike, stage)
            far = None if stage in OF_THE_NETWORK else _mean(self._others, stage)
            self._known[stage] = {one.name: one for one in here}, near, far
        own, near, far = self._known[stage]
        if last := own.get(job_name(job.benchmark.partition(f"benchmarks/{stage}/")[2])):
            return Cost(last.seconds, last.memory_mb, "as it took last time")
        if near is not None:
            return near
        seconds = self._first.of(job) if self._first else None
        if seconds is not None and (far is None or (self._first and self._first.depends_on_text(stage))):
            return Cost(seconds, 0.0, HOW, first=True)
        return far or Cost(None, 0.0, "no such job has run here")


def _times(results: Path, stage: str) -> list[JobTime]:
    names = [*(old for old, now in RENAMED.items() if now == stage), stage]
    return [one for name in names for one in job_times(results / "benchmarks" / name)]


def _mean(experiments: Sequence[Path], stage: str) -> Cost | None:
    for results in experiments:
        if there := _times(results, stage):
            return _mean_of(there, f"mean of {len(there)} of {results.name}, which has other text")
    return None


def _mean_of(times: list[JobTime], how: str) -> Cost:
    seconds = sum(one.seconds for one in times) / len(times)
    return Cost(seconds, max(one.memory_mb for one in times), how)
