"""The section `export`: systems that others are to load."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.base import DISTINCT, Name, Section

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

Form = Literal["safetensors", "ctranslate2"]


class Export(Section):
    """Folders of systems for others, with a model card, below export/ of the results."""

    systems: Annotated[list[Name], DISTINCT] = Field(
        min_length=1, description="Names of systems, such as ns-k95."
    )
    formats: Annotated[list[Form], DISTINCT] = Field(
        ["safetensors", "ctranslate2"],
        min_length=1,
        description="safetensors: the system's folder; ctranslate2: a model for each trained direction, masks"
        " and LoRA compiled in.",
    )
    licence: str | None = Field(
        None, min_length=1, description="The model's, for its card; null: unknown, which the card says."
    )
    text_licence: str | None = Field(
        None,
        min_length=1,
        description="The training text's, for cards and `make crate`, which then packs it; null: unknown.",
    )


def export_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `export`."""
    if experiment.export is None:
        return
    known = experiment.all_systems
    for name in experiment.export.systems:
        if name not in known:
            yield f"export.systems: no system {name!r}{nearest(name, known)}; there are {known}"
        elif "ctranslate2" in experiment.export.formats and experiment.needs_reference(name):
            yield f"export.formats: ctranslate2 has no layer for what {name} has; take safetensors alone"
