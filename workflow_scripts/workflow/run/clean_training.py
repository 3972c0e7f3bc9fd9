"""Free disk space of finished trainings: list what can go, and delete it only when confirmed.

That is checkpoints of exported systems, which are checked by SHA-256 first, and replaced trainings. The best
weights stay (units.training_files).
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.training_files import (
    FINGERPRINT,
    FINISHED,
    HISTORY,
    KEPT,
    KEPT_ADAPTERS,
    KEPT_MASKS,
    KEPT_WEIGHTS,
    OWNER,
    RETRAIN,
    check_exported,
    checkpoints_of,
    reduce_to_weights,
    replaced_trainings,
    size_of,
)
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.run.results_lock import run_of

UNITS = ("B", "kB", "MB", "GB", "TB")
#: What a training writes into its folder besides checkpoints (docs/reference/files.md).
WRITTEN = {
    FINGERPRINT,
    OWNER,
    FINISHED,
    HISTORY,
    RETRAIN,
    KEPT,
    KEPT_WEIGHTS,
    KEPT_MASKS,
    KEPT_ADAPTERS,
    ".owner.lock",
}
WRITTEN |= {"validation.csv", "validation_bleu.csv", "tensorboard"}


@dataclass(frozen=True)
class Entry:
    """A folder: its bytes, those that can go, or why none; ``others``: files that no training wrote."""

    folder: Path
    held: int
    removable: int
    system: SystemFolder | None = None
    reason: str = ""
    others: tuple[Path, ...] = ()


def readable(count: int) -> str:
    """Return bytes in powers of 1000 with three digits: 15800000 -> '15.8 MB'."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {UNITS[unit]}"


def entries_of(experiment: Experiment, results: Path) -> list[Entry]:
    """Return what every training of the experiment holds below ``results``, in the order of the tables."""
    entries: list[Entry] = []
    for name in (BASELINE, *experiment.trainings):
        for seed in experiment.train.seeds:
            training = results / "training" / name / f"s{seed}"
            if training.is_dir():
                entries.append(_entry(training, results / "systems" / name / f"s{seed}"))
            for replaced in replaced_trainings(training):
                others = others_in(replaced)
                held, kept = size_of(replaced), sum(map(size_of, others))
                reason = "no training wrote what is in it" if others and held == kept else ""
                entries.append(Entry(replaced, held, held - kept, reason=reason, others=tuple(others)))
    return entries


def others_in(training: Path) -> list[Path]:
    """Return what is in a training's folder and no training wrote."""
    checkpoints = checkpoints_of(training)
    found = (path for path in training.iterdir() if path.name not in WRITTEN)
    return sorted(path for path in found if path not in checkpoints)


def _entry(training: Path, system: Path) -> Entry:
    held, checkpoints = size_of(training), checkpoints_of(training)
    if (training / OWNER).exists():
        return Entry(
            training, held, 0, reason="a process is writing it, or was killed: run the workflow first"
        )
    if not checkpoints:
        return Entry(training, held, 0, reason="no checkpoints")
    try:
        exported = check_exported(training, system)
    except (UserError, OSError) as error:
        return Entry(training, held, 0, reason=str(error))
    return Entry(training, held, sum(map(size_of, checkpoints)), exported)


def line(entry: Entry) -> str:
    """Return what a user reads of one folder."""
    if entry.reason:
        what = f"kept: {entry.reason}"
    elif entry.system is None:
        what = f"{readable(entry.removable)} to delete: replaced by a training with other settings"
        if entry.others:
            more = f" (and {len(entry.others) - 1} more)" if len(entry.others) > 1 else ""
            what += f"; {entry.others[0].name}{more} stays: no training wrote it"
    else:
        what = f"{readable(entry.removable)} to delete: optimiser states and old checkpoints"
    return f"{entry.folder}  holds {readable(entry.held)}  {what}"


def clean(entry: Entry) -> None:
    """Delete what an entry says can go."""
    if entry.system is not None:
        reduce_to_weights(entry.folder, entry.system)
    elif not entry.reason:
        for path in entry.folder.iterdir():
            if path not in entry.others:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if not entry.others:
            entry.folder.rmdir()


def main(argv: list[str] | None = None) -> None:
    """List, and with --confirm delete."""
    parser = parser_of(__doc__)
    parser.add_argument("--confirm", action="store_true", help="delete; without it only list")
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
    results = arguments.directory / "results" / experiment.experiment
    entries = entries_of(experiment, results)
    for entry in entries:
        print(line(entry), flush=True)
    total = sum(entry.removable for entry in entries)
    if not total:
        print(f"{results}: no training holds anything to delete")
        return
    if not arguments.confirm:
        print(f"{readable(total)} can be deleted; nothing was: to delete it, add CONFIRM=yes")
        return
    # A run may have planned to go on with what is deleted.
    if run := run_of(results):
        raise UserError(run.refusal(results))
    for entry in entries:
        clean(entry)
    print(f"{readable(total)} deleted; the systems are untouched, and the best weights kept")


if __name__ == "__main__":
    run_main(main)
