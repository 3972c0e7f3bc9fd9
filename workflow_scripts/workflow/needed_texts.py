"""Which texts besides the validation text units are scored on, and which of them are made here."""

from workflow_scripts.common.directions import pair_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.texts import RANDOM_TOKENS, chain
from workflow_scripts.workflow.needed_masks import selected


def other_texts(experiment: Experiment) -> list[str]:
    """Return the texts besides the validation text on which units are scored."""
    sets = (experiment.masks.named[name] for name in selected(experiment))
    texts = [one.text for one in sets if one.one.like is None]
    return [text for text in dict.fromkeys(texts) if text != VALID]


def varied_texts(experiment: Experiment) -> dict[str, list[str]]:
    """Return the texts of the key `texts` that are made, those before others that are made of them: name →
    the pairs that they have text of."""
    found: dict[str, list[str]] = {}
    pairs = list(dict.fromkeys(pair_of(direction) for direction in experiment.train_directions))
    for text in other_texts(experiment):
        for name in reversed(chain(experiment.varied_texts, text)):
            if name in experiment.varied_texts:
                found[name] = pairs
    return found


def binarised_texts(experiment: Experiment) -> list[str]:
    """Return those of the texts of the key `texts` that are binarised as other text is."""
    varied = experiment.varied_texts
    scored_on = [text for text in other_texts(experiment) if text in varied]
    sources = [varied[name].of if varied[name].change == RANDOM_TOKENS else name for name in scored_on]
    return [name for name in dict.fromkeys(sources) if name in varied]
