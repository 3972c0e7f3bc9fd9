"""The section `analysis.similarity`: mask sets compared with one another, and languages within each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PositiveInt, field_validator

from workflow_scripts.common.errors import nearest
from workflow_scripts.common.scripts import by_script
from workflow_scripts.config.analyses.directions import unknown_systems
from workflow_scripts.config.base import BASELINE, DISTINCT, MOST_DRAWS, Name, Section
from workflow_scripts.config.mask_list import no_mask_set
from workflow_scripts.config.masks import MaskSetName
from workflow_scripts.config.toy import ToySource
from workflow_scripts.units.score_table import IMPORTANCE

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

#: The grouping by the scripts of languages' codes, where `groups` has none of this name.
SCRIPT = "script"


class Similarity(Section):
    """Overlap of mask sets with one another, between systems and seeds, and of languages within each."""

    masks: Annotated[list[MaskSetName], DISTINCT] = Field(
        min_length=1,
        description="Mask sets, such as k95; of one that is drawn several times all draws, by its name.",
    )
    more: dict[MaskSetName, str] = Field(
        {},
        description="Further mask files, by a name of your own: a path with {system} and {seed},"
        " also of a result of this experiment, such as the salient units of a probe.",
    )
    pairs: list[list[MaskSetName]] | None = Field(
        None, description="Two sets each, the only ones that are compared with one another; null: every two."
    )
    systems: Annotated[list[Name], DISTINCT] = Field(
        [BASELINE],
        min_length=1,
        description="Systems whose masks are compared; of others than the baseline, sets of importance.",
    )
    groupings: Annotated[list[Name], DISTINCT] | None = Field(
        None,
        description="Groupings of languages that are tested; script: by their codes. null: all there are, and"
        " script except of invented languages.",
    )
    draws: int = Field(100, ge=19, le=MOST_DRAWS, description="Random exchanges of units, for chance.")
    permutations: PositiveInt = Field(10_000, ge=19, description="Permutations of languages.")
    level: float = Field(0.05, gt=0, lt=1, description="Level of the tests of groups.")

    @field_validator("more")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        for path in value.values():
            rest = path.replace("{system}", "").replace("{seed}", "")
            if not rest or "{" in rest or "}" in rest:
                raise ValueError(f"{path!r}: a path may have {{system}} and {{seed}} in braces, and no other")
        return value

    @field_validator("pairs")
    @classmethod
    def _two_sets_each(cls, value: list[list[str]] | None) -> list[list[str]] | None:
        for pair in value or []:
            if len(pair) != 2 or pair[0] == pair[1]:
                raise ValueError(f"{pair}: two different mask sets are needed, such as [k70, k95]")
        return value


def drawn_sets(experiment: Experiment, similarity: Similarity) -> dict[str, list[str]]:
    """Return the keys of mask sets that are drawn several times, to the sets that they make."""
    draws = {name: list(experiment.masks.draws(name).values()) for name in similarity.masks}
    return {name: made for name, made in draws.items() if made}


def compared_sets(experiment: Experiment, similarity: Similarity) -> list[str]:
    """Return the names of all mask sets that are compared, each draw by its own."""
    drawn = drawn_sets(experiment, similarity)
    return list(dict.fromkeys(one for name in similarity.masks for one in drawn.get(name, [name])))


def compared_groups(experiment: Experiment, similarity: Similarity) -> dict[str, dict[str, list[str]]]:
    """Return the groupings that are tested: grouping → group → languages."""
    known = _groupings(experiment)
    return {name: known[name] for name in similarity.groupings or known}


def _groupings(experiment: Experiment) -> dict[str, dict[str, list[str]]]:
    # The codes of invented languages are those of others.
    invented = isinstance(experiment.data.source, ToySource)
    own = {} if invented else {SCRIPT: by_script(experiment.languages)}
    return {**own, **experiment.groupings}


def similarity_problems(experiment: Experiment, similarity: Similarity) -> Iterable[str]:
    """Yield every mistake in `analysis.similarity`."""
    key = "analysis.similarity"
    known = {*experiment.masks.named, *experiment.masks.sets}
    for name in similarity.masks:
        if name not in known:
            yield f"{key}.masks: {no_mask_set(name, sorted(known))}"
    for name in similarity.more:
        if name in known:
            yield f"{key}.more: {name!r} is a mask set; call the file otherwise"
    chosen = {*similarity.masks, *similarity.more, *compared_sets(experiment, similarity)}
    for pair in similarity.pairs or []:
        for name in pair:
            if name not in chosen:
                yield f"{key}.pairs: {name!r} is not in masks{nearest(name, chosen)}"
    groupings = _groupings(experiment)
    for name in similarity.groupings or []:
        if name not in groupings:
            yield f"{key}.groupings: groups has no {name!r}{nearest(name, groupings)}"
    yield from _system_problems(experiment, similarity)


def _system_problems(experiment: Experiment, similarity: Similarity) -> Iterable[str]:
    key = "analysis.similarity.systems"
    yield from unknown_systems(experiment, key, similarity.systems)
    for name in (one for one in similarity.systems if one in experiment.all_systems and one != BASELINE):
        if experiment.trained_by(name) != experiment.train_directions:
            yield f"{key}: {name!r} is not trained in every direction, and masks have a row for each"
        for one in (one for one in compared_sets(experiment, similarity) if one in experiment.masks.named):
            named = experiment.masks.named[one].one
            if named.select is None or named.file is not None or not named.of.startswith(IMPORTANCE):
                yield (
                    f"{key}: units of {name!r} are scored by importance alone, and {one!r} is another set;"
                    " take sets with of: importance, or the baseline alone"
                )
                break
