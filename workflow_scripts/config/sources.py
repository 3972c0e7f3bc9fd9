"""Public corpora: one model each, which can name the files of a subset and pair."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from workflow_scripts.config.base import DIRECTIONS_ONCE, DirectionId, Place, Section, SubsetName
from workflow_scripts.config.file_source import TRAIN, VALID, FilePattern, Lines


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://", "file:///")) or not value.isprintable():
        raise ValueError(f"{value!r} is not a URL: it must begin with https://, http:// or file:///")
    return value


Home = Annotated[str, AfterValidator(_url)]


class Multi30kSource(Section):
    """Multi30k, task 1: image captions in English, German, French and Czech."""

    type: Literal["multi30k"]
    folder: Place | None = Field(None, description="Folder that holds the files; null: download them.")
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
    folder: Place | None = Field(None, description="Folder with {lang}.txt.gz; null: download them.")
    home: Home = Field(
        "https://raw.githubusercontent.com/MicrosoftTranslator/NTREX/main/NTREX-128",
        description="URL to download them from: their home, or a mirror of it.",
    )
    train: Lines = Field(Lines(start=0, stop=1397), description="Lines for training.")
    valid: Lines = Field(Lines(start=1397, stop=1697), description="Lines for validation.")
    test: Lines = Field(Lines(start=1697, stop=1997), description="Lines for testing.")

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
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
