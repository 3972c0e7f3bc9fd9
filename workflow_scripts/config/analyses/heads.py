"""The section `analysis.heads`: the attention heads that matter to a task are pruned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.task_groups import tasks_of
from workflow_scripts.config.analyses.directions import analysed_directions, unknown_systems
from workflow_scripts.config.analyses.units import HeadSize, Metric
from workflow_scripts.config.base import BASELINE, DISTINCT, MOST_DRAWS, Name, Section
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.score_checks import known_space
from workflow_scripts.units.selectors import parse_selector

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


class Heads(Section):
    """Heads are ranked for each task by importance, pruned in growing numbers, and every task is measured."""

    systems: Annotated[list[Name], DISTINCT] = Field(
        [BASELINE], min_length=1, description="Systems whose heads are pruned, each with its own masks."
    )
    tasks: Literal["direction", "language", "family", "side"] = Field(
        "direction",
        description="A task: a direction; all directions of a language or a family beside the pivot; or a"
        " side, those out of the pivot and those into it.",
    )
    of: Literal["importance", "importance_token", "importance_signed"] = Field(
        "importance", description="The estimator of importance."
    )
    normalise: bool = Field(False, description="Divide by the norm within each layer's attention.")
    sizes: Annotated[list[HeadSize], DISTINCT] = Field(
        ["20%", "30%", "40%"], min_length=1, description="Heads that are pruned: shares, or so many."
    )
    scope: Literal["type", "model"] = Field(
        "type", description="What sizes are of: each type of attention, or all heads of the model together."
    )
    keep_per_layer: NonNegativeInt = Field(0, description="Heads of each layer's attention that always stay.")
    ascending: bool = Field(False, description="The least important heads go first.")
    exact: bool = Field(False, description="Importance is taken again, without those gone, before each size.")
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random prunings by the same rule.")
    score_sentences: PositiveInt = Field(
        2000, description="Validation sentences of each direction on which heads are ranked."
    )
    sentences: PositiveInt = Field(300, description="Test sentences of each direction.")
    metrics: Annotated[list[Metric], DISTINCT] = Field(
        [], description="Also BLEU, chrF2++ of translations without each set of heads, which is slow."
    )
    decoded: PositiveInt = Field(100, description="Sentences of each direction that are translated.")
    permutations: PositiveInt = Field(10_000, description="Permutations of tasks.")


def heads_problems(experiment: Experiment, heads: Heads) -> Iterable[str]:
    """Yield every mistake in `analysis.heads`."""
    key = "analysis.heads"
    yield from unknown_systems(experiment, f"{key}.systems", heads.systems)
    for name in (name for name in heads.systems if name in experiment.all_systems):
        try:
            tasks_of(
                analysed_directions(experiment, name), heads.tasks, experiment.pivot, experiment.families
            )
        except UserError as error:
            yield f"{key}.tasks: {name}: {str(error).removeprefix('--tasks ')}"
    if experiment.control_text[0] == VALID:
        yield f"{key}: heads are ranked on {VALID}; tasks need another test set"
    if heads.tasks == "family" and not experiment.families:
        yield f"{key}.tasks: groups has no 'family'{nearest('family', experiment.groupings)}"
    yield from _size_problems(experiment, key, heads)


def _size_problems(experiment: Experiment, key: str, heads: Heads) -> Iterable[str]:
    space = known_space(experiment, ["head"])
    if space is None:
        return
    smallest = min(group.size for group in space.groups)
    if heads.keep_per_layer >= smallest:
        yield f"{key}.keep_per_layer: an attention has {smallest} heads; keep fewer, so that some can go"
    for size in heads.sizes:
        selector = parse_selector(f"top:{size}@{heads.scope}")
        if mistake := selector.keeps_none(space) or selector.asks_for_more(space):
            yield f"{key}.sizes: {mistake}"
