"""What every section of the config shares: frozen models that refuse unknown keys, checked small types."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from reprlib import Repr
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.language_codes import AMBIGUOUS, CODE, canonical, read_direction

# The system that all others are made from.
BASELINE = "baseline"


LARGEST = 2**31 - 1  # seeds, sizes and counts of the libraries below are of 32 bits
MOST_DRAWS = 1000  # of masks, texts and samples: each is a file, and often a training
LONGEST_NAME = 100  # characters: several of them make a file name, which file systems limit to 255 bytes
DECIMALS_OF_A_PERCENTAGE = 6
#: Snakemake fills in what is in braces.
NO_BRACES = "no folder or file can have braces in its name: rename it, or link to it"


class Section(BaseModel):
    """A config section: immutable, unknown keys are errors, every default is validated."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, data: Any) -> Any:
        # pydantic would read true as 1, and YAML 1.1 reads a bare yes or on as true. Text is refused.
        if not isinstance(data, dict):
            return data
        numbers = {name for name, field in cls.model_fields.items() if _is_number(field.annotation)}
        return {key: _boolean_as_text(value) if key in numbers else value for key, value in data.items()}

    @field_validator("*")
    @classmethod
    def _not_huge(cls, value: Any) -> Any:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and abs(one) > LARGEST:
                raise ValueError(f"{short(one)} is beyond {LARGEST}, the largest whole number a run can use")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if mistakes := list(self._mistakes()):
            raise ValueError("\n".join(mistakes))
        return self

    def _mistakes(self) -> Iterator[str]:
        """Yield a line for each mistake that keys of the section make together."""
        yield from ()


def _boolean_as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_boolean_as_text(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else value


def _is_number(annotation: Any) -> bool:
    kinds = set(_kinds(annotation))
    return bool(kinds & {int, float}) and bool not in kinds and str not in kinds


def _kinds(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _kinds(one)


def short(value: Any) -> str:
    """Return a value as a message shows it: at most about sixty characters, however large it is."""
    return _SHORT.repr(value)


_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxdict, _SHORT.maxstring, _SHORT.maxlong = 2, 4, 4, 60, 40


def _not_a_boolean(value: Any) -> Any:
    # YAML 1.1 reads a bare `no` (Norwegian) as false.
    if isinstance(value, bool):
        raise ValueError(f"YAML reads a bare {'yes' if value else 'no'} as {str(value).lower()}: quote it")
    return value


def _without_braces(value: str) -> str:
    if "{" in value or "}" in value:
        raise ValueError(NO_BRACES)
    return value


@dataclass
class Reading:
    """What validation knows of the languages, and notes of codes that were read otherwise than given."""

    languages: list[str] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)


def _read(value: Any, info: ValidationInfo, read: Callable[[str], str]) -> Any:
    """Return a code or direction as ids have it, and note what was changed."""
    if not isinstance(value, str):
        return value
    reading = read(value)
    if reading != value and isinstance(info.context, Reading):
        info.context.read_as[value] = reading
    return reading


def _as_language(value: Any, info: ValidationInfo) -> Any:
    return _read(_not_a_boolean(value), info, canonical)


def _as_direction(value: Any, info: ValidationInfo) -> Any:
    languages = info.context.languages if isinstance(info.context, Reading) else []
    try:
        return _read(value, info, lambda text: read_direction(text, languages))
    except UserError as error:
        if AMBIGUOUS in str(error):
            raise ValueError(str(error)) from None
        return value  # the pattern says what is wrong


def _listed_once(value: Any) -> Any:
    listed = value if isinstance(value, list) else []
    if repeated := sorted({one for one in listed if listed.count(one) > 1}):
        raise ValueError(f"{repeated[0]!r} is listed twice")
    return value


#: Of a list: no value stands in it twice.
DISTINCT = AfterValidator(_listed_once)


def _each_once(read: Callable[[str], str]) -> BeforeValidator:
    """Refuse two spellings of one key: the last of them would win."""

    def check(value: Any) -> Any:
        seen: dict[str, str] = {}
        for key in (key for key in value if isinstance(key, str)) if isinstance(value, dict) else ():
            if (other := seen.setdefault(_or_itself(read, key), key)) != key:
                raise ValueError(f"{other!r} and {key!r} are the same")
        return value

    return BeforeValidator(check)


def _or_itself(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except UserError:
        return text


_NAME, _SUBSET = r"^[A-Za-z0-9][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$", r"^[A-Za-z0-9][A-Za-z0-9_]*$"
_LANGUAGE_ALONE, _DIRECTION = rf"^{CODE}$", rf"^{CODE}-{CODE}$"
#: One part of a path, which is not an option.
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
#: Of a task: part of names of tensors and files.
TASK_NAME = r"^[A-Za-z0-9][A-Za-z0-9_]{0,99}$"
METRIC, ANY_METRIC = r"^[a-z][a-z0-9]*$", r"^[a-z][a-z0-9]*(\+\+)?$"
#: What a text must be to match a pattern.
PATTERNS = {
    _LANGUAGE_ALONE: "a language code is two or three small letters, with a script or a region where needed"
    " (sr_Latn, pt_BR)",
    _NAME: "a name is letters, digits and _, with single - between",
    _SUBSET: "the name of a test set is letters, digits and _",
    TASK_NAME: "the name of a task is letters, digits and _",
    FILE_NAME: "the name of a mask set is letters, digits, . _ and -",
    METRIC: "the name of a metric is small letters and digits",
    ANY_METRIC: "a metric is bleu, chrf++, chrf2, ter or the name of a COMET model",
    _DIRECTION: "two language codes around a hyphen are needed, such as de-en",
}
Language = Annotated[str, StringConstraints(pattern=_LANGUAGE_ALONE), BeforeValidator(_as_language)]
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=LONGEST_NAME)]
# Sub-sets of data are parts of file names of the form {subset}.{pair}.{lang}.
SubsetName = Annotated[str, StringConstraints(pattern=_SUBSET, max_length=LONGEST_NAME)]
DirectionId = Annotated[str, StringConstraints(pattern=_DIRECTION), BeforeValidator(_as_direction)]
#: A folder or file of the user's; text files have patterns.
Place = Annotated[str, StringConstraints(min_length=1), AfterValidator(_without_braces)]
#: Of a dictionary by language, or by direction: before its keys are read.
LANGUAGES_ONCE, DIRECTIONS_ONCE = _each_once(canonical), _each_once(read_direction)


def normalise_percent(value: Any) -> str:
    """Return a percentage in (0, 100] as its shortest decimal string: 95, "95.0" and 95.00 all give "95".

    Floats never reach a path: two spellings of one number must name one file. Raises ValueError: not a
    number, outside (0, 100], or of more than six decimals.
    """
    if isinstance(value, bool):
        raise ValueError(f"a percentage is a number in (0, 100], not {str(value).lower()}")
    try:
        number = Decimal(str(value) if isinstance(value, int | float | str) else "none")
    except (InvalidOperation, ValueError):
        raise ValueError(f"a percentage is a number in (0, 100], not {short(value)}") from None
    if not number.is_finite() or not 0 < number <= 100:
        raise ValueError(f"a percentage must be in (0, 100], not {short(value)}")
    if int(number.as_tuple().exponent) < -DECIMALS_OF_A_PERCENTAGE:
        raise ValueError(f"a percentage has at most six decimals, not {short(value)}")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


Percent = Annotated[str, BeforeValidator(normalise_percent)]
