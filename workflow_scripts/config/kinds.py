"""Kinds of experiments, each a class of its own: which one a config is of, by the sections that it has."""

from collections.abc import Mapping
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.language_models import LanguageExperiment
from workflow_scripts.config.tasks.experiment import TaskExperiment

#: The key that says it → the kind.
BY_KEY: Mapping[str, type[Experiment]] = {"tasks": TaskExperiment, "language_model": LanguageExperiment}
KINDS: tuple[type[Experiment], ...] = (Experiment, *BY_KEY.values())


def kind_of(config: Mapping[str, Any]) -> type[Experiment]:
    """Return the class of a config's experiment; without another kind's key it is of translation."""
    return next((kind for key, kind in BY_KEY.items() if key in config), Experiment)
