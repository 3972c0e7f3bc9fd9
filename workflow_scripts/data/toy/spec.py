"""What a toy corpus is made from: the ``toy`` section of a config."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.language_codes import is_code

FEWEST_CONCEPTS = 40
MOST_CONCEPTS = 2000


@dataclass(frozen=True)
class Tier:
    """A resource tier: each of its languages has ``size`` training sentences with the pivot."""

    size: int
    languages: tuple[str, ...]


_FAMILIES = {"north": ("na", "no"), "south": ("sa", "so")}
_TIERS = {"high": Tier(6000, ("na", "sa")), "low": Tier(2000, ("no", "so"))}


@dataclass(frozen=True)
class ToySpec:
    """All that decides the bytes of a toy corpus. The defaults are the demo's.

    seed           every draw follows from it
    pivot          code of the language all others are paired with
    families       family name → codes of its languages, in order (order decides grammar and sound changes)
    tiers          tier name → training size and languages; each language but the pivot in exactly one
    valid_size     sentences in the multi-parallel validation set
    test_size      sentences in the multi-parallel test set
    concepts       how many concepts (nouns, verbs, adjectives, adverbs) the languages have words for
    ambiguity      percent of the candidate concepts that are homographs, merged, or have two words
    share_lexicon  languages of a family inherit one lexicon; false: each has a lexicon of its own, all else
                   equal
    """

    seed: int = 1
    pivot: str = "en"
    families: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(_FAMILIES))
    tiers: Mapping[str, Tier] = field(default_factory=lambda: dict(_TIERS))
    valid_size: int = 200
    test_size: int = 300
    concepts: int = 120
    ambiguity: int = 20
    share_lexicon: bool = True

    def __post_init__(self) -> None:
        languages = [language for members in self.families.values() for language in members]
        for code in (self.pivot, *languages):
            if not is_code(code):
                raise UserError(
                    f"toy: language code {code!r} is not two or three letters a-z, with script or region"
                )
        for code in languages:
            if languages.count(code) > 1:
                raise UserError(f"toy.families: language {code!r} is listed twice")
        if not languages:
            raise UserError("toy.families: no language is listed")
        if self.pivot in languages:
            raise UserError(f"toy.families: {self.pivot!r} is the pivot and belongs to no family")
        tiered = [language for tier in self.tiers.values() for language in tier.languages]
        for code in tiered:
            if code not in languages:
                raise UserError(f"toy.tiers: {code!r} is in no family{nearest(code, languages)}")
            if tiered.count(code) > 1:
                raise UserError(f"toy.tiers: language {code!r} is in two tiers")
        for code in languages:
            if code not in tiered:
                raise UserError(f"toy.tiers: language {code!r} is in no tier")
        sizes = {f"tiers.{name}.size": tier.size for name, tier in self.tiers.items()}
        sizes.update({"valid_size": self.valid_size, "test_size": self.test_size})
        for key, size in sizes.items():
            if size < 1:
                raise UserError(f"toy.{key}: {size} sentences; at least 1 is needed")
        if not FEWEST_CONCEPTS <= self.concepts <= MOST_CONCEPTS:
            raise UserError(f"toy.concepts: {self.concepts} is not in {FEWEST_CONCEPTS} … {MOST_CONCEPTS}")
        if not 0 <= self.ambiguity <= 100:
            raise UserError(f"toy.ambiguity: {self.ambiguity} is not a percentage (0 … 100)")

    @property
    def languages(self) -> list[str]:
        """All languages but the pivot, family by family."""
        return [language for members in self.families.values() for language in members]

    def tier_of(self, language: str) -> str:
        """Return the name of the tier ``language`` belongs to."""
        return next(name for name, tier in self.tiers.items() if language in tier.languages)

    def train_size(self, language: str) -> int:
        """Return how many training sentences ``language`` has with the pivot."""
        return self.tiers[self.tier_of(language)].size

    def pair_of(self, language: str) -> str:
        """Return the pair of ``language`` and the pivot: the two codes in alphabetical order."""
        return "-".join(sorted((language, self.pivot)))


def parse_spec(values: Any) -> ToySpec:
    """Return the spec in a decoded JSON object; keys left out take their defaults. Raises UserError at an
    unknown key, a value of another type, or languages that do not fit together."""
    if not isinstance(values, dict):
        raise UserError("toy: the spec is not a JSON object")
    known = [item.name for item in fields(ToySpec)]
    for key in values:
        if key not in known:
            raise UserError(f"toy: unknown key {key!r}{nearest(key, known)}; known: {', '.join(known)}")
    values = dict(values)
    for key in ("seed", "valid_size", "test_size", "concepts", "ambiguity"):
        if key in values and (not isinstance(values[key], int) or isinstance(values[key], bool)):
            raise UserError(f"toy.{key}: {values[key]!r} is not a whole number")
    if not isinstance(values.get("share_lexicon", True), bool):
        raise UserError(f"toy.share_lexicon: {values['share_lexicon']!r} is not true or false")
    if not isinstance(values.get("pivot", ""), str):
        raise UserError(f"toy.pivot: {values['pivot']!r} is not a language code")
    for key in ("families", "tiers"):
        if key in values and not isinstance(values[key], dict):
            raise UserError(f"toy.{key}: {values[key]!r} is not a mapping from names")
    if "families" in values:
        values["families"] = {
            name: _codes(f"toy.families.{name}", codes) for name, codes in values["families"].items()
        }
    if "tiers" in values:
        values["tiers"] = {name: _tier(f"toy.tiers.{name}", tier) for name, tier in values["tiers"].items()}
    return ToySpec(**values)


def _codes(where: str, codes: Any) -> tuple[str, ...]:
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        raise UserError(f"{where}: {codes!r} is not a list of language codes")
    return tuple(codes)


def _tier(where: str, tier: Any) -> Tier:
    if not isinstance(tier, dict) or set(tier) != {"size", "languages"}:
        raise UserError(f"{where}: needs exactly the keys size and languages")
    if not isinstance(tier["size"], int) or isinstance(tier["size"], bool):
        raise UserError(f"{where}.size: {tier['size']!r} is not a whole number")
    return Tier(tier["size"], _codes(f"{where}.languages", tier["languages"]))
