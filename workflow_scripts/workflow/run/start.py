"""Run Snakemake after clearing the lock that a killed run left behind (``make run``).

Snakemake's lock does not say who holds it. So all runs share a lock of the operating system, which ends with
the process: whoever holds it alone knows that Snakemake's is stale.
"""

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psutil

from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.workflow.cluster.profile import PROFILE_VARIABLE, Profile, find_profile
from workflow_scripts.workflow.cluster.queue import ALONE_VARIABLE, name_prefix
from workflow_scripts.workflow.cluster.submission import require_sbatch, status_options
from workflow_scripts.workflow.plan.remake import with_remade
from workflow_scripts.workflow.run.interrupt import Interrupt, let_wait
from workflow_scripts.workflow.run.leftovers import RUN_VARIABLE, mark_unfinished, remove_scripts
from workflow_scripts.workflow.run.preflight import number_of_cores, unusable_path, unwritable, without_cache
from workflow_scripts.workflow.run.results_lock import RUN_LOCK, keep_alive, others_of, release, take
from workflow_scripts.workflow.run.snakemake_options import read_options, working_directory
from workflow_scripts.workflow.run.taken_over import take_over
from workflow_scripts.workflow.stages import outputs_of

CHECKOUT = Path(__file__).resolve().parents[3]
LOCK = ".snakemake/neuronspec.lock"
#: The number of cores that make would use without a profile.
CORES_VARIABLE = "NEURONSPEC_CORES"


def read_config(options: list[str]) -> Experiment | None:
    """Return the experiment, checked before Snakemake does it; None for several files or ``--config``."""
    known = read_options(options)
    for name in known.configfile:
        if not Path(name).exists():
            there = [str(path) for path in sorted(Path(name).parent.glob("*.yaml"))]
            there += [str(path) for path in sorted(Path("config").rglob("*.yaml"))]
            raise UserError(f"{name}: there is no such config file{nearest(name, there)}")
        content = read_yaml(name)
        if len(known.configfile) == 1 and known.config is None:
            return load_experiment(content, [name])
    return None


def complete(options: list[str], experiment: Experiment | None) -> list[str]:
    """Return Snakemake's options with what must be made again. UserError: it could not begin with them."""
    if (cores := read_options(options).cores) is not None:
        number_of_cores(cores)
    if problem := without_cache():
        raise UserError(problem)
    options = on_cluster(options, experiment)
    if experiment is None:
        if any(option.startswith("--config") for option in options):
            said = "with --config or several config files, damaged results and make retrain are not looked at"
            print(said, file=sys.stderr)
        return options
    return with_remade(options, working_directory(options), experiment)


def on_cluster(options: list[str], experiment: Experiment | None) -> list[str]:
    """Return Snakemake's options with those for SLURM. UserError: no such profile, or no SLURM here."""
    profile = find_profile(options)
    if profile is None:
        return options
    os.environ[PROFILE_VARIABLE] = str(profile.path.resolve())
    options = with_cores(options, profile)
    if profile.executor() != "slurm" or starts_nothing(options):
        return options
    require_sbatch(profile)
    known = status_options()
    if experiment is not None:
        prefix = name_prefix(working_directory(options), experiment.experiment)
        known += ["--slurm-jobname-prefix", prefix]
    # In front: the user's own options win, and targets follow a `--`.
    return [*known, *options]


def with_cores(options: list[str], profile: Profile) -> list[str]:
    """Return the options with a number of cores, where jobs run on this machine and nothing says how many."""
    known = read_options(options)
    said = known.cores or known.jobs or profile.number("cores") or profile.number("jobs")
    if said or profile.executor() not in (None, "local"):
        return options
    return ["--cores", os.environ.get(CORES_VARIABLE) or str(os.cpu_count() or 1), *options]


@contextmanager
def results_taken(folder: Path, experiment: Experiment) -> Iterator[None]:
    """Hold the lock of an experiment's results. UserError: another run has it, or it cannot be written."""
    results = Path("results") / experiment.experiment
    if problem := unwritable([str(folder / results / RUN_LOCK)]):
        raise UserError(problem)
    if other := take(folder / results, folder):
        raise UserError(other.refusal(results))
    keep_alive((folder / results).absolute())
    try:
        yield
    finally:
        release(folder / results)


