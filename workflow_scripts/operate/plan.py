"""What a run would cost before it runs: jobs, hours, memory and disk: ``make plan CONFIG=…``.

Inputs: the config, Snakemake's dry run (operate.dry_run), and what earlier runs of this and of other
experiments took (operate.past_runs). Output: a table on stdout: each stage with how its figures came about.
What no earlier run tells is unknown, and said to be. GPU hours that no GPU has been measured for follow from
the number of operations, and say so.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.config.experiment import BASELINE, Experiment
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.config.training import Settings
from workflow_scripts.errors import run_main
from workflow_scripts.files import read_json
from workflow_scripts.operate.clean_training import readable
from workflow_scripts.operate.disk_plan import (
    TRAINING_RULES,
    Job,
    free_bytes,
    need_of,
    parameters,
    symbols_of,
)
from workflow_scripts.operate.dry_run import PlannedJob, dry_run
from workflow_scripts.operate.past_runs import (
    JobTime,
    PastTraining,
    experiment_sizes,
    job_times,
    past_trainings,
    sizes_of,
)
from workflow_scripts.operate.training_progress import progress_of
from workflow_scripts.units.retention import FINISHED

#: Why a training finished, in `finished.json`, where it was not patience.
MAX_UPDATES = "max_updates"
#: Stages whose time depends on the network's size.
OF_THE_NETWORK = ("count_activations", "count_encoder", "decode", "mask_control")
#: Forward and backward pass of a Transformer: six operations for each parameter and token.
OPERATIONS = 6
#: Useful operations a second of one GPU that is not measured here (docs/presets.md).
GPU_OPERATIONS = 1e14


@dataclass(frozen=True)
class Estimate:
    """Jobs with one origin of their figures; None: unknown. ``wall``: seconds on the cores that there are."""

    stage: str
    jobs: int
    seconds: float | None
    wall: float | None
    memory_mb: float
    how: str


@dataclass(frozen=True)
class Cost:
    """Of one job: seconds (None: unknown), memory (0: unknown), GPU hours, and how they are known."""

    seconds: float | None
    memory_mb: float
    how: str
    gpu_hours: float = 0.0
    gpu_measured: bool = False


def updates_done(settings: Settings, folder: Path, log: Path) -> int:
    """Return the updates that a training has behind it, with these settings as far as the config says."""
    for name in (FINISHED, "fingerprint.json"):
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
    return 0


def training_cost(
    experiment: Experiment, job: PlannedJob, results: Path, past: Sequence[PastTraining]
) -> Cost:
    """Return what a training would cost: updates left, times the seconds of one in the likest training."""
    system = job.wildcards.get("finetuned", BASELINE)
    settings: Settings = experiment.train if system == BASELINE else experiment.finetune
    seed = f"s{job.wildcards['seed']}"
    done = updates_done(settings, results / "training" / system / seed, Path(job.log))
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
        self._sizes = sizes_of(experiment.model.architecture())
        self._others = [one for one in sorted(root.glob("*")) if one != self._results]
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
        for results in self._others:
            if stage in OF_THE_NETWORK and experiment_sizes(results) != self._sizes:
                continue
            if there := job_times(results / "benchmarks" / stage):
                return _mean_of(there, f"mean of {len(there)} of {results.name}, which has other text")
        return Cost(None, 0.0, "no such job has run here")


def _mean_of(times: list[JobTime], how: str) -> Cost:
    seconds = sum(one.seconds for one in times) / len(times)
    return Cost(seconds, max(one.memory_mb for one in times), how)


@dataclass(frozen=True)
class Plan:
    """All estimates, and GPU hours: from measured trainings, and computed from operations."""

    estimates: list[Estimate]
    gpu_measured: float
    gpu_computed: float


def plan_of(experiment: Experiment, root: Path, jobs: Iterable[PlannedJob], cores: int) -> Plan:
    """Return the estimates of planned jobs, stage after stage. ``root``: the folder of all results."""
    past, costs = past_trainings(root), JobCosts(experiment, root)
    results = root / experiment.experiment
    grouped: dict[tuple[str, str], list[tuple[Cost, int]]] = {}
    measured = computed = 0.0
    for job in jobs:
        training = job.rule in TRAINING_RULES
        cost = training_cost(experiment, job, results, past) if training else costs.of(job)
        grouped.setdefault((job.stage, cost.how), []).append((cost, job.threads))
        if cost.gpu_measured:
            measured += cost.gpu_hours
        else:
            computed += cost.gpu_hours
    estimates = [_together(stage, how, found, cores) for (stage, how), found in grouped.items()]
    order = list(dict.fromkeys(stage for stage, _ in grouped))
    return Plan(sorted(estimates, key=lambda one: order.index(one.stage)), measured, computed)


def _together(stage: str, how: str, found: list[tuple[Cost, int]], cores: int) -> Estimate:
    memory = max(cost.memory_mb for cost, _ in found)
    known = [(cost.seconds, threads) for cost, threads in found if cost.seconds is not None]
    if len(known) < len(found):
        return Estimate(stage, len(found), None, None, memory, how)
    # Side by side as far as the cores go; a stage takes at least as long as its longest job.
    shared = sum(seconds * threads for seconds, threads in known) / cores
    wall = max(shared, max(seconds for seconds, _ in known))
    return Estimate(stage, len(found), sum(seconds for seconds, _ in known), wall, memory, how)


def duration(seconds: float | None) -> str:
    """Return seconds in the unit that fits: 0.5 s, 90 s, 12 min, 3.5 h."""
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}" if hours >= 0.1 else "less than 0.1"


def table(plan: Plan, cores: int) -> str:
    """Return the plan as aligned text with its sums."""
    if not plan.estimates:
        return "nothing to do: everything is there and up to date"
    head = ("stage", "jobs", "one job", f"on {cores} core{'s' if cores > 1 else ''}", "memory", "from")
    rows = [head]
    for one in plan.estimates:
        mean = None if one.seconds is None else one.seconds / one.jobs
        memory = f"{one.memory_mb:.0f} MB" if one.memory_mb else "–"
        rows.append((one.stage, str(one.jobs), duration(mean), duration(one.wall), memory, one.how))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{row[n]:>{widths[n]}}" for n in range(1, 5)), row[5]])
        for row in rows
    ]
    wall = sum(one.wall for one in plan.estimates if one.wall is not None)
    unknown = dict.fromkeys(one.stage for one in plan.estimates if one.wall is None)
    jobs = sum(one.jobs for one in plan.estimates)
    known = "" if not unknown else f", and what is unknown: {', '.join(unknown)}"
    lines.append(f"{jobs} jobs; wall time {duration(wall)}, one stage after the other{known}")
    if largest := max(one.memory_mb for one in plan.estimates):
        lines.append(f"memory: {largest:.0f} MB the largest job whose memory is known; several run at once")
    if plan.gpu_measured:
        lines.append(f"GPU: {_hours(plan.gpu_measured)} GPU hours, at the pace of the trainings named above")
    if plan.gpu_computed:
        lines.append(
            f"GPU: {_hours(plan.gpu_computed)} GPU hours for the updates of unknown pace, if a GPU does"
            f" {GPU_OPERATIONS:.0e} useful operations a second (six a parameter and token); not measured"
        )
    return "\n".join(lines)


def disk(experiment: Experiment, results: Path, jobs: Sequence[PlannedJob], cores: int) -> str:
    """Return the line on disk: what the jobs will add, and what is free."""
    side_by_side = max(1, cores // experiment.finetune.threads)
    planned = [Job(job.rule, job.wildcards, job.inputs, job.outputs) for job in jobs]
    need = need_of(experiment, results, planned, side_by_side)
    return (
        f"disk: about {readable(need.total)} more (trainings {readable(need.training)}, systems"
        f" {readable(need.systems)}, text {readable(need.data)}; text that is yet to be fetched or generated and"
        f" small files not counted); {readable(free_bytes(results)[1])} are free"
    )


def main(argv: list[str] | None = None) -> None:
    """Print what a run would cost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--configfile", required=True)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    arguments, options = parser.parse_known_args(argv)
    experiment = load_experiment(read_yaml(arguments.configfile), [arguments.configfile])
    jobs = list(dry_run(arguments.configfile, [*options, "--cores", str(arguments.cores)]))
    root = Path("results")
    print(table(plan_of(experiment, root, jobs, arguments.cores), arguments.cores))
    if jobs:
        print(disk(experiment, root / experiment.experiment, jobs, arguments.cores))


if __name__ == "__main__":
    run_main(main)
