"""Text of the user's own: line-aligned files by pattern, of one source or several, of all pairs or some."""

from collections.abc import Sequence
from itertools import product
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, PositiveFloat, PositiveInt, Tag, field_validator, model_validator

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.language_codes import spellings
from workflow_scripts.config.base import NO_BRACES, DirectionId, Language, Section, SubsetName

TRAIN, VALID = "train", "valid"
#: pydantic's names of a union's members in the place of a mistake.
UNION_TAGS = ONE, SEVERAL = "(one)", "(several)"


class Lines(Section):
    """Lines of a multi-parallel file: the same for every language, so that no sentence is in two subsets."""

    start: int = Field(0, ge=0, description="First line, counted from 0.")
    stop: PositiveInt = Field(description="Number of the line after the last one, counted from 0.")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.stop <= self.start:
            raise ValueError(f"stop {self.stop} is not after start {self.start}")
        return self


def _overlap(one: Lines | None, other: Lines | None) -> bool:
    """Tell whether two ranges of a file share a line; None is the whole file."""
    if one is None or other is None:
        return True
    return one.start < other.stop and other.start < one.stop


class FilePattern(Section):
    """Line-aligned text files by pattern."""

    path: str = Field(
        description="Path with {lang}, and {pair}, {source} or {target} where each pair has files of its own."
    )
    lines: Lines | None = Field(None, description="Only these lines (splits a multi-parallel file).")

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, data: Any) -> Any:
        return {"path": data} if isinstance(data, str) else data

    @field_validator("path")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        try:
            parts = [part for part in Formatter().parse(value) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"the pattern {value!r} cannot be read: {error}") from None
        if "{{" in value or "}}" in value:
            raise ValueError(NO_BRACES)
        if any(form or conversion for _, _, form, conversion in parts):
            raise ValueError("the pattern holds ':' or '!' in braces; write {lang} alone")
        if not value.isprintable():
            raise ValueError(f"the pattern {value!r} holds a character that no file name has")
        if value.startswith("~"):
            raise ValueError("~ is not read as your home folder here; write the whole path")
        fields = {str(name) for _, name, _, _ in parts}
        unknown = fields - {"lang", "pair", "source", "target"}
        if unknown:
            raise ValueError(f"the pattern names {sorted(unknown)}; it may name lang, pair, source, target")
        if "lang" not in fields:
            raise ValueError("the pattern must contain {lang}")
        return value

    def files(self, direction: str) -> dict[str, str]:
        """Return the path of each language of a direction's pair."""
        source, target = split_direction(direction)
        names = {"pair": pair_of(direction), "source": source, "target": target}
        return {lang: self.path.format(lang=lang, **names) for lang in (source, target)}

    def spelt(self, direction: str) -> list[dict[str, str]]:
        """Return what ``files`` does, then the paths with other spellings of the languages (``pt-BR``)."""
        source, target = split_direction(direction)
        out: list[dict[str, str]] = []
        for one, two in product(spellings(source), spellings(target)):
            pair = "-".join(sorted((one, two)))
            names = {"pair": pair, "source": one, "target": two}
            files = {
                lang: self.path.format(lang=way, **names) for lang, way in ((source, one), (target, two))
            }
            if files not in out:
                out.append(files)
        return out


class TextPart(FilePattern):
    """One source of training or validation text."""

    languages: list[Language] | None = Field(
        None, min_length=2, description="It has pairs of these only; null: every pair."
    )
    pairs: list[DirectionId] | None = Field(
        None, min_length=1, description="It has these pairs only, named by either direction."
    )

    @model_validator(mode="after")
    def _languages_or_pairs(self) -> Self:
        if self.languages is not None and self.pairs is not None:
            raise ValueError("either languages or pairs says what a source has, not both")
        return self

    def has(self, pair: str) -> bool:
        """Tell whether the source has a pair."""
        if self.pairs is not None:
            return pair in map(pair_of, self.pairs)
        return self.languages is None or set(split_direction(pair)) <= set(self.languages)


