"""Which mask files an experiment needs, and which directions are scored for them."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.masks import COMPARING


def selected(experiment: Experiment) -> list[str]:
    """Return the mask sets of trained directions made here: of systems, analyses and ``masks.sets``."""
    analysis = experiment.analysis
    analysed = [analysis.mask_control_k, analysis.overlap_k, analysis.criteria and analysis.criteria.k]
    named = experiment.masks.named
    wanted = [masks for name, masks in experiment.masked.items() if name not in experiment.used]
    wanted += [f"k{k}" for k in analysed if k]
    wanted += [name for name, one in named.items() if one.key in experiment.masks.sets]
    return list(dict.fromkeys([*wanted, *(one for name in wanted for one in experiment.masks.chain(name))]))


def rows(experiment: Experiment) -> list[str]:
    """Return the mask sets that have a file for each direction that is only evaluated."""
    if not experiment.directions.evaluate_only:
        return []
    found: dict[str, None] = {}
    for masks in experiment.through_masks.values():
        for name in experiment.masks.chain(masks):
            found[name] = None
            if experiment.masks.named[name].one.of_several_rows:
                break  # such a row is made of all rows of trained directions
    return list(found)


def scored(experiment: Experiment, scores: str = "activations") -> set[str]:
    """Return the directions whose units are to be scored; ``scores``: the folder, as a mask set has it."""
    sets = {name: one.one for name, one in experiment.masks.named.items() if one.one.like is None}
    by_score = {name for name, one in sets.items() if one.scores == scores}
    others = experiment.directions.evaluate_only if by_score.intersection(rows(experiment)) else []
    here = by_score.intersection(selected(experiment)) or scores in criteria(experiment).values()
    if scores == "activations":
        here = here or any(scored(experiment, other) for other in COMPARING)
    return {*others, *(experiment.train_directions if here else [])}


def criteria(experiment: Experiment) -> dict[str, str]:
    """Return name → folder of the scores that are put side by side."""
    return experiment.analysis.criteria.scores if experiment.analysis.criteria else {}


def importances(experiment: Experiment) -> list[str]:
    """Return the folders of importance that there may be, one for each choice of kinds of units."""
    folders = [
        *(named.one.scores for named in experiment.masks.named.values()),
        *criteria(experiment).values(),
    ]
    return [one for one in dict.fromkeys(folders) if one.startswith("importance/")]
