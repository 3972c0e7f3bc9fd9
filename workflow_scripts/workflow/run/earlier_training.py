"""What the next job of a training will find in its folder: the same training, another one, or nothing.

It predicts what the trainer will decide (train.training_folder); not for sure where inputs are made first.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.training import Settings
from workflow_scripts.units.training_files import (
    FINGERPRINT,
    FINISHED,
    RETRAIN,
    STEP_VERSIONS,
    VERSION,
    checkpoints_of,
)
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.provenance.records import read_record
from workflow_scripts.workflow.run.training_progress import last_update
from workflow_scripts.workflow.stage_list.data import read_by_training

#: Settings that override the model's in one training.
DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")


@dataclass(frozen=True)
class Earlier:
    """A training that is there; ``updates`` 0: another one. ``sure``: False if inputs decide about it."""

    updates: int
    left: int
    sure: bool = True


def system_of(experiment: Experiment, job: PlannedJob) -> tuple[str, Settings]:
    """Return the system that a training job makes, and its settings."""
    system = job.wildcards.get("finetuned", BASELINE)
    return system, experiment.train if system == BASELINE else experiment.training_of(system)


def training_folder(results: Path, job: PlannedJob) -> Path:
    """Return the trainer's folder of a training job."""
    return results / "training" / job.wildcards.get("finetuned", BASELINE) / f"s{job.wildcards['seed']}"


def earlier_training(
    experiment: Experiment, results: Path, job: PlannedJob, made: Collection[str] = ()
) -> Earlier | None:
    """Return what a training job will find, None if nothing. ``made``: files that other jobs make before."""
    folder = training_folder(results, job)
    _, settings = system_of(experiment, job)
    clean = Earlier(0, settings.max_updates)
    if (folder / RETRAIN).exists():
        return clean
    record = read_record(folder / FINISHED) or read_record(folder / FINGERPRINT)
    identity = record.get("identity")
    if not isinstance(identity, dict):
        # Checkpoints of unknown trainings are moved aside.
        return clean if checkpoints_of(folder) else None
    if _is_other(identity, experiment, job) or _is_of_other_version(record, settings):
        return clean
    if "updates" in record:
        updates = int(record["updates"])
        # Patience may have ended it before its last update.
        left = 0 if _is_complete(record, settings) else settings.max_updates - updates
    else:
        name = f"{job.wildcards['finetuned']}." if "finetuned" in job.wildcards else ""
        log = results / "logs" / job.stage / f"{name}s{job.wildcards['seed']}.log"
        updates = last_update(log) or 0
        left = settings.max_updates - updates
    if updates > settings.max_updates:
        return clean
    if not updates:
        return None
    return Earlier(updates, left, not _inputs_changed(folder, job, made))


def _is_other(identity: Mapping[str, Any], experiment: Experiment, job: PlannedJob) -> bool:
    system, settings = system_of(experiment, job)
    given = settings.settings()
    # Of an attached baseline the config may say nothing: then it is the one that was trained.
    model = {
        **experiment.model.architecture(),
        **identity.get("architecture", {}),
    } | experiment.known_architecture
    overrides = {key: given[key] for key in DROPOUTS if given[key] is not None}
    wanted = {
        "seed": int(job.wildcards["seed"]),
        "languages": experiment.languages,
        "directions": experiment.trained_by(system),
        "architecture": {**model, **overrides},
        # If a batch holds less than the model, this decides which sentences are left out.
        "longest_sentence": settings.max_tokens if settings.max_tokens < model["max_positions"] else None,
        # The trainer decides which settings are part of it.
        **{key: value for key, value in given.items() if key in identity},
    }
    # Which a training does not record where it was not given.
    wanted["sampling"] = given.get("sampling")
    wanted["method"] = None if system == BASELINE else experiment.method_of(system) or None
    wanted = json.loads(json.dumps(wanted))
    if any(identity.get(key) != value for key, value in wanted.items()):
        return True
    return set(identity.get("data", ())) != set(read_by_training(experiment, wanted["directions"]))


def _is_of_other_version(record: Mapping[str, Any], settings: Settings) -> bool:
    found, now = record["identity"].get(VERSION, 0), STEP_VERSIONS[settings.step]
    stays = "updates" in record and _is_complete(record, settings) and found < now
    return bool(found != now and not stays)


def _is_complete(finished: Mapping[str, Any], settings: Settings) -> bool:
    now = settings.settings()
    ended_under: Mapping[str, Any] = finished.get("extendable", {})
    return all(now[key] == value for key, value in ended_under.items())


def _inputs_changed(folder: Path, job: PlannedJob, made: Collection[str]) -> bool:
    if any(file in made for file in job.inputs):
        return True
    record = next(path for name in (FINGERPRINT, FINISHED) if (path := folder / name).exists())
    read = record.stat().st_mtime
    return any(not (path := Path(file)).exists() or path.stat().st_mtime > read for file in job.inputs)
