"""The section `analysis.criteria`: scores of units that are put side by side."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt

from workflow_scripts.common.errors import UserError
from workflow_scripts.config.base import DISTINCT, MOST_DRAWS, Percent, Section
from workflow_scripts.config.masks import Score, folder_of
from workflow_scripts.units.selectors import parse_selector


def _size(text: str) -> str:
    try:
        selector = parse_selector(f"top:{text}")
    except UserError as error:
        raise ValueError(str(error)) from None
    if selector.scope != "group" or selector.magnitude:
        raise ValueError(f"{text!r}: a share of each layer's units, such as 5%, or a number of them")
    return selector.text.removeprefix("top:")


#: Scores that are compared unless the config names some.
COMPARED: list[Score] = ["activations", "magnitude", "lape", "lape_lambda", "importance"]
#: A share of each layer's units, or so many of them.
Size = Annotated[str, BeforeValidator(str), AfterValidator(_size)]


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
