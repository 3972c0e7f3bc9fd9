"""How each system of an experiment was made, in words for a page, and whose masks are not its directions'."""

from collections.abc import Iterator

from workflow_scripts.common.naming import number_of
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.mask_scores import STACKS
from workflow_scripts.config.masks import ALL_UNITS, MaskSet
from workflow_scripts.config.systems import Made, System
from workflow_scripts.workflow.stage_list.report import draws

#: Rows of masks that are not those that the direction's own scores select.
NOT_OWN = ("random", "shuffled", "swapped")
#: What a direction keeps whose row is made of another set's rows.
OF_ROWS = {
    "random": "as many units of each layer as {like}, drawn at random",
    "shuffled": "those of {like} after an exchange of each layer's units at random",
    "swapped": "those that {like} keeps in another direction{among}",
    "merged": "those of {like} for its source and target language",
    "union": "those that any row of {like} keeps",
    "shared": "those that all rows of {like} keep",
    "majority": "those that most rows of {like} keep",
    "unshared": "those of {like} that not all rows keep",
    "exclusive": "those of {like} that no other row keeps",
}
#: Of swapped rows: among which directions pairs were drawn.
AMONG = {"within_family": " of the same family", "across_families": " of another family"}


def how_made(experiment: Experiment) -> dict[str, str]:
    """Return, by system, how it was made: of a system from elsewhere only that."""
    return {name: _how(experiment, name) for name in experiment.all_systems}


def _how(experiment: Experiment, name: str) -> str:
    if experiment.uses and name in experiment.used:
        return f"taken as it is from the experiment `{experiment.uses.experiment}`"
    if name in experiment.attached or (name == BASELINE and experiment.attached_model is not None):
        return "made elsewhere and taken as it is"
    if name == BASELINE:
        return "trained from random weights in all directions"
    return _of_system(experiment, experiment.made[name])


def _of_system(experiment: Experiment, made: Made) -> str:
    system = made.system
    masks = _of_masks(experiment, made.maskset)
    if system.train == "none":
        return f"the baseline's weights through {masks}, not trained further"
    if system.each:
        start = "random weights" if system.start == "random" else "the baseline"
        how = f"a model of its own for each direction, trained from {start}{_part(system)}"
    elif system.adapters:
        one = system.adapters
        how = f"the baseline with adapters ({one.kind}) by {one.by}; these are trained"
    else:
        how = f"the baseline trained further{_part(system)}"
        if made.maskset == ALL_UNITS:
            how += ", every unit kept"
        elif system.train == "gradients":
            how += f" with {masks} on gradients alone, translating without them"
        else:
            how += f" with {masks} in each direction"
    return "; ".join([how, *_what_differs(system)])


def _part(system: System) -> str:
    """What alone is trained of the model."""
    return "" if system.parameters == "all" else f" ({system.parameters} alone)"


def _what_differs(system: System) -> Iterator[str]:
    """Say what else of a system's training is not as usual."""
    if system.head_weights != type(system).model_fields["head_weights"].default:
        yield "also on columns of the heads' output projections"
    if system.momentum == "own":
        yield "momentum moves a unit only in directions that keep it"
    if system.renew is not None:
        yield f"masks made again every {system.renew:,} updates"
    if given := system.settings.given():
        yield f"with {', '.join(f'{key}: {value}' for key, value in given.items())}"
    if system.directions is not None:
        yield f"only {', '.join(f'`{one}`' for one in system.directions)}"


def _of_masks(experiment: Experiment, name: str) -> str:
    """Name a mask set, of several draws their common name, and say in brackets what it keeps; of a sweep's
    sets the name says it."""
    key, one, _ = experiment.masks.named[name]
    if key not in experiment.masks.sets:
        return f"masks `{name}`"
    several = len(experiment.masks.draws(key))
    drawn = f", one of {several} draws" if several > 1 else ""
    return f"masks `{key}` ({_kept(one)}{drawn})"


def _kept(one: MaskSet) -> str:
    """Say which units a direction keeps in a set."""
    if one.file is not None:
        return "of another program"
    if one.like is not None:
        among = AMONG.get(one.partners or "", "")
        words = OF_ROWS[one.rows or ""].format(like=f"`{one.like}`", among=among)
        words += "" if one.by is None else f", by {one.by}"
        some = one.rows_of
        return words if some is None else f"{words}, among those of {number_of(len(some), 'direction')}"
    words = str(one.select) if isinstance(one.select, str) else "selectors by side and stack"
    if one.system is not None:
        words += f" of the weights of `{one.system}`"
    elif one.of != "activations":
        words += f" by {one.of}, units: {', '.join(one.units)}"
    if set(one.stacks) != set(STACKS):
        words += f", {one.stacks[0]} alone"
    return ", ".join([words, *(f"gate of {kind}: {gate}" for kind, gate in one.gate.items())])


def with_masks(experiment: Experiment) -> dict[str, str]:
    """Return the mask set of each system that leaves units out; of several draws also that of their row."""
    rows = {key: names[0] for key, names in draws(experiment).items()}
    found = experiment.masked | {key: experiment.masked[name] for key, name in rows.items()}
    return {name: masks for name, masks in found.items() if masks != ALL_UNITS}


def not_own(experiment: Experiment) -> list[str]:
    """Return the systems with masks that are random, shuffled or another direction's: controls of masks."""
    sets = experiment.masks.named

    def is_control(masks: str) -> bool:
        one = sets[masks].one
        return one.is_drawn or one.rows in NOT_OWN

    return [name for name, masks in with_masks(experiment).items() if is_control(masks)]
