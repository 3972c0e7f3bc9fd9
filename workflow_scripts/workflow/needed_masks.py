"""Which mask files an experiment needs, which directions are scored for them, and on which text."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID


def selected(experiment: Experiment) -> list[str]:
    """Return the mask sets of trained directions made here: of systems, analyses and ``masks.sets``."""
    analysed = (experiment.analysis.mask_control_k, experiment.analysis.overlap_k)
    named = experiment.masks.named
    wanted = [masks for name, masks in experiment.masked.items() if name not in experiment.used]
    wanted += [f"k{k}" for k in analysed if k]
    wanted += [name for name in [experiment.analysis.text_control] if name]
    wanted += [name for name, one in named.items() if one.key in experiment.masks.sets]
    return list(dict.fromkeys([*wanted, *(one for name in wanted for one in experiment.masks.chain(name))]))


def rows(experiment: Experiment) -> list[str]:
    """Return the mask sets that have a file for each direction that is only evaluated: those of systems,
    and those whose rows say how many units are drawn at random."""
    if not experiment.untrained_directions:
        return []
    found: dict[str, None] = {}
    for masks in experiment.through_masks.values():
        for name in experiment.masks.chain(masks):
            found[name] = None
            if experiment.masks.named[name].one.is_merged:
                break  # such a row is made of the set's own rows of trained directions
    return list(found)


def scored(experiment: Experiment, scores: str = "activations", text: str = VALID) -> set[str]:
    """Return the directions whose units are to be scored on a text; ``scores``: as a mask set has it."""
    sets = {name: one for name, one in experiment.masks.named.items() if one.one.like is None}
    by_score = {name for name, one in sets.items() if (one.one.scores, one.text) == (scores, text)}
    return set(experiment.train_directions) if by_score.intersection(selected(experiment)) else set()
