"""From the ids that a stack reads back to whole words, and where their pieces are."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, cast

from workflow_scripts.models.port import Port, TextPort
from workflow_scripts.models.port_modules import port_module
from workflow_scripts.translate.codecs import Codec, codec_of
from workflow_scripts.units.space import Stack
from workflow_scripts.units.system import SystemFolder

#: What a piece begins with that begins a word: in SentencePiece, and in byte-level BPE.
BEGINS = ("▁", "Ġ")
#: A byte of a character that the vocabulary lacks.
BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
#: Unicode's letters, marks (vowel signs of many scripts) and numbers.
OF_WORDS = "LMN"


def _joined(pieces: Sequence[str]) -> str:
    return "".join(pieces).replace(BEGINS[0], "")


class Spelling:
    """The symbols of a stack's vocabulary, and which of them begin words."""

    def __init__(
        self,
        symbols: Sequence[str],
        marks: Collection[int],
        unknown: int,
        join: Callable[[Sequence[str]], str] = _joined,
    ) -> None:
        """``symbols``: of each id. ``marks``: ids that are no text. ``unknown``: the id of text that has
        none. ``join``: makes text of pieces. Where no symbol begins a word, each is a word."""
        begins = [one.startswith(BEGINS) for one in symbols]
        self._begins = begins if any(begins) else [True] * len(symbols)
        self._symbols, self._marks, self._join = symbols, frozenset(marks), join
        self._spoilt = {number for number, one in enumerate(symbols) if BYTE.search(one)} | {unknown}
        #: Ids of a word → its text, and the places of the pieces among them that are text; None: left out.
        self._known: dict[tuple[int, ...], tuple[str, list[int]] | None] = {}

    def text(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Return the ids of a sentence without marks, such as the tag of a language."""
        return tuple(number for number in ids if number not in self._marks)

    def words(self, ids: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        """Yield each word of a sentence with the places of its pieces among ``ids``.

        Punctuation at a word's ends is cut off; pieces without a letter or number, words of nothing else,
        marks, and words with a piece that the vocabulary lacks are left out.
        """
        run: list[int] = []
        for place, number in enumerate(ids):
            if run and (number in self._marks or self._begins[number]):
                yield from self._word(ids, run)
                run = []
            if number not in self._marks:
                run.append(place)
        yield from self._word(ids, run)

    def _word(self, ids: Sequence[int], run: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        numbers = tuple(ids[place] for place in run)
        if numbers not in self._known:
            self._known[numbers] = self._spelt(numbers)
        if (found := self._known[numbers]) is not None:
            yield found[0], [run[place] for place in found[1]]

    def _spelt(self, numbers: tuple[int, ...]) -> tuple[str, list[int]] | None:
        if not self._spoilt.isdisjoint(numbers):
            return None
        pieces = [self._symbols[number] for number in numbers]
        said = [place for place, piece in enumerate(pieces) if any(map(_is_text, piece))]
        return (_without_punctuation(self._join(pieces)), said) if said else None


def _is_text(character: str) -> bool:
    return character not in BEGINS and unicodedata.category(character)[0] in OF_WORDS


def _without_punctuation(text: str) -> str:
    inside = [place for place, one in enumerate(text) if _is_text(one)]
    return text[inside[0] : inside[-1] + 1] if inside else text.strip()


def spellings(system: SystemFolder, port: Port, direction: str) -> dict[Stack, Spelling]:
    """Return the spelling of each stack's ids; ``direction``: any of the system, all have the same."""
    if system.is_language_model:
        tokenizer: Any = port_module(system, "tokenizer").load_tokenizer(system.folder)
        known = tokenizer.convert_ids_to_tokens([*range(len(tokenizer))])
        # The embedding may have more rows than the tokenizer has tokens.
        symbols = [*known, *[""] * (port.symbols - len(known))]
        alone = Spelling(
            symbols,
            port.marks,
            port.unknown,
            lambda pieces: str(tokenizer.convert_tokens_to_string([*pieces])),
        )
        return {"decoder": alone}
    codec: Codec = (
        cast(TextPort, port).codec(direction) if "text" in port.abilities else codec_of(system, direction)
    )
    both = codec.sequences.symbols
    return {
        "encoder": Spelling(both.source, port.marks, port.unknown),
        "decoder": Spelling(both.target, port.marks, port.unknown),
    }
