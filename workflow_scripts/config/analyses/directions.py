"""Which systems are analysed, and in which directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest

if TYPE_CHECKING:
    from workflow_scripts.config.analyses.correlation import Correlation
    from workflow_scripts.config.experiment import Experiment


def analysed_directions(experiment: Experiment, system: str) -> list[str]:
    """Return the directions of the test set for controls that a system is trained in."""
    trained = set(experiment.trained_by(system))
    return [direction for direction in experiment.control_text[1] if direction in trained]


def compared_directions(experiment: Experiment, asked: Correlation) -> list[str]:
    """Return the directions of the text that all compared systems are trained in."""
    every = [set(experiment.trained_by(name)) for name in asked.systems]
    there = experiment.directions_of(asked.subset)
    return [one for one in experiment.train_directions if one in there and all(one in own for own in every)]


def unknown_systems(experiment: Experiment, key: str, systems: Sequence[str]) -> Iterable[str]:
    """Yield a line for each name that is no system."""
    known = experiment.all_systems
    for name in systems:
        if name not in known:
            yield f"{key}: no system {name!r}{nearest(name, known)}; there are {known}"


def without_text(experiment: Experiment, key: str, systems: Sequence[str]) -> Iterable[str]:
    """Yield a line for each name that is no system, or one without text to analyse it on."""
    yield from unknown_systems(experiment, key, systems)
    for name in systems:
        if name in experiment.all_systems and not analysed_directions(experiment, name):
            yield f"{key}: {experiment.control_text[0]} has no direction that {name!r} is trained in"
