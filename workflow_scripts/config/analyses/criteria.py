"""The section `analysis.criteria`: scores of units that are put side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PositiveInt

from workflow_scripts.config.analyses.units import Size
from workflow_scripts.config.base import DISTINCT, MOST_DRAWS, Percent, Section
from workflow_scripts.config.mask_scores import Score, folder_of
from workflow_scripts.config.score_checks import known_space, one_language
from workflow_scripts.units.selectors import parse_selector

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


#: Scores that are compared unless the config names some.
COMPARED: list[Score] = ["activations", "magnitude", "lape", "lape_lambda", "importance"]


class Criteria(Section):
    """Scores side by side: what removing or keeping the units does that each of them names."""

    names: Annotated[list[Score], DISTINCT] = Field(
        COMPARED, min_length=1, description="Scores of FFN neurons."
    )
    size: Size = Field("5%", description="Units of each layer: a share, or so many.")
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random sets of the same size.")
    others: PositiveInt | None = Field(
        None, description="Other directions that a direction's units are tested on; null: all."
    )
    sentences: PositiveInt = Field(300, description="Sentences of each direction.")
    k: Percent | None = Field(
        None, description="The row mask is compared with removal at this k of the sweep; null: not."
    )

    @property
    def scores(self) -> dict[str, str]:
        """Name of each score → its folder."""
        return {name: folder_of(name) for name in self.names}


def criteria_problems(experiment: Experiment, criteria: Criteria) -> Iterable[str]:
    """Yield every mistake in `analysis.criteria`."""
    key = "analysis.criteria"
    if criteria.k is not None and criteria.k not in experiment.masks.k:
        yield f"{key}.k: {criteria.k} is not in masks.k ({', '.join(experiment.masks.k)})"
    if len(experiment.control_text[1]) < 2:
        yield f"{key}: compares a direction with others, and no test set has two trained directions"
    for name in criteria.names:
        yield from one_language(experiment, f"{key}.names", name)
    space, size = known_space(experiment), parse_selector(f"top:{criteria.size}")
    if space and (mistake := size.keeps_none(space)):
        yield f"{key}.size: {mistake}"
    if space and size.keeps_all(space):
        yield f"{key}.size: {criteria.size} is every unit of each layer; take fewer, such as 5%"
