"""An experiment of two languages, and records of a training as the trainer writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import write_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.units.training_files import STEP_VERSIONS

SOURCE = {"type": "files", "train": "a.{lang}", "valid": "b.{lang}", "tests": {"news": "c.{lang}"}}
CONFIG: dict[str, Any] = {
    "experiment": "x",
    "languages": ["en", "de"],
    "pivot": "en",
    "data": {"source": SOURCE},
}


def experiment_of(**keys: Any) -> Experiment:
    """Return the experiment with some keys of its config given."""
    return load_experiment({**CONFIG, **keys})


#: Of a training of English and German in one shard.
DATA = {
    f"{subset}.de-en.{language}.{kind}": "0a"
    for subset in ("train", "valid")
    for language in ("de", "en")
    for kind in ("bin", "idx")
}
BUDGET = ("max_updates", "patience", "validate_interval_updates")


def identity_of(experiment: Experiment, system: str = "baseline") -> dict[str, Any]:
    """Return the identity of a training of German and English with seed 1, with a schedule without end."""
    settings = (experiment.train if system == "baseline" else experiment.finetune).settings()
    left_out = (*BUDGET, "dropout", "attention_dropout", "activation_dropout")
    identity = {key: value for key, value in settings.items() if key not in left_out}
    identity |= {
        "training_version": STEP_VERSIONS[experiment.train.step],
        "seed": 1,
        "languages": ["en", "de"],
        "directions": ["en-de", "de-en"],
    }
    identity |= {"architecture": experiment.model.architecture(), "data": DATA, "dictionary": "0b"}
    of_the_parent = None if system == "baseline" else "0c"
    identity |= {"masks": None, "initial_weights": of_the_parent}
    whole: dict[str, Any] = json.loads(json.dumps(identity))
    return whole


def write_finished(
    folder: Path, experiment: Experiment, system: str = "baseline", updates: int = 1000, **changes: Any
) -> Path:
    """Write the records of a finished training; ``changes`` of its identity. Return its folder."""
    settings = (experiment.train if system == "baseline" else experiment.finetune).settings()
    identity = {**identity_of(experiment, system), **changes}
    record = {"identity": identity, "extendable": {key: settings[key] for key in BUDGET}}
    write_json(folder / "fingerprint.json", record)
    write_json(folder / "finished.json", {"updates": updates, "reason": "max_updates", "code": "c", **record})
    return folder
