"""Where the text comes from: one model per source, each of which can name the files of a subset and pair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, field_validator, model_validator

from workflow_scripts.config.base import DIRECTIONS_ONCE, DirectionId, Section, SubsetName
from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.language_codes import spellings

TRAIN, VALID = "train", "valid"


class Lines(Section):
    """Lines of a multi-parallel file: the same for every language, so that no sentence is in two subsets."""

    start: int = Field(0, ge=0, description="First line, counted from 0.")
    stop: PositiveInt = Field(description="The line after the last.")

    @model_validator(mode="after")
    def _not_empty(self) -> Lines:
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


class FilesSource(Section):
    """The user's own line-aligned files, plain or packed with gzip, xz or bzip2."""

    type: Literal["files"]
    train: FilePattern = Field(description="Training text.")
    valid: FilePattern = Field(description="Validation text: early stopping and activation counts.")
    tests: dict[SubsetName, FilePattern] = Field(min_length=1, description="Test sets by name.")

    @field_validator("tests")
    @classmethod
    def _free_names(cls, value: dict[str, FilePattern]) -> dict[str, FilePattern]:
        taken = {TRAIN, VALID} & set(value)
        if taken:
            raise ValueError(f"a test set cannot be called {sorted(taken)[0]!r}")
        return value

    @model_validator(mode="after")
    def _nothing_of_training_held_out(self) -> FilesSource:
        for name, held_out in {VALID: self.valid, **self.tests}.items():
            if held_out.path == self.train.path and _overlap(held_out.lines, self.train.lines):
                raise ValueError(f"{TRAIN} and {name} are lines of the same files, and overlap")
        return self

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern."""
        return {TRAIN: self.train, VALID: self.valid, **self.tests}


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://", "file:///")) or not value.isprintable():
        raise ValueError(f"{value!r} is no URL: it must begin with https://, http:// or file:///")
    return value


Home = Annotated[str, AfterValidator(_url)]


class Multi30kSource(Section):
    """Multi30k, task 1: image captions in English, German, French and Czech."""

    type: Literal["multi30k"]
    folder: str | None = Field(None, description="Folder that holds the files; null: download them.")
    home: Home = Field(
        "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw",
        description="URL to download them from: their home, or a mirror of it.",
    )
    tests: list[Literal["test_2016_flickr"]] = Field(
        ["test_2016_flickr"], min_length=1, description="Test sets to use."
    )

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern."""
        root = self.folder or f"{data_root}/download/multi30k"
        names: dict[str, str] = {TRAIN: "train", VALID: "val"}
        names.update({test: test for test in self.tests})
        return {subset: FilePattern(path=f"{root}/{name}.{{lang}}.gz") for subset, name in names.items()}

    def downloads(self, data_root: str, languages: Sequence[str]) -> list[str]:
        """Return the files that have to be downloaded."""
        if self.folder is not None:
            return []
        return [p.path.format(lang=lang) for p in self.patterns(data_root).values() for lang in languages]


class NtrexSource(Section):
    """NTREX-128: 1,997 multi-parallel news sentences, split by line number."""

    type: Literal["ntrex"]
    folder: str | None = Field(None, description="Folder with {lang}.txt.gz; null: download them.")
    home: Home = Field(
        "https://raw.githubusercontent.com/MicrosoftTranslator/NTREX/main/NTREX-128",
        description="URL to download them from: their home, or a mirror of it.",
    )
    train: Lines = Field(Lines(start=0, stop=1397), description="Lines for training.")
    valid: Lines = Field(Lines(start=1397, stop=1697), description="Lines for validation.")
    test: Lines = Field(Lines(start=1697, stop=1997), description="Lines for testing.")

    @model_validator(mode="after")
    def _disjoint(self) -> NtrexSource:
        ranges = sorted(
            [(self.train, TRAIN), (self.valid, VALID), (self.test, "test")], key=lambda r: r[0].start
        )
        for (one, name), (other, other_name) in pairwise(ranges):
            if other.start < one.stop:
                raise ValueError(f"the lines of {name} and {other_name} overlap")
        if ranges[-1][0].stop > 1997:
            raise ValueError(f"NTREX has 1,997 lines; {ranges[-1][1]} asks for line {ranges[-1][0].stop}")
        return self

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern."""
        path = (self.folder or f"{data_root}/download/ntrex") + "/{lang}.txt.gz"
        subsets = {TRAIN: self.train, VALID: self.valid, "test": self.test}
        return {subset: FilePattern(path=path, lines=lines) for subset, lines in subsets.items()}

    def downloads(self, data_root: str, languages: Sequence[str]) -> list[str]:
        """Return the files that have to be downloaded."""
        if self.folder is not None:
            return []
        return [self.patterns(data_root)[TRAIN].path.format(lang=lang) for lang in languages]


# The pair becomes part of a file's name.
Datasets = Annotated[dict[DirectionId, Annotated[list[str], Field(min_length=1)]], DIRECTIONS_ONCE]


class MtdataSource(Section):
    """Public corpora by their mtdata ids."""

    type: Literal["mtdata"]
    train: Datasets = Field(description="Pair to dataset ids, joined in this order.")
    valid: Datasets = Field(description="Pair to dataset ids.")
    tests: dict[SubsetName, Datasets] = Field(min_length=1, description="Test sets by name.")

    def datasets(self) -> dict[str, dict[str, list[str]]]:
        """Return subset to pair to dataset ids."""
        return {TRAIN: self.train, VALID: self.valid, **self.tests}

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern."""
        return {
            subset: FilePattern(path=f"{data_root}/download/mtdata/{subset}.{{pair}}.{{lang}}")
            for subset in self.datasets()
        }

    def downloads(self, data_root: str, languages: Sequence[str]) -> list[str]:
        """Return the files that have to be downloaded."""
        return [
            f"{data_root}/download/mtdata/{subset}.{pair}.{lang}"
            for subset, pairs in self.datasets().items()
            for pair in pairs
            for lang in pair.split("-")
        ]
