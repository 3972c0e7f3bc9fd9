"""The section `analysis.strongest`: the default analysis, and how much text it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from workflow_scripts.common.directions import split_direction
from workflow_scripts.config.base import BASELINE, Section

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

#: Sentences of a direction whose words are read, and those where the baseline is not trained: such runs are
#: short.
READ, READ_UNTRAINED = 300, 100
#: Random sets of each language; the stage's own default.
DRAWS = 5
#: Tokens that the training reads for each sentence that is read once without units. Of the models of demo,
#: toy60 and multi30k a sentence takes the time of 10 to 20 of the training's tokens: two per cent at most.
TOKENS_OF_A_PASS = 1000
#: Fewest sentences of a direction of which a mean says something.
FEWEST = 15


class Strongest(Section):
    """Each language's strongest units, the words that they fire on, the losses without them: of one seed."""

    units: PositiveInt = Field(
        16, description="Units of each language as source, in the encoder, and as target, in the decoder."
    )
    sentences: PositiveInt | None = Field(
        None,
        description="Sentences of each direction whose words are read; null: 300, or 100 where the baseline"
        " is not trained here.",
    )
    removed: int | None = Field(
        None,
        ge=0,
        description="Sentences of each direction for the losses without the units, read once for each"
        " language and draw; 0: none; null: what about two per cent of the baseline's training allow, 15 to"
        " 300; none where it is not trained here.",
    )


def trained_tokens(experiment: Experiment) -> int:
    """Return how many padded tokens the baseline's training reads at most, of one seed; 0: it is not trained
    here. Fine-tuning does not count: another system is no reason to analyse the baseline again."""
    own = experiment.train
    return 0 if BASELINE in experiment.taken else own.max_updates * own.max_tokens * own.update_freq


def passes_of(experiment: Experiment, direction: str) -> int:
    """Return how often a sentence of a direction is read for the losses: whole, without the units of each
    language, and without each random set of its own two."""
    languages = {one for name in experiment.train_directions for one in split_direction(name)}
    return 1 + len(languages) + DRAWS * len(split_direction(direction))


def read_sentences(experiment: Experiment, asked: Strongest) -> int:
    """Return of how many sentences of each direction the words are read."""
    return asked.sentences or (READ if trained_tokens(experiment) else READ_UNTRAINED)


def removed_sentences(experiment: Experiment, asked: Strongest) -> int:
    """Return of how many sentences of each direction the losses without units are measured; 0: not."""
    if asked.removed is not None:
        return asked.removed
    tokens = trained_tokens(experiment)
    if not tokens:
        return 0
    passes = sum(passes_of(experiment, direction) for direction in experiment.train_directions)
    return max(FEWEST, min(READ, tokens // TOKENS_OF_A_PASS // passes))
