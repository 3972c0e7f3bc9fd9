"""The key `select` of a mask set: a selector, or four by side of the pivot and by stack."""

from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag

from workflow_scripts.common.errors import UserError
from workflow_scripts.config.base import Section
from workflow_scripts.config.file_source import ONE, SEVERAL
from workflow_scripts.units.selectors import parse_selector


def _one_text(text: str) -> str:
    try:
        return parse_selector(text).text
    except UserError as error:
        raise ValueError(str(error)) from None


SelectorText = Annotated[str, AfterValidator(_one_text)]


class ByStack(Section):
    """A selector for each stack."""

    encoder: SelectorText = Field(description="Of the encoder's units.")
    decoder: SelectorText = Field(description="Of the decoder's units.")


class BySide(Section):
    """Four selectors: by side of the pivot, and by stack."""

    out: ByStack = Field(description="Of directions out of the pivot.")
    into: ByStack = Field(description="Of directions into the pivot.")


#: One selector for all directions and stacks, or four.
Select = Annotated[
    Annotated[SelectorText, Tag(ONE)] | Annotated[BySide, Tag(SEVERAL)],
    Discriminator(lambda value: SEVERAL if isinstance(value, dict | BySide) else ONE),
]
