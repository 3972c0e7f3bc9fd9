"""What every section of the config shares: frozen models that refuse unknown keys, checked small types."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

# The system that all others are made from.
BASELINE = "baseline"


class Section(BaseModel):
    """A config section: immutable, unknown keys are errors, every default is validated."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


# A language code never holds "-" (it separates source and target in a direction) nor "." (file names).
def _not_a_boolean(value: Any) -> Any:
    # YAML 1.1 reads a bare `no` (Norwegian) as false.
    if isinstance(value, bool):
        raise ValueError(f"YAML reads a bare {'yes' if value else 'no'} as {str(value).lower()}: quote it")
    return value


Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z][a-z]{3})?$"), BeforeValidator(_not_a_boolean)
]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$")]
# Sub-sets of data are parts of file names of the form {subset}.{pair}.{lang}.
SubsetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
DirectionId = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z][a-z]{3})?-[a-z]{2,3}(_[A-Z][a-z]{3})?$")
]


def normalise_percent(value: Any) -> str:
    """Return a percentage in (0, 100] as its shortest decimal string: 95, "95.0" and 95.00 all give "95".

    Floats never reach a path: two spellings of one number must name one file.

    Raises:
        ValueError: not a number, or outside (0, 100].
    """
    if isinstance(value, bool):
        raise ValueError(f"a percentage is a number in (0, 100], not {value!r}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"a percentage is a number in (0, 100], not {value!r}") from None
    if not number.is_finite() or not 0 < number <= 100:
        raise ValueError(f"a percentage must lie in (0, 100], not {value}")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


Percent = Annotated[str, BeforeValidator(normalise_percent)]
