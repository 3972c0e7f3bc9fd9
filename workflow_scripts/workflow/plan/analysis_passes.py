"""How often the jobs of analyses read which sentences: what their first estimates are taken from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workflow_scripts.common.directions import ends_of, split_direction
from workflow_scripts.common.task_groups import tasks_of
from workflow_scripts.config.analyses.correlation_checks import compared_models
from workflow_scripts.config.analyses.directions import analysed_directions, compared_directions
from workflow_scripts.config.analyses.probe_checks import probed_directions, probed_text
from workflow_scripts.config.analyses.strongest import passes_of, read_sentences, removed_sentences
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.stage_list.correlation import forms_of

#: What a forward and backward pass takes, in forward passes; masks of the control.
BOTH_WAYS, CONTROLS = 3, 7


@dataclass(frozen=True)
class Passes:
    """So many ``times`` over the first sentences, at the ``most``, of each direction of a text."""

    text: str
    directions: Sequence[str]
    most: int
    times: int


#: What a job reads; nothing where that is not known.
Reads = Callable[[Experiment, PlannedJob], Iterable[Passes]]


def mask_control(experiment: Experiment, _: PlannedJob) -> Iterable[Passes]:
    """Each direction under no mask, its own, five random ones and those that share a side with it."""
    testset, directions = experiment.control_text
    for direction in directions:
        source, target = split_direction(direction)
        # The direction itself is among them.
        near = sum(source == one or target == two for one, two in map(split_direction, directions)) - 1
        yield Passes(testset, [direction], experiment.analysis.mask_control_sentences, CONTROLS + near)


def strongest_units(experiment: Experiment, _: PlannedJob) -> Iterable[Passes]:
    """Each direction once for its words, then whole and without each set of units."""
    asked = experiment.analysis.strongest
    if asked is not None:
        yield Passes(VALID, experiment.train_directions, read_sentences(experiment, asked), 1)
        most = removed_sentences(experiment, asked)
        for direction in experiment.train_directions if most else ():
            yield Passes(VALID, [direction], most, passes_of(experiment, direction))


def criteria(experiment: Experiment, _: PlannedJob) -> Iterable[Passes]:
    """Each direction whole, and without and with only the units of each set, its own and of others."""
    asked, (testset, directions) = experiment.analysis.criteria, experiment.control_text
    if asked is not None:
        tested = len(directions) if asked.others is None else min(asked.others + 1, len(directions))
        passes = 1 + 2 * (len(asked.names) + asked.draws) * tested + (2 if asked.k else 0)
        yield Passes(testset, directions, asked.sentences, passes)


def correlate_units(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """Each model reads the text once."""
    asked = experiment.analysis.correlation
    if asked is not None:
        models = compared_models(experiment, asked)[job.rule.removeprefix("correlate_units_")]
        passes = len(models[job.wildcards["of"]]) + len(asked.others)
        yield Passes(asked.subset, compared_directions(experiment, asked), asked.sentences, passes)


def erase_correlated(experiment: Experiment, _: PlannedJob) -> Iterable[Passes]:
    """The text whole, and without each set of units."""
    asked = experiment.analysis.correlation
    if asked is not None:
        passes = 1 + len(asked.erase) * (2 * len(forms_of(experiment)) + asked.draws)
        yield Passes(asked.subset, compared_directions(experiment, asked), asked.sentences, passes)


def prune_heads(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """Each direction whole, and without the heads of each task and draw at each size; before that it is
    scored, with gradients."""
    asked, directions = experiment.analysis.heads, analysed_directions(experiment, job.wildcards["system"])
    if asked is not None:
        again = len(asked.sizes) if asked.exact else 1
        yield Passes(VALID, directions, asked.score_sentences, BOTH_WAYS * again)
        tasks = tasks_of(directions, asked.tasks, experiment.pivot, experiment.families)
        sets = len(asked.sizes) * (len(tasks) + asked.draws)
        yield Passes(experiment.control_text[0], directions, asked.sentences, 1 + sets)


def ablate_units(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """Each direction whole, without all units, and under each set of each size, removed and kept."""
    asked, directions = experiment.analysis.ablation, analysed_directions(experiment, job.wildcards["system"])
    if asked is not None:
        sets = 2 * len(asked.scores) + asked.draws
        passes = 2 + sets * (2 * len(asked.sizes) + len(asked.scale)) + (asked.replace == "mean")
        yield Passes(experiment.control_text[0], directions, asked.sentences, passes)


def effect_matrix(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """Each direction whole, and without the units of each language of its side, of each set."""
    asked, directions = experiment.analysis.effects, analysed_directions(experiment, job.wildcards["system"])
    if asked is not None:
        sets = len(asked.sizes) * (len(asked.criteria) + bool(asked.masks) + asked.draws)
        pivot, sides = experiment.pivot, zip(*map(ends_of, directions), strict=True)
        languages = max((len({*side} - {pivot, None}) for side in sides), default=0)
        # Without a pivot each direction is on both sides.
        passes = (1 + sets * languages) * (1 if pivot else 2)
        yield Passes(experiment.control_text[0], directions, asked.sentences, passes)


def _probed(experiment: Experiment, job: PlannedJob, times: int) -> Iterable[Passes]:
    """Sentences whose words are read in a stack; of CoNLL-U files their number is not known."""
    asked = experiment.analysis.probes
    if asked is not None and not asked.from_conllu:
        where = job.wildcards["system"], job.wildcards["stack"]
        directions = probed_directions(experiment, asked, *where)
        yield Passes(probed_text(experiment, asked), directions, asked.sentences, times)


def collect_units(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """The labelled text once."""
    return _probed(experiment, job, 1)


def fit_probes(experiment: Experiment, job: PlannedJob) -> Iterable[Passes]:
    """Its words once for each split; scores by label are made of the same."""
    asked = experiment.analysis.probes
    return _probed(experiment, job, len(asked.seeds) if asked else 1)


READS: dict[str, Reads] = {
    "strongest_units": strongest_units,
    "mask_control": mask_control,
    "criteria": criteria,
    "correlate_units": correlate_units,
    "erase_correlated": erase_correlated,
    "prune_heads": prune_heads,
    "ablate_units": ablate_units,
    "effect_matrix": effect_matrix,
    "collect_units": collect_units,
    "fit_probes": fit_probes,
    "score_by_label": fit_probes,
}
