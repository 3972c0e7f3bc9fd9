"""Which mask files an experiment needs, and whose scores these are made of.

Inputs: the config. Outputs: names of mask sets, directions.
"""

from __future__ import annotations

from workflow_scripts.config.experiment import Experiment


def selected(experiment: Experiment) -> list[str]:
    """Return the mask sets of trained directions that are made here.

    Those of systems and of analyses, those of ``masks.sets``, and what any of these is made of.
    """
    analysed = (experiment.analysis.mask_control_k, experiment.analysis.overlap_k)
    named = experiment.masks.named
    wanted = [masks for name, masks in experiment.masked.items() if name not in experiment.used]
    wanted += [f"k{k}" for k in analysed if k]
    wanted += [name for name, one in named.items() if one.key in experiment.masks.sets]
    found = dict.fromkeys(wanted)
    for name in wanted:
        found.update(dict.fromkeys(_with_like(experiment, name)))
    return list(found)


def rows(experiment: Experiment) -> list[str]:
    """Return the mask sets that have a file for each direction that is only evaluated."""
    if not experiment.directions.evaluate_only:
        return []
    found: list[str] = []
    for masks in experiment.masked.values():
        found += _with_like(experiment, masks, until_several=True)
    return list(dict.fromkeys(found))


def counted(experiment: Experiment) -> set[str]:
    """Return the directions whose activations are needed."""
    by_score = [name for name in rows(experiment) if experiment.masks.named[name].one.like is None]
    others = experiment.directions.evaluate_only if by_score else []
    return {*others, *(experiment.train_directions if selected(experiment) else ())}


def _with_like(experiment: Experiment, name: str, until_several: bool = False) -> list[str]:
    """Return a set and those that it is made of, or those that its own row is made of."""
    one = experiment.masks.named[name].one
    if one.like is None or (until_several and one.of_several_rows):
        return [name]
    return [name, *_with_like(experiment, one.like, until_several)]
