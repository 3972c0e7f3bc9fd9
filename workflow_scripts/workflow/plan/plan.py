"""What a run would cost: jobs, hours, memory and disk: ``make plan CONFIG=…``.

Figures are from earlier runs, or first estimates from other machines. Sums leave out what is unknown.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.costs import GPU_OPERATIONS, Cost, JobCosts, training_cost
from workflow_scripts.workflow.plan.disk_plan import free_bytes, need_of
from workflow_scripts.workflow.plan.dry_run import dry_run
from workflow_scripts.workflow.plan.first_estimates import FirstEstimates
from workflow_scripts.workflow.plan.times import past_trainings
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES
from workflow_scripts.workflow.run.clean_training import readable
from workflow_scripts.workflow.run.lease import usable_devices
from workflow_scripts.workflow.run.preflight import number_of_cores
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.stages import FETCHING, jobs_of


@dataclass(frozen=True)
class Estimate:
    """Jobs of a stage whose figures are known in the same way; None: unknown.

    ``core_seconds``: seconds times the cores of each job. ``first``: from another machine.
    """

    stage: str
    jobs: int
    seconds: float | None
    core_seconds: float
    longest: float
    memory_mb: float
    how: str
    first: bool = False


@dataclass(frozen=True)
class Plan:
    """All estimates, and GPU hours: from measured trainings, and computed from operations."""

    estimates: list[Estimate]
    gpu_measured: float
    gpu_computed: float


def plan_of(
    experiment: Experiment, root: Path, jobs: Iterable[PlannedJob], cores_per_gpu: float = 0.0
) -> Plan:
    """Return the estimates of planned jobs, stage after stage; without GPUs ``cores_per_gpu`` is 0."""
    results = root / experiment.experiment
    first = FirstEstimates(experiment, results, on_cpu=not cores_per_gpu)
    past, costs = past_trainings(root), JobCosts(experiment, root, first)
    grouped: dict[tuple[str, str], list[tuple[Cost, float]]] = {}
    measured = computed = 0.0
    made: set[str] = set()
    for job in jobs:
        training = job.rule in TRAINING_RULES
        cost = training_cost(experiment, job, results, past, made, first) if training else costs.of(job)
        made.update(job.outputs)
        cores = max(job.threads, job.gpus * cores_per_gpu)
        grouped.setdefault((job.stage, cost.how), []).append((cost, cores))
        if cost.gpu_measured:
            measured += cost.gpu_hours
        else:
            computed += cost.gpu_hours
    estimates = [_together(stage, how, found) for (stage, how), found in grouped.items()]
    # Snakemake's order differs from run to run.
    stages = dict.fromkeys(job.stage for job in jobs_of(experiment))
    order = {stage: number for number, stage in enumerate(stages)}
    return Plan(sorted(estimates, key=lambda one: order.get(one.stage, len(order))), measured, computed)


def _together(stage: str, how: str, found: list[tuple[Cost, float]]) -> Estimate:
    memory = max(cost.memory_mb for cost, _ in found)
    known = [(cost.seconds, cores) for cost, cores in found if cost.seconds is not None]
    if len(known) < len(found):
        return Estimate(stage, len(found), None, 0.0, 0.0, memory, how)
    return Estimate(
        stage=stage,
        jobs=len(found),
        seconds=sum(seconds for seconds, _ in known),
        core_seconds=sum(seconds * cores for seconds, cores in known),
        longest=max(seconds for seconds, _ in known),
        memory_mb=memory,
        how=how,
        first=any(cost.first for cost, _ in found),
    )


def wall_seconds(estimates: Iterable[Estimate], cores: int) -> float:
    """Return the seconds of known jobs: stage after stage, the jobs of a stage at once on the cores."""
    stages: dict[str, list[Estimate]] = {}
    for one in estimates:
        stages.setdefault(one.stage, []).append(one)
    # A stage takes at least as long as its longest job.
    return sum(
        max(sum(one.core_seconds for one in found) / cores, max(one.longest for one in found))
        for found in stages.values()
    )


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
        wall = None if one.seconds is None else wall_seconds([one], cores)
        rows.append((one.stage, str(one.jobs), duration(mean), duration(wall), memory, one.how))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{row[n]:>{widths[n]}}" for n in range(1, 5)), row[5]])
        for row in rows
    ]
    lines.append(_wall(plan.estimates, cores))
    if any(one.first for one in plan.estimates):
        lines.append(
            "first estimates: figures of two cores of other machines, by the size of text and network; after"
            " a first run its own count"
        )
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


def _wall(estimates: Sequence[Estimate], cores: int) -> str:
    jobs = sum(one.jobs for one in estimates)
    count = f"{jobs} job{'s' if jobs != 1 else ''}"
    total = duration(wall_seconds(estimates, cores))
    unknown = list(dict.fromkeys(one.stage for one in estimates if one.seconds is None))
    fetched = [stage for stage in unknown if stage in FETCHING]
    if unknown == fetched:
        more = " and the download" if fetched else ""
        return f"{count}; wall time {total}{more}, one stage after the other"
    if all(one.seconds is None for one in estimates):
        return f"{count}; wall time unknown: nothing like them has run here"
    return f"{count}; wall time unknown: no figures of {', '.join(unknown)}; all others {total}"


def disk(experiment: Experiment, results: Path, jobs: Sequence[PlannedJob], cores: int) -> str:
    """Return the line on disk: what the jobs will add, and what is free."""
    at_once = max(1, cores // experiment.finetune.threads)
    need = need_of(experiment, results, jobs, at_once)
    free = readable(free_bytes(results)[1])
    fetched = " and the text that is fetched, of unknown size" if need.unknown_text else ""
    return f"disk: about {readable(need.total)} more{fetched}; {free} are free"


def main(argv: list[str] | None = None) -> None:
    """Print what a run would cost."""
    parser = parser_of(__doc__, directory=False)
    parser.add_argument("--cores", default="all")
    arguments, options = parser.parse_known_args(argv)
    cores = number_of_cores(arguments.cores)
    experiment = load_file(arguments.configfile)
    jobs = list(dry_run(arguments.configfile, ["--cores", str(cores), *options]))
    root = Path("results")
    # Snakemake names files from its working directory.
    with contextlib.chdir(working_directory(options)):
        devices = len(usable_devices())
        per_gpu = cores / devices if devices else 0.0
        print(table(plan_of(experiment, root, jobs, per_gpu), cores))
        if jobs:
            print(disk(experiment, root / experiment.experiment, jobs, cores))


if __name__ == "__main__":
    run_main(main)