class TrainPart(TextPart):
    """One source of training text."""

    weight: PositiveFloat = Field(
        1.0,
        description="A sentence counts so many times when directions and sentences are sampled, beside those"
        " of sources with another weight.",
    )


class EvaluatedText(FilePattern):
    """A test set, of every evaluated direction or of some."""

    languages: list[Language] | None = Field(
        None, min_length=2, description="It has directions between these only; null: every one."
    )
    directions: list[DirectionId] | None = Field(None, min_length=1, description="It has these only.")

    @model_validator(mode="after")
    def _languages_or_directions(self) -> Self:
        if self.languages is not None and self.directions is not None:
            raise ValueError("either languages or directions says what a test set has, not both")
        return self

    def of(self, directions: Sequence[str]) -> list[str]:
        """Return the directions that it has, of some."""
        if self.directions is not None:
            return [direction for direction in directions if direction in self.directions]
        known = None if self.languages is None else set(self.languages)
        return [one for one in directions if known is None or set(split_direction(one)) <= known]


def _number_of(value: Any) -> str:
    return SEVERAL if isinstance(value, list) else ONE


TrainText = Annotated[
    Annotated[TrainPart, Tag(ONE)] | Annotated[list[TrainPart], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(_number_of),
]
ValidText = Annotated[
    Annotated[TextPart, Tag(ONE)] | Annotated[list[TextPart], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(_number_of),
]


class FilesSource(Section):
    """The user's own line-aligned files, plain or packed with gzip, xz or bzip2."""

    type: Literal["files"]
    train: TrainText | None = Field(
        None,
        description="Training text; of several sources, joined in this order. Left out with attach.data_bin.",
    )
    valid: ValidText | None = Field(
        None, description="Validation text, likewise: early stopping and activation counts."
    )
    tests: dict[SubsetName, EvaluatedText] = Field(min_length=1, description="Test sets by name.")

    @field_validator("tests")
    @classmethod
    def _free_names(cls, value: dict[str, EvaluatedText]) -> dict[str, EvaluatedText]:
        taken = {TRAIN, VALID} & set(value)
        if taken:
            raise ValueError(f"a test set cannot be called {sorted(taken)[0]!r}")
        return value

    @model_validator(mode="after")
    def _nothing_of_training_held_out(self) -> Self:
        held_out = [(VALID, part) for part in self.parts(VALID)] + list(self.tests.items())
        for trained, (name, part) in product(self.parts(TRAIN), held_out):
            if part.path == trained.path and _overlap(part.lines, trained.lines):
                raise ValueError(f"{TRAIN} and {name} are lines of the same files, and overlap")
        return self

    def parts(self, subset: str) -> Sequence[TextPart | EvaluatedText]:
        """Return the sources of a subset, in order."""
        if subset in self.tests:
            return [self.tests[subset]]
        text = self.train if subset == TRAIN else self.valid
        return text if isinstance(text, list) else [] if text is None else [text]

    def parts_with(self, subset: str, pair: str) -> list[TextPart | EvaluatedText]:
        """Return the sources of a subset that have a pair, in order."""
        return [part for part in self.parts(subset) if not isinstance(part, TextPart) or part.has(pair)]

    def weights(self, pairs: Sequence[str]) -> dict[str, list[float]]:
        """Return the weight of each source of each pair's training text; empty where all are equal."""
        by_pair = {
            pair: [part.weight for part in self.parts_with(TRAIN, pair) if isinstance(part, TrainPart)]
            for pair in pairs
        }
        different = {weight for weights in by_pair.values() for weight in weights}
        return by_pair if len(different) > 1 else {}

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern, of several sources the first."""
        return {subset: parts[0] for subset in (TRAIN, VALID, *self.tests) if (parts := self.parts(subset))}
