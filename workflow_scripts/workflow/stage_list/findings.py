"""The answer on one page of experiments without translation."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.tasks.experiment import TaskExperiment
from workflow_scripts.workflow.needed_masks import has_strongest
from workflow_scripts.workflow.stage import Stage


def _asked(experiment: Experiment) -> list[dict[str, str]]:
    """Once, where there is anything to say: tasks always have their scores."""
    of = experiment.analysis
    found = any((of.ablation, of.criteria, of.effects, of.probes, has_strongest(experiment)))
    return [{}] if found or isinstance(experiment, TaskExperiment) else []


STAGES = (
    Stage(
        "report.page.write_findings",
        "text",
        log="answer",
        files={"html": "report/answer.html", "markdown": "report/answer.md"},
        asked_for=("html", "markdown"),
        jobs=_asked,
        local=True,
    ),
)
