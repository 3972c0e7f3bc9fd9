"""What would run and why, a line for each stage and reason: ``make why CONFIG=…``."""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.naming import number_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.dry_run import dry_run
from workflow_scripts.workflow.plan.param_changes import changes
from workflow_scripts.workflow.plan.planned import NOT_FINISHED, lost
from workflow_scripts.workflow.plan.remake import NOT_AS_LISTED, is_being_made, unrecorded
from workflow_scripts.workflow.plan.training_code import (
    TRAINING_RULES,
    changed_trainings,
    current_code,
    report,
)
from workflow_scripts.workflow.run.earlier_training import earlier_training, system_of
from workflow_scripts.workflow.run.leftovers import place_of
from workflow_scripts.workflow.run.running import begun_outputs
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.software.environments import ENVIRONMENTS, environment_identity
from workflow_scripts.workflow.stages import outputs_of

#: Reasons for outputs whose job began and did not end.
STOPPED, BEING_MADE = "stopped while it was written", "the run that is on is making it"
#: Reasons of one stage with a line each; the others share the last line.
MOST_LINES = 4


@dataclass
class Line:
    """A stage's jobs with one reason, and what they name: a first file and how many there are."""

    stage: str
    reason: str
    jobs: int = 0
    file: str = ""
    files: int = 0

    def text(self) -> str:
        """Return the reason with its files."""
        if not self.file:
            return self.reason
        more = f" (and {self.files - 1} more)" if self.files > 1 else ""
        return f"{self.reason}: {self.file}{more}"


def fate_of(experiment: Experiment, results: Path, job: PlannedJob, made: Collection[str]) -> str:
    """Return what a training will do with the one that is there, or "". ``made``: files made before it."""
    if job.rule not in TRAINING_RULES or not (earlier := earlier_training(experiment, results, job, made)):
        return ""
    if not earlier.updates:
        return "starts clean, the old training is kept aside"
    same = f"goes on from update {earlier.updates:,}" if earlier.left else "is only exported again"
    if not earlier.sure:
        most = system_of(experiment, job)[1].max_updates
        return f"trained again, up to {most:,} updates; if its inputs come out the same, it {same}"
    return same if earlier.left else "trained already, only exported again"


def explain(
    jobs: Iterable[PlannedJob],
    identities: Mapping[str, str],
    fate: Callable[[PlannedJob, Collection[str]], str] = lambda job, made: "",
    remade: Mapping[str, str] | None = None,
    begun: Collection[str] = (),
    is_on: bool = False,
) -> list[Line]:
    """Return the lines for planned jobs, in the order in which stages first run.

    ``identities``: today's hashes of environments, to their names. ``fate``: says what a job will do, given
    the files made before it. ``remade``: file → why it is made again. ``begun``: outputs of jobs that began
    and did not end.
    """
    half_made = BEING_MADE if is_on else STOPPED
    lines: dict[tuple[str, str], Line] = {}
    made_by: dict[str, str] = {}
    for job in jobs:
        stage = job.stage
        made_by.update(dict.fromkeys(job.outputs, stage))
        reason, files = reason_of(job, identities, made_by, remade or {}, begun, half_made)
        if does := fate(job, made_by):
            reason += f"; {does}"
        line = lines.setdefault((stage, reason), Line(stage, reason))
        line.jobs += 1
        line.file = line.file or (files[0] if files else "")
        line.files += len(files)
    return list(_shortened(lines.values()))


def reason_of(
    job: PlannedJob,
    identities: Mapping[str, str],
    made_by: Mapping[str, str],
    remade: Mapping[str, str],
    begun: Collection[str] = (),
    half_made: str = STOPPED,
) -> tuple[str, tuple[str, ...]]:
    """Return why a job would run, and the files that the reason is about.

    ``made_by``: file → stage of the jobs before. ``remade``: file → why it is made again. ``begun``: outputs
    of jobs that began and did not end.
    """
    why = job.reason
    said = changes(why.before, why.now, identities)
    if why.code:
        said.append("its command changed")
    if why.software:
        said.append("its software environment changed")
    if said:
        return "; ".join(said), ()
    if why.inputs:
        return "it has other inputs than before", ()
    if why.forced:
        if again := [file for file in job.outputs if file in remade]:
            first = remade[again[0]]
            return first, tuple(file for file in again if remade[file] == first)
        if half := tuple(file for file in job.outputs if file in begun):
            return half_made, half
        return "asked for, or damaged", job.outputs
    if why.missing:
        snakemake = Path(".snakemake")
        records = snakemake / "metadata" if snakemake.is_dir() else None
        if gone := tuple(f for f in why.missing if records and (records / place_of(f, snakemake)).exists()):
            return "made before, now missing", gone
        # Snakemake writes a job's benchmark when it has finished, its log while it runs.
        if Path(job.benchmark).exists() and job.benchmark:
            return "new", why.missing
        return ("begun before, not finished" if job.log and Path(job.log).exists() else "new"), ()
    if why.incomplete:
        return half_made, why.incomplete
    if why.updated:
        return "input changed", why.updated
    stages = dict.fromkeys(made_by.get(file, "another job") for file in why.follows)
    return f"follows from {', '.join(stages)}" if stages else "no reason given", ()


def to_remake(results: Path, experiment: Experiment) -> dict[str, str]:
    """Return file → why it is made again: not finished by an earlier run, or other content than listed."""
    found = dict.fromkeys(unrecorded(Path(), str(results), outputs_of(experiment)).other, NOT_AS_LISTED)
    found |= dict.fromkeys(lost(results), NOT_FINISHED)
    return {str(results / file): said for file, said in found.items()}


def _shortened(lines: Iterable[Line]) -> Iterator[Line]:
    stages: dict[str, list[Line]] = {}
    for line in lines:
        stages.setdefault(line.stage, []).append(line)
    for stage, found in stages.items():
        found.sort(key=lambda line: -line.jobs)
        yield from found[:MOST_LINES]
        if rest := found[MOST_LINES:]:
            yield Line(stage, number_of(len(rest), "other reason"), sum(line.jobs for line in rest))


def table(lines: list[Line]) -> str:
    """Return the lines as aligned text, with the sum."""
    if not lines:
        return "nothing to do: everything is there and up to date"
    stage_width = max(len(line.stage) for line in lines)
    job_width = max(len(str(line.jobs)) for line in lines)
    rows = [f"{line.stage:<{stage_width}}  {line.jobs:>{job_width}}  {line.text()}" for line in lines]
    total = sum(line.jobs for line in lines)
    return "\n".join([*rows, f"{total} job{'s' if total != 1 else ''} would run"])


def main(argv: list[str] | None = None) -> None:
    """Print what would run and why."""
    parser = parser_of(__doc__, directory=False)
    arguments, options = parser.parse_known_args(argv)
    identities = {environment_identity(name): name for name in ENVIRONMENTS}
    experiment = load_file(arguments.configfile)
    results = Path("results") / experiment.experiment
    jobs = dry_run(arguments.configfile, options)
    # Snakemake names files from its working directory.
    with contextlib.chdir(working_directory(options)):
        is_on = is_being_made(results)
        remade = {} if is_on else to_remake(results, experiment)
        begun = {file for file, _ in begun_outputs(Path())}
        fate = functools.partial(fate_of, experiment, results)
        print(table(explain(jobs, identities, fate, remade, begun, is_on)))
        if kept := report(changed_trainings(experiment, results, current_code(experiment.port))):
            print(kept)


if __name__ == "__main__":
    run_main(main)
