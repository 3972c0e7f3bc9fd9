"""The state of a run: jobs of each stage, disk, trainings, logs of failed jobs: ``make status CONFIG=…``.

It takes no lock, starts no Snakemake and writes nothing.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflow_scripts.common.durations import clock
from workflow_scripts.common.errors import run_main
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.units.training_files import replaced_trainings, size_of
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.cluster.queue import in_queue
from workflow_scripts.workflow.plan.planned import NOT_FINISHED, lost
from workflow_scripts.workflow.plan.remake import NOT_AS_LISTED, unrecorded
from workflow_scripts.workflow.run.clean_training import readable
from workflow_scripts.workflow.run.running import Activity, State, look, states
from workflow_scripts.workflow.run.training_progress import Progress, progress_of, tail
from workflow_scripts.workflow.stage import Job
from workflow_scripts.workflow.stages import jobs_of

LAST_LINES = 4
#: Logs shown of one stage: its jobs often fail for the same reason.
LOGS_OF_A_STAGE = 3
COLOURS = {
    State.RUNNING: "cyan",
    State.FAILED: "bold red",
    State.STOPPED: "yellow",
    State.BETWEEN: "cyan",
    State.DONE: "green",
}


@dataclass
class Stage:
    """A stage: its jobs by state, the bytes of what it made."""

    name: str
    jobs: Counter[State] = field(default_factory=Counter)
    size: int = 0


@dataclass(frozen=True)
class Ended:
    """A job that failed or was stopped: its log (from the working directory) and that log's last lines."""

    stage: str
    state: State
    log: str
    lines: list[str]


@dataclass(frozen=True)
class Status:
    """All that is shown. ``queue``: of a cluster, by rule or group and SLURM's state."""

    experiment: str
    results: str
    activity: Activity
    stages: list[Stage]
    trainings: list[Progress]
    ended: list[Ended]
    queue: dict[str, Counter[str]] | None = None
    #: Files that an earlier run did not finish; none while a run is on.
    unfinished: list[str] = field(default_factory=list)
    #: Files without a record, with other content than the manifest lists (workflow.plan.remake).
    unrecorded: list[str] = field(default_factory=list)


def status_of(experiment: Experiment, folder: Path) -> Status:
    """Return the status of an experiment whose results are in ``folder``/results."""
    results = f"results/{experiment.experiment}"
    root = folder / results
    jobs, activity = jobs_of(experiment), look(folder, results)
    stages: dict[str, Stage] = {}
    trainings: list[Progress] = []
    ended: list[Ended] = []
    for job, state in zip(jobs, states(jobs, root, activity), strict=True):
        stages.setdefault(job.stage, Stage(job.stage)).jobs[state] += 1
        if state in (State.FAILED, State.STOPPED):
            ended.append(Ended(job.stage, state, f"{results}/{job.log}", _last_lines(root / job.log)))
        if job.training is not None:
            trainings.append(_training(experiment, job, job.training, state, root))
    for name, size in sizes(jobs, root).items():
        stages[name].size = size
    queue = in_queue(folder, experiment.experiment)
    unfinished, without_record = [], []
    if activity.since is None:
        outputs = [file for job in jobs for file in job.outputs]
        unfinished = sorted({*lost(root)} & {*outputs})
        without_record = unrecorded(folder, results, outputs).other
    return Status(
        experiment=experiment.experiment,
        results=results,
        activity=activity,
        stages=list(stages.values()),
        trainings=trainings,
        ended=ended,
        queue=queue,
        unfinished=unfinished,
        unrecorded=without_record,
    )


def _last_lines(log: Path) -> list[str]:
    lines = [line for line in tail(log, 8192) if line.strip()][-LAST_LINES:]
    # A traceback of Ctrl-C does not help.
    return [] if lines[-1:] == ["KeyboardInterrupt"] else lines


def _training(experiment: Experiment, job: Job, training: str, state: State, root: Path) -> Progress:
    _, system, seed = training.split("/")
    settings = experiment.train if system == BASELINE else experiment.training_of(system)
    return progress_of(
        system=system,
        seed=int(seed.removeprefix("s")),
        state=str(state),
        max_updates=settings.max_updates,
        training=root / training,
        log=root / job.log,
        exported=root / Path(job.outputs[0]).parent,
    )


def sizes(jobs: Sequence[Job], root: Path) -> dict[str, int]:
    """Return the bytes of each stage: the outputs of its jobs, and the folders that its trainings work in."""
    stage_of = {file: job.stage for job in jobs for file in job.outputs}
    found: Counter[str] = Counter()
    for folder in dict.fromkeys(file.rpartition("/")[0] for file in stage_of):
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if stage := stage_of.get(f"{folder}/{entry.name}"):
                        found[stage] += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # not there yet, or removed while we look
    for job in jobs:
        if job.training is not None:
            training = root / job.training
            found[job.stage] += sum(map(_size, (training, *replaced_trainings(training))))
    return found


