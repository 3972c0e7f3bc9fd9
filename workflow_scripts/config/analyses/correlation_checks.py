"""What must hold of models whose units are compared, and what they are compared on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.analyses.directions import compared_directions, unknown_systems
from workflow_scripts.config.analyses.effect_checks import size_problems
from workflow_scripts.config.file_source import TRAIN

if TYPE_CHECKING:
    from workflow_scripts.config.analyses.correlation import Correlation
    from workflow_scripts.config.experiment import Experiment


def compared_models(experiment: Experiment, asked: Correlation) -> dict[str, dict[str, list[str]]]:
    """Return what is compared → name of the comparison → the models, as ``system/s{seed}``."""
    systems, seeds = asked.systems, experiment.train.seeds
    by = {
        "seeds": {name: [f"{name}/s{seed}" for seed in seeds] for name in systems},
        "systems": {f"s{seed}": [f"{name}/s{seed}" for name in systems] for seed in seeds},
    }
    return {between: by[between] for between in asked.between}


def correlation_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `analysis.correlation`."""
    asked, key = experiment.analysis.correlation, "analysis.correlation"
    if asked is None:
        return
    if unknown := list(unknown_systems(experiment, f"{key}.systems", asked.systems)):
        yield from unknown
        return
    subsets = [name for name in experiment.subsets if name != TRAIN]
    if asked.subset not in subsets:
        hint = nearest(asked.subset, subsets)
        yield f"{key}.subset: no {asked.subset!r} in the source{hint}; it has {subsets}"
    elif not compared_directions(experiment, asked):
        yield f"{key}: no direction of {asked.subset} is one that all of {asked.systems} are trained in"
    if asked.erase and set(asked.forms) == {"svcca"}:
        yield f"{key}.erase: svcca gives units no scores; take max, min or linreg, too"
    yield from size_problems(experiment, f"{key}.erase", asked.erase, asked.units, None)
    alone = {
        "seeds": "one seed alone; give train.seeds two at least, or compare others",
        "systems": "one system alone; name two systems at least, or compare others",
    }
    for between, models in compared_models(experiment, asked).items():
        if len(next(iter(models.values()))) + len(asked.others) < 2:
            yield f"{key}.between: {between}: {alone[between]}"
