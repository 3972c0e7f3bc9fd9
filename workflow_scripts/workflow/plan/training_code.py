"""Trainings whose code or libraries have changed: reported with their hours, adopted, or repeated.

Other stages run again when their code changes. A training may be weeks of GPU time, so it is kept and
reported; ``make accept`` adopts it, ``make retrain`` asks for a new one (``retrain.json``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.units.description import DEFAULT_PORT, DESCRIPTION, PORTS
from workflow_scripts.units.training_files import FINISHED, HISTORY, RETRAIN
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.provenance.records import read_record
from workflow_scripts.workflow.software.closure import closure_hash
from workflow_scripts.workflow.software.environments import environment_identity
from workflow_scripts.workflow.stages import STAGES

#: Rules that train → their module.
TRAINING_RULES = {name: stage.module for name, stage in STAGES.items() if stage.training}
#: Trainings that the one-line report names; the others are counted.
NAMED = 6


@dataclass(frozen=True)
class ChangedTraining:
    """A finished training that other code made: whose it is, what it cost, and what has changed."""

    system: str
    seed: int
    folder: Path
    #: GPU hours, or hours of the clock where no GPU was used.
    hours: float
    on_gpu: bool
    #: "code", "libraries", both, or "not recorded".
    which: str
    current: str

    def __str__(self) -> str:
        return f"{self.system} s{self.seed} ({self.cost}, {self.which})"

    @property
    def cost(self) -> str:
        """The hours, in words."""
        return in_words(self.hours, "GPU " if self.on_gpu else "")


def in_words(hours: float, kind: str = "") -> str:
    """Return hours with one decimal, or started minutes where that would say nothing: 0.02 -> `1 min`."""
    return f"{hours:.1f} {kind}h" if hours >= 0.1 else f"{math.ceil(hours * 60)} {kind}min"


def training_code(rule: str, port: str = DEFAULT_PORT) -> str:
    """Return the hash of what a training rule runs in a port: its code, "+", its libraries."""
    other, own = (None, ()) if port == DEFAULT_PORT else (_loop_of(DEFAULT_PORT), (_loop_of(port),))
    code = closure_hash(TRAINING_RULES[rule], but=other, also=own)
    return f"{code}+{environment_identity(PORTS[port])}"


def _loop_of(port: str) -> str:
    return f"models.{port}.training.loop"


def current_code(port: str = DEFAULT_PORT) -> dict[str, str]:
    """Return the hash of both training rules in a port, by rule."""
    return {rule: training_code(rule, port) for rule in TRAINING_RULES}


def changed_trainings(
    experiment: Experiment, results: Path, current: Mapping[str, str]
) -> list[ChangedTraining]:
    """Return the finished trainings below ``results`` that other code or libraries made."""
    found = []
    for system in (BASELINE, *experiment.trainings):
        code = current["train_baseline" if system == BASELINE else "finetune"]
        for seed in experiment.train.seeds:
            folder = results / "training" / system / f"s{seed}"
            finished = read_record(folder / FINISHED)
            if system in experiment.taken or not finished or finished.get("code") == code:
                continue
            history = read_record(folder / HISTORY)
            gpu_hours = float(history.get("gpu_hours", 0.0))
            hours = gpu_hours or float(history.get("seconds", 0.0)) / 3600
            which = _difference(finished.get("code"), code)
            found.append(ChangedTraining(system, seed, folder, hours, gpu_hours > 0, which, code))
    return found


def _difference(recorded: object, current: str) -> str:
    if not isinstance(recorded, str):
        return "not recorded"
    names = ("code", "libraries")
    old, new = recorded.partition("+")[::2], current.partition("+")[::2]
    return " and ".join(name for name, a, b in zip(names, old, new, strict=True) if a != b)


def report(changed: Sequence[ChangedTraining]) -> str:
    """Return the one line for what is kept though its code has changed, "" if nothing is."""
    if not changed:
        return ""
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return (
        "training code or libraries changed since these were trained; kept:"
        f" {', '.join(map(str, changed[:NAMED]))}{more}; make accept adopts them, make retrain trains them"
        " again"
    )


def accept(changed: Sequence[ChangedTraining]) -> None:
    """Record the present code as theirs."""
    for one in changed:
        write_json(one.folder / FINISHED, {**read_json(one.folder / FINISHED), "code": one.current})


def retrain_requests(results: Path) -> list[str]:
    """Return the ``system.json`` of trainings that are to be done again: Snakemake must know."""
    return [
        str(results / "systems" / path.parts[-3] / path.parts[-2] / DESCRIPTION)
        for path in _requests(results)
    ]


def _requests(results: Path) -> list[Path]:
    return sorted((results / "training").glob(f"*/s*/{RETRAIN}"))


def main(argv: list[str] | None = None) -> None:
    """List the trainings of an experiment that other code made, and with --confirm ask for new ones."""
    parser = parser_of(__doc__)
    parser.add_argument("--confirm", action="store_true", help="ask for it; else only list")
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
    results = arguments.directory / "results" / experiment.experiment
    changed = _listed(experiment, results)
    if changed and not arguments.confirm:
        print(
            f"{_total(changed)} of training would be done again; nothing was asked for: to ask for it, add"
            " CONFIRM=yes"
        )
    elif changed:
        asked = datetime.now(UTC).isoformat(timespec="seconds")
        for one in changed:
            write_json(one.folder / RETRAIN, {"asked": asked, "changed": one.which, "code": one.current})
        print(
            f"{_total(changed)} of training will be done again by the next make run, and whatever is"
            " fine-tuned from a new baseline; the old ones are kept aside; make accept takes this back"
        )


def accept_all(experiment: Experiment, results: Path) -> None:
    """Adopt the finished trainings of an experiment, take requests back, and say so."""
    # Only requests that no job has begun to fulfil; the code may be back to what was recorded.
    for folder in [path.parent for path in _requests(results) if (path.parent / FINISHED).exists()]:
        (folder / RETRAIN).unlink()
        print(f"{folder}  is not trained again: the request is taken back")
    if changed := _listed(experiment, results):
        accept(changed)
        print(f"{_total(changed)} of training adopted: {len(changed)} of the present code from now on")


def _listed(experiment: Experiment, results: Path) -> list[ChangedTraining]:
    changed = changed_trainings(experiment, results, current_code(experiment.port))
    for one in changed:
        print(f"{one.folder}  {one.cost}  changed: {one.which}")
    if not changed:
        print(f"{results}: every finished training is of the present code and libraries")
    return changed


def _total(changed: Sequence[ChangedTraining]) -> str:
    return in_words(sum(one.hours for one in changed))


if __name__ == "__main__":
    run_main(main)
