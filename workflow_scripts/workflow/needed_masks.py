"""Which mask files an experiment needs, which directions are scored for them, and on which text."""

from workflow_scripts.config.analyses.similarity import compared_sets
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.language_models import LanguageExperiment
from workflow_scripts.config.mask_scores import ANALYSED, COMPARING, SPREAD
from workflow_scripts.units.score_table import IMPORTANCES


def selected(experiment: Experiment) -> list[str]:
    """Return the mask sets of trained directions made here: of systems, analyses and ``masks.sets``."""
    analysis = experiment.analysis
    analysed = [analysis.mask_control_k, analysis.overlap_k, analysis.criteria and analysis.criteria.k]
    named = experiment.masks.named
    wanted = [masks for name, masks in experiment.masked.items() if name not in experiment.used]
    wanted += [f"k{k}" for k in analysed if k]
    wanted += [name for name in [experiment.analysis.text_control] if name]
    wanted += sets_compared(experiment)
    wanted += [analysis.effects.masks] if analysis.effects and analysis.effects.masks else []
    wanted += [name for name, one in named.items() if one.key in experiment.masks.sets]
    return list(dict.fromkeys([*wanted, *(one for name in wanted for one in experiment.masks.chain(name))]))


def listed_nowhere(experiment: Experiment) -> list[str]:
    """Return the mask sets of the config that nothing need read: units are tabulated of translation models
    only, and single weights never. Those of systems made here are left out, which are selected for these."""
    masks = experiment.masks
    own = [name for system, name in experiment.masked.items() if system not in experiment.used]
    of_systems = {one for name in own for one in masks.chain(name)}
    language_model = isinstance(experiment, LanguageExperiment)
    return [
        name
        for name, one in masks.named.items()
        if one.key in masks.sets and name not in of_systems
        if language_model or any(masks.named[part].one.system for part in masks.chain(name))
    ]


def sets_compared(experiment: Experiment) -> list[str]:
    """Return the mask sets that ``analysis.similarity`` compares."""
    similarity = experiment.analysis.similarity
    return compared_sets(experiment, similarity) if similarity else []


def of_systems(experiment: Experiment) -> dict[str, list[str]]:
    """Return the systems beside the baseline whose units masks are selected from, to these mask sets."""
    similarity = experiment.analysis.similarity
    others = [name for name in similarity.systems if name != BASELINE] if similarity else []
    return {name: sets_compared(experiment) for name in others}


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
    here = by_score.intersection(selected(experiment))
    side_by_side = text == VALID and scores in analysed(experiment)
    compared = scores == "activations" and any(scored(experiment, form, text) for form in COMPARING)
    return set(experiment.train_directions) if here or side_by_side or compared else set()


def criteria(experiment: Experiment) -> dict[str, str]:
    """Return name → folder of the scores that are put side by side."""
    return experiment.analysis.criteria.scores if experiment.analysis.criteria else {}


def analysed(experiment: Experiment) -> list[str]:
    """Return the folders of the scores that analyses read, of the validation text."""
    ablation, effects = experiment.analysis.ablation, experiment.analysis.effects
    folders = [*criteria(experiment).values(), *(ablation.folders.values() if ablation else ())]
    return [*folders, *(["activations"] if effects or asks_for_strongest(experiment) else [])]


def asks_for_strongest(experiment: Experiment) -> bool:
    """Tell whether the config itself names the strongest units, for which activations are then counted."""
    analysis = experiment.analysis
    return analysis.strongest is not None and "strongest" in analysis.model_fields_set


def has_strongest(experiment: Experiment) -> bool:
    """Tell whether the strongest units are analysed: where the config asks, or by default where activations
    are counted anyway, of a baseline that no other experiment has analysed already."""
    if experiment.analysis.strongest is None or asks_for_strongest(experiment):
        return experiment.analysis.strongest is not None
    return BASELINE not in experiment.used and bool(scored(experiment))


def importances(experiment: Experiment) -> dict[str, list[str]]:
    """Return the folders of importance that there may be, by their choice of kinds of units, ``head+ffn``."""
    folders = [named.one.scores for named in experiment.masks.named.values()]
    folders += analysed(experiment)
    found: dict[str, list[str]] = {}
    for folder in dict.fromkeys(folders):
        estimator, _, units = folder.partition("/")
        if estimator in IMPORTANCES:
            found.setdefault(units, []).append(folder)
    return found


def spread(experiment: Experiment) -> list[str]:
    """Return the scores that analyses find for mask sets, as ``probe/upos``."""
    found = (named.one.scores for named in experiment.masks.named.values() if named.one.of in ANALYSED)
    return [folder.removeprefix(f"{SPREAD}/") for folder in dict.fromkeys(found)]
