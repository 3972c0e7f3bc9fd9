"""All stages, and all jobs of an experiment, from the config alone. Paths are below ``results/NAME``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.language_models import LanguageExperiment
from workflow_scripts.config.tasks.experiment import TaskExperiment
from workflow_scripts.workflow.needed_masks import listed_nowhere
from workflow_scripts.workflow.stage import Job, Stage
from workflow_scripts.workflow.stage_list import (
    analyses,
    attach,
    correlation,
    data,
    decoding,
    effects,
    export,
    figures_analyses,
    findings,
    heads,
    language_models,
    measures,
    models,
    overlaps,
    page,
    probes,
    report,
    scores,
    tasks,
)

#: The topics of systems and of scores of their units.
SYSTEMS = (models, decoding, scores)
#: The topics of analyses.
ANALYSES = (analyses, heads, correlation, effects, overlaps, probes)
#: Kind of experiment → the topics of its stages.
TOPICS: Mapping[type[Experiment], Sequence[ModuleType]] = {
    Experiment: (data, attach, *SYSTEMS, *ANALYSES, measures, export, report, figures_analyses, page),
    TaskExperiment: (attach, tasks, probes, findings),
    LanguageExperiment: (language_models, attach, *SYSTEMS, analyses, effects, probes, findings),
}
STAGES: dict[str, Stage] = {
    stage.name: stage for topics in TOPICS.values() for topic in topics for stage in topic.STAGES
}
#: Stages that had another name in earlier versions → their name now.
RENAMED = {
    "likelihood": "score_likelihood",
    "contrastive": "score_contrastive",
    "comet": "score_comet",
    "plot_sweep": "plot_tables",
    "count_encoder": "count_activations",
}
#: Stages that need the internet; none of them has inputs.
FETCHING = tuple(name for name, stage in STAGES.items() if stage.fetches)


def unknown_rules(names: Iterable[str]) -> Iterator[str]:
    """Yield a phrase, with the nearest name, for each name that is not a rule (or the start of several)."""
    several = tuple(f"{name}_" for name, stage in STAGES.items() if stage.rule)
    for name in names:
        if name not in STAGES and name not in ("all", "fetch") and not name.startswith(several):
            now = RENAMED.get(name)
            yield f"no rule is called {name!r}" + (f": it is {now} now" if now else nearest(name, STAGES))


def stages_of(experiment: Experiment) -> dict[str, Stage]:
    """Return the stages that an experiment of this kind may have, by name."""
    return {stage.name: stage for topic in TOPICS[type(experiment)] for stage in topic.STAGES}


def jobs_of(experiment: Experiment) -> list[Job]:
    """Return every job of an experiment, stage after stage."""
    return [job for stage in stages_of(experiment).values() for job in stage.jobs_of(experiment)]


def outputs_of(experiment: Experiment) -> list[str]:
    """Return the outputs of every job of an experiment."""
    return [file for job in jobs_of(experiment) for file in job.outputs]


def asked_for(experiment: Experiment) -> Iterator[str]:
    """Yield the files that ``all`` asks for, also what other jobs read, so that lost ones are made again."""
    for stage in stages_of(experiment).values():
        for wildcards in stage.jobs(experiment) if stage.asked_for else ():
            yield from stage.made(experiment, wildcards, *stage.asked_for)
    for masks in listed_nowhere(experiment):
        yield from (f"masks/{BASELINE}/s{seed}/{masks}.npz" for seed in experiment.train.seeds)
