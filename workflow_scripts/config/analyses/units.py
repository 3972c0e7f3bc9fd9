"""Sizes and kinds of units as the sections of analyses have them."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.selectors import parse_selector

#: Kinds of units that have values while a model runs.
Kind = Literal["ffn", "head", "resid"]
#: Of translations.
Metric = Literal["bleu", "chrf"]


def _size_of(what: str) -> Callable[[str], str]:
    def size(text: str) -> str:
        wrong = ValueError(f"{text!r}: a share of {what}, or a number of them")
        try:
            selector = parse_selector(f"top:{text}")
        except UserError:
            raise wrong from None
        if selector.scope != "group" or selector.magnitude:
            raise wrong
        return selector.text.removeprefix("top:")

    return size


#: A share of each layer's units, or so many of them.
Size = Annotated[str, BeforeValidator(str), AfterValidator(_size_of("each layer's units, such as 5%"))]
#: The same of heads.
HeadSize = Annotated[str, BeforeValidator(str), AfterValidator(_size_of("the heads, such as 20%"))]
