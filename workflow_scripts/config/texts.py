"""The section `texts`: more text on which units are scored, made of prepared text that is there."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints

from workflow_scripts.config.base import DISTINCT, FILE_NAME, LONGEST_NAME, MOST_DRAWS, Language, Section
from workflow_scripts.config.file_source import VALID

TextName = Annotated[str, StringConstraints(pattern=FILE_NAME, max_length=LONGEST_NAME)]
SERBIAN = "sr"
#: Changes: of the script (transliterations), of binarised text, of the order of words.
LATIN, CYRILLIC_TO_LATIN, RANDOM_TOKENS = "latin", "cyrillic_to_latin", "random_tokens"
SHUFFLED_WORDS, TRANSLITERATIONS = "shuffled_words", (LATIN, CYRILLIC_TO_LATIN)


class VariedText(Section):
    """Text made of another: the first lines of it, a sample of its lines, or each line changed."""

    of: TextName = Field(VALID, description="train, valid, a test set, or another of these texts.")
    first: PositiveInt | None = Field(None, description="The first so many sentences of each pair.")
    bootstrap: bool = Field(
        False, description="As many sentences as there are, drawn with replacement, each pair's together."
    )
    draws: PositiveInt | None = Field(
        None, le=MOST_DRAWS, description="Of bootstrap: so many texts, NAME-1, NAME-2 …; null: one, NAME."
    )
    change: Literal["latin", "cyrillic_to_latin", "shuffled_words", "random_tokens"] | None = Field(
        None,
        description="latin: romanised by uroman; cyrillic_to_latin: Serbian by cyrtranslit; shuffled_words:"
        " the words of each sentence in random order; random_tokens: each subword replaced by a random one.",
    )
    languages: Annotated[list[Language] | None, DISTINCT] = Field(
        None,
        min_length=1,
        description="Of change: whose side is changed; null: of all languages (cyrillic_to_latin: Serbian).",
    )

    def _mistakes(self) -> Iterator[str]:
        if sum(map(bool, (self.first, self.bootstrap, self.change))) != 1:
            itself = f"a mask set takes {self.of} itself by text: {self.of}"
            yield f"give one of first, bootstrap and change ({itself})"
        if self.draws is not None and not self.bootstrap:
            yield "draws: only bootstrap draws sentences"
        if self.languages is not None and self.change is None:
            yield "languages: only a change is of some languages; samples take both sides together"


def spread(texts: Mapping[str, VariedText]) -> dict[str, VariedText]:
    """Return every text by its name, one for each draw."""
    found: dict[str, VariedText] = {}
    for key, text in texts.items():
        names = [key] if text.draws is None else [f"{key}-{n}" for n in range(1, text.draws + 1)]
        found |= dict.fromkeys(names, text)
    return found


def chain(texts: Mapping[str, VariedText], name: str) -> list[str]:
    """Return a text and those that it is made of, the prepared subset last; of a circle each one once."""
    found: list[str] = []
    while name not in found:
        found.append(name)
        if name in texts:
            name = texts[name].of
    return found
