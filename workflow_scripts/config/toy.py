"""The toy corpus: small invented languages in families, against one pivot."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, PositiveInt

from workflow_scripts.config.base import Language, Name, Section
from workflow_scripts.config.file_source import TRAIN, VALID, FilePattern


class Tier(Section):
    """A resource tier."""

    size: PositiveInt = Field(description="Training sentences of each of its languages.")
    languages: list[Language] = Field(min_length=1, description="Its languages.")


class ToySource(Section):
    """A generated corpus: languages of a family share words by regular sound change; grammars differ."""

    type: Literal["toy"]
    seed: int = Field(1, ge=0, description="Random seed of the whole corpus.")
    families: dict[Name, list[Language]] = Field(min_length=1, description="Family to languages.")
    tiers: dict[Name, Tier] = Field(min_length=1, description="Resource tiers; each language in one.")
    valid_size: PositiveInt = Field(200, description="Sentences of the validation set.")
    test_size: PositiveInt = Field(300, description="Sentences of the test set.")
    concepts: int = Field(120, ge=40, le=2000, description="Concepts that the languages have words for.")
    ambiguity: int = Field(20, ge=0, le=100, description="Percent of candidate concepts made ambiguous.")
    share_lexicon: bool = Field(True, description="false: no cognates, all else equal (a control).")

    def spec(self, pivot: str | None) -> dict[str, Any]:
        """Return the generator's spec."""
        return {**self.model_dump(exclude={"type"}), "pivot": pivot}

    def groupings(self) -> dict[str, dict[str, list[str]]]:
        """Return the groupings that the corpus itself has: family and tier."""
        tiers = {name: list(tier.languages) for name, tier in self.tiers.items()}
        return {"family": {name: list(langs) for name, langs in self.families.items()}, "tier": tiers}

    def patterns(self, data_root: str) -> dict[str, FilePattern]:
        """Return each subset's file pattern."""
        return {
            TRAIN: FilePattern(path=f"{data_root}/toy/train.{{pair}}.{{lang}}"),
            VALID: FilePattern(path=f"{data_root}/toy/valid.{{lang}}"),
            "test": FilePattern(path=f"{data_root}/toy/test.{{lang}}"),
        }

    def outputs(self, data_root: str, pairs: Sequence[str], languages: Sequence[str]) -> list[str]:
        """Return every text file that the generator writes."""
        train = [f"{data_root}/toy/train.{pair}.{lang}" for pair in pairs for lang in pair.split("-")]
        return train + [
            f"{data_root}/toy/{subset}.{lang}" for subset in (VALID, "test") for lang in languages
        ]
