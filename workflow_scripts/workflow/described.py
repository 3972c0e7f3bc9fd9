"""How each system of an experiment was made, in words for a page, and whose masks are not its directions'."""

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.masks import ALL_UNITS
from workflow_scripts.config.systems import Made
from workflow_scripts.workflow.stage_list.report import draws

#: Rows of masks that are not those that the direction's own scores select.
NOT_OWN = ("random", "shuffled", "swapped")


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
    return _of_system(experiment.made[name])


def _of_system(made: Made) -> str:
    system, masks = made.system, made.maskset
    if system.train == "none":
        return f"the baseline's weights through masks `{masks}`, not trained further"
    if system.each:
        start = "random weights" if system.start == "random" else "the baseline"
        return f"a model of its own for each direction, trained from {start}"
    if system.adapters:
        return (
            f"the baseline with adapters ({system.adapters.kind}) by {system.adapters.by}; these are trained"
        )
    part = "" if system.parameters == "all" else f" ({system.parameters} alone)"
    if masks == ALL_UNITS:
        return f"the baseline trained further{part}, every unit kept"
    where = (
        "on gradients alone, translating without them" if system.train == "gradients" else "in each direction"
    )
    return f"the baseline trained further{part} with masks `{masks}` {where}"


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