def _size(folder: Path) -> int:
    try:
        return size_of(folder)
    except FileNotFoundError:  # a checkpoint that was removed while we look
        return 0


def show(status: Status, console: Console) -> None:
    """Print a status for a person."""
    activity = status.activity
    if activity.since is not None:
        since = datetime.fromtimestamp(activity.since).strftime("%d %b %H:%M")
        who = f"process {', '.join(map(str, activity.processes))}"
        if activity.elsewhere is not None:
            who = activity.elsewhere.words()
        console.print(
            f"{status.results}: a run has been on since {since} ({who})", highlight=False, soft_wrap=True
        )
    else:
        console.print(f"{status.results}: no run is on", highlight=False)
    console.print()
    console.print(_stages_table(status.stages))
    begun = [one for one in status.trainings if one.state != State.TODO]
    if begun:
        console.print()
        console.print(_trainings_table(begun))
    if status.queue:
        console.print()
        for rule, states_ in sorted(status.queue.items()):
            numbers = ", ".join(f"{number} {state}" for state, number in sorted(states_.items()))
            console.print(f"queue: {rule}: {numbers}", highlight=False)
    for files, said in ((status.unfinished, NOT_FINISHED), (status.unrecorded, NOT_AS_LISTED)):
        if files:
            console.print()
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            console.print(f"{files[0]}{more}: {said}; the next makes it", soft_wrap=True)
    if status.ended:
        console.print()
    _show_ended(status.ended, console)


def _stages_table(stages: Sequence[Stage]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_footer=True)
    total = sum((stage.jobs for stage in stages), Counter[State]())
    table.add_column("stage", footer="all", overflow="fold")
    table.add_column("jobs", justify="right", footer=str(total.total()))
    # BETWEEN is shown only if there are such jobs.
    shown = [state for state in State if total[state] or state != State.BETWEEN]
    for state in shown:
        number = str(total[state] or "")
        table.add_column(str(state), justify="right", footer=number, style=COLOURS.get(state))
    table.add_column("disk", justify="right", footer=readable(sum(stage.size for stage in stages)))
    for stage in stages:
        numbers = [str(stage.jobs[state] or "") for state in shown]
        table.add_row(
            stage.name, str(stage.jobs.total()), *numbers, readable(stage.size) if stage.size else ""
        )
    return table


def _trainings_table(trainings: Sequence[Progress]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("training", overflow="fold")
    for name in ("state", "update", "s/upd", "loss", "best", "took", "left"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    for one in trainings:
        table.add_row(
            f"{one.system} s{one.seed}",
            Text(one.state, style=COLOURS.get(State(one.state), "")),
            "" if one.update is None else f"{one.update}/{one.max_updates}",
            _number(one.seconds_per_update, "{:.2f}"),
            _number(one.loss, "{:.3f}"),
            _number(one.best_loss, "{:.3f}"),
            _number(one.seconds or None, "{}", clock),
            _number(one.seconds_left, "{}", clock),
        )
    return table


def _number(value: float | None, form: str, of: Callable[[float], object] = lambda value: value) -> str:
    return "" if value is None else form.format(of(value))


def _show_ended(ended: Sequence[Ended], console: Console) -> None:
    for stage in dict.fromkeys(one.stage for one in ended):
        # Failed jobs say more than those that were stopped with their run.
        of_stage = sorted((one for one in ended if one.stage == stage), key=lambda one: one.state)
        for one in of_stage[:LOGS_OF_A_STAGE]:
            console.print(Text(f"{one.state}: {one.log}", style=COLOURS[one.state]), soft_wrap=True)
            for line in one.lines:
                console.print(Text(f"    {line}"), soft_wrap=True)
        if len(of_stage) > LOGS_OF_A_STAGE:
            more = len(of_stage) - LOGS_OF_A_STAGE
            console.print(Text(f"    and {more} more of {stage}"), soft_wrap=True)
    if ended:
        console.print("'make run' with the same CONFIG goes on: stopped and failed jobs are tried again")


def as_json(status: Status) -> dict[str, Any]:
    """Return a status for programs."""
    return {
        "experiment": status.experiment,
        "results": status.results,
        "run": {
            "processes": status.activity.processes,
            "since": status.activity.since,
            "elsewhere": None if status.activity.elsewhere is None else asdict(status.activity.elsewhere),
        },
        "stages": [
            {"stage": stage.name, "jobs": {str(s): stage.jobs[s] for s in State}, "bytes": stage.size}
            for stage in status.stages
        ],
        "trainings": [asdict(training) for training in status.trainings],
        "ended": [asdict(one) for one in status.ended],
        "queue": status.queue,
        "unfinished": status.unfinished,
        "unrecorded": status.unrecorded,
    }


def main(argv: list[str] | None = None) -> None:
    """Print the status of an experiment."""
    parser = parser_of(__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
    status = status_of(experiment, arguments.directory)
    if arguments.json:
        print(json.dumps(as_json(status), indent=2))
    else:
        show(status, Console())


if __name__ == "__main__":
    run_main(main)
