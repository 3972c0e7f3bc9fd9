"""Stages of causal language models: the text of each language. All others are those of translation models."""

from collections.abc import Iterator

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.language_models import LanguageExperiment
from workflow_scripts.workflow.stage import Stage


def _texts(experiment: Experiment) -> Iterator[dict[str, str]]:
    assert isinstance(experiment, LanguageExperiment), "these stages are of language models"
    for subset in experiment.subsets:
        yield from ({"subset": subset, "lang": language} for language in experiment.languages)


STAGES = (
    Stage(
        "data.take_text",
        "text",
        log="{subset}/{lang}",
        files={"text": "data/text/{subset}/{lang}.txt", "stats": "data/text/{subset}/{lang}.json"},
        asked_for=("stats",),  # no analysis may read a text
        jobs=_texts,
    ),
)