def starts_nothing(options: list[str]) -> bool:
    """True for a dry run, and for what only touches or unlocks."""
    words = {"--dry-run", "--dryrun", "--touch", "--unlock"}
    return any(word in words or re.fullmatch("-[a-zA-Z]*[nt][a-zA-Z]*", word) for word in options)


def hold(folder: Path) -> tuple[int, bool]:
    """Share the lock of a working directory; return its descriptor and whether no other run has it.

    The descriptor holds it, through an exec too. A run that is alone keeps others out until `share`.
    """
    path = folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(descriptor, True)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        share(descriptor)
        return descriptor, False
    return descriptor, True


def share(descriptor: int) -> None:
    """Let other runs have the lock too; waits for one that is clearing Snakemake's."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def other_runs(folder: Path) -> list[int]:
    """Return the processes of Snakemake that work in a folder on this machine."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            # What Snakemake starts for one job has inherited this; it is not a run.
            if f"\0{RUN_VARIABLE}=".encode() in b"\0" + (entry / "environ").read_bytes():
                continue
            here = (entry / "cwd").resolve() == folder.resolve()
        except OSError:
            continue
        named = (
            any(Path(os.fsdecode(word)).name == "snakemake" for word in words[:2])
            or b"snakemake" in words[1:4]
        )
        if here and named and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    # A child that it has just forked looks like it until it becomes another program.
    return sorted(pid for pid in found if _parent(pid) not in found)


def _parent(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return None


def clear(folder: Path, snakemake: list[str]) -> None:
    """Clear a killed run's lock and its leftovers in ``.snakemake``. UserError: Snakemake cannot do it."""
    print("an earlier run was killed: its lock is cleared", file=sys.stderr)
    if number := mark_unfinished(folder):
        what = "output has no whole record and is" if number == 1 else "outputs have no whole record and are"
        print(f"{number} {what} made again", file=sys.stderr)
    # What follows a `--` is a target.
    unlock = [*snakemake[:3], "--unlock", *snakemake[3:]]
    done = subprocess.run(unlock, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(done.stderr.strip().split("\n")[-1])
    remove_scripts(folder / ".snakemake")


def main(argv: list[str] | None = None) -> None:
    """Take the lock, clear a stale one of Snakemake's, and become Snakemake."""
    interrupt = Interrupt()
    try:
        interrupt.watch()
        begin(sys.argv[1:] if argv is None else argv)
    finally:
        interrupt.say()


def begin(options: list[str]) -> NoReturn:
    """Take what a run needs for itself, and become Snakemake. UserError: it cannot have it."""
    folder, experiment = working_directory(options), read_config(options)
    if problem := unusable_path(CHECKOUT, folder):
        raise UserError(problem)
    if problem := unwritable([str(folder / LOCK)]):
        raise UserError(problem)
    if experiment is None or starts_nothing(options):
        become_snakemake(options, folder, experiment)
    with results_taken(folder, experiment):
        outputs = outputs_of(experiment)
        results = Path("results") / experiment.experiment
        (folder / ".snakemake").mkdir(parents=True, exist_ok=True)
        if said := take_over(
            folder, (str(results / file) for file in outputs), others_of(folder / results, folder)
        ):
            print(said, file=sys.stderr)
        become_snakemake(options, folder, experiment)


def become_snakemake(options: list[str], folder: Path, experiment: Experiment | None) -> NoReturn:
    """Complete the options, clear a stale lock of Snakemake's, and become it; errors as in `complete`."""
    options = complete(options, experiment)
    descriptor, alone = hold(folder)
    snakemake = [sys.executable, "-m", "snakemake"]
    # Snakemake that was started by hand does not hold our lock.
    if alone and any((folder / ".snakemake" / "locks").glob("*")) and not other_runs(folder):
        clear(folder, [*snakemake, *options])
    # With another run beside this one, jobs in the queue may belong to that one.
    os.environ[ALONE_VARIABLE] = "yes" if alone else "no"
    share(descriptor)
    let_wait()  # for the Snakefile (rules/run.smk)
    os.execv(sys.executable, [*snakemake, *options])


if __name__ == "__main__":
    run_main(main)
