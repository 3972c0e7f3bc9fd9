"""Text as ids: the library's tokenizer without what it adds, and around it the family's tags and ``</s>``.

What a sequence begins with is put there by id. So the settings of a tokenizer (its languages, its older ways)
change nothing, and a tag that it lacks is refused instead of being unknown.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.huggingface.families import Family
from workflow_scripts.models.huggingface.tokenizer import load_tokenizer, pieces_of
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder

#: A piece that begins a word, of at least two letters: the tokenizer should know the word.
WORD = re.compile(r"▁([^\W\d_]{2,})")
#: What tags look like: of targets alone, and of both sides.
TARGET_TAG, TAG = re.compile(r">>[\w-]+<<|<2[\w-]+>"), re.compile(r"__\w+__|[a-z]{2,3}_[A-Z]\w+")
#: Pieces of words, which are no tags unless they look like one or were added to the vocabulary.
PIECE = re.compile(r"▁?\w+")
#: Of so many such words one has to be known.
WORDS = 5
TWO = "are the two of one model?"


class Text:
    """The tokenizer of a model and what its sequences begin and end with.

    ``tags``: language -> its token; None for a target that needs none, in families whose sources have the
    target's tag. ``prefixes``: direction -> text that is put before a source, for models that are told in
    words what to do.
    """

    def __init__(
        self,
        folder: Path,
        family: Family,
        config: Any,
        tags: Mapping[str, str | None],
        prefixes: Mapping[str, str],
    ) -> None:
        """Load a folder's tokenizer. UserError: it cannot be loaded, knows no word, or has other ids than the
        model; tags are missing; one is unknown, or of two languages."""
        rows = {"encoder": config.vocab_size, "decoder": config.vocab_size}
        if family.own_target:
            rows["decoder"] = config.decoder_vocab_size
        self._folder, self._family = folder, family
        self._tokenizer = load_tokenizer(folder)
        self.end, self.padding, self.start = _one(config.eos_token_id), config.pad_token_id, _start(config)
        self._prefixes, self._rows = prefixes, rows
        self._tags = self._checked(tags, rows["encoder"])
        self._check_ids(rows)
        self._check_words()

    @property
    def tagged(self) -> bool:
        """Whether a target begins with its language's tag."""
        return self._family.target_tag

    @property
    def rows(self) -> int:
        """How many rows the larger embedding has."""
        found: int = max(self._rows.values())
        return found

    @property
    def unlike_sources(self) -> bool:
        """Whether directions with one source have other ids there."""
        return unlike_sources(self._family, self._tags, self._prefixes)

    def before(self, direction: str) -> list[int]:
        """Return what begins a source: a tag, or nothing."""
        source, target = split_direction(direction)
        return self._tag(source if self._family.source_tag == "source" else target)

    def prefix(self, direction: str) -> int | None:
        """Return the tag that begins a target, if one does."""
        return self._tag(split_direction(direction)[1])[0] if self.tagged else None

    def source(self, direction: str, ids: Sequence[int]) -> NDArray[np.int32]:
        """Return a source's ids, of its text's ids."""
        return np.array([*self.before(direction), *ids, self.end], dtype=np.int32)

    def target(self, direction: str, ids: Sequence[int]) -> NDArray[np.int32]:
        """Return a target's labels, of its text's ids."""
        prefix = self.prefix(direction)
        return np.array([*([] if prefix is None else [prefix]), *ids, self.end], dtype=np.int32)

    def source_ids(self, direction: str, lines: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of sources, with all that is added."""
        return [self.source(direction, ids) for ids in self.text_ids(direction, lines)]

    def target_ids(self, direction: str, lines: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the labels of targets, with all that is added."""
        return [self.target(direction, ids) for ids in self.target_text(lines)]

    def pieces(self, words: Sequence[str]) -> list[list[int]]:
        """Return the ids of each word of a source."""
        return pieces_of(self._tokenizer, words, self._folder)

    def target_text(self, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the ids of targets, without tag and ``</s>``."""
        return self._ids(lines, self._family.own_target)

    def text_ids(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the ids of sources, of their text and the direction's text before it alone."""
        prefix = self._prefixes.get(direction, "")
        return self._ids([prefix + line for line in lines])

    def decoded(self, ids: Sequence[int]) -> str:
        """Return the text of a target's ids, which have no markers."""
        text: str = self._tokenizer.decode(list(ids))
        return text

    @property
    def unknown(self) -> int:
        """The id of what has none."""
        number: int = self._tokenizer.unk_token_id
        return number

    @cached_property
    def symbols(self) -> tuple[list[str], list[str]]:
        """A symbol for each row of the encoder's and of the decoder's embedding, each another one: the
        tokenizer's, or a number where the embedding has more rows."""
        sides = self._known, getattr(self._tokenizer, "target_encoder", self._known)
        found = []
        for symbols, rows in zip(sides, self._rows.values(), strict=True):
            of_row = {number: symbol for symbol, number in symbols.items()}
            # No symbol has a blank.
            found.append([of_row.get(row, f"<row {row}>") for row in range(rows)])
        return found[0], found[1]

    @property
    def markers(self) -> frozenset[int]:
        """The ids that are never text: the tokenizer's special tokens but the one of what is unknown, and
        tags of any language, which not all tokenizers have among these."""
        special = {self.end, self.padding, self.start, *self._tokenizer.all_special_ids} - {self.unknown}
        tags = {row for row, one in enumerate(self.symbols[1]) if self._tag_form.fullmatch(one)}
        return frozenset(special | tags | {one for one in self._tags.values() if one is not None})

    def _ids(self, lines: Sequence[str], target: bool = False) -> Sequence[Sequence[int]]:
        given = {"text_target" if target else "text": list(lines)}
        found: Sequence[Sequence[int]] = self._tokenizer(**given, add_special_tokens=False).input_ids
        return [self._without_control(ids) for ids in found]

    def _without_control(self, ids: Sequence[int]) -> Sequence[int]:
        """Return a text's ids, unknown where it is written like padding or ``</s>``: inside a sequence these
        would end it, and some models count no position there."""
        control = {self.end, self.padding, self.start}
        return ids if control.isdisjoint(ids) else [self.unknown if one in control else one for one in ids]

    def _tag(self, language: str) -> list[int]:
        if not self._tags and not self._family.target_tag:
            return []
        if language not in self._tags:
            raise UserError(
                f"{self._folder}: no tag of language {language!r}; there are {', '.join(self._tags)}"
                f"{nearest(language, self._tags)}"
            )
        number = self._tags[language]
        return [] if number is None else [number]

    def _checked(self, tags: Mapping[str, str | None], rows: int) -> dict[str, int | None]:
        """Return the ids of the tags, each known, one language's, and in the embedding."""
        if self._family.target_tag and (not tags or None in tags.values()):
            raise UserError(
                f"{self._folder}: tags are missing: {self._family.name} needs one of each language"
            )
        if not tags and (known := self._like_tags()):
            raise UserError(
                f"{self._folder}: its tokenizer has tags of target languages ({', '.join(known[:2])}, …),"
                " none is given; name them in tags, or tags={language: None} for none"
            )
        found: dict[str, int | None] = {}
        unknown = self._tokenizer.unk_token_id
        for language, tag in tags.items():
            if tag is None:
                found[language] = None
                continue
            number = self._tokenizer.convert_tokens_to_ids(tag)
            if number is None or number == unknown:
                raise UserError(
                    f"{self._folder}: tag {tag!r} of language {language!r} is unknown to its tokenizer"
                    f"{self._instead(tag)}"
                )
            is_tag = self._tag_form.fullmatch(tag) or tag in self._tokenizer.get_added_vocab()
            if PIECE.fullmatch(tag) and not is_tag:
                raise UserError(
                    f"{self._folder}: tag {tag!r} of language {language!r} is part of words"
                    f"{self._instead(tag)}"
                )
            if number in found.values():
                other = next(name for name, one in found.items() if one == number)
                raise UserError(f"{self._folder}: tag {tag!r} is that of {other!r} and of {language!r}")
            if number >= rows:
                raise UserError(
                    f"{self._folder}: tag {tag!r} has the id {number}, the embedding has {rows} rows"
                )
            found[language] = number
        return found

    @property
    def _known(self) -> dict[str, int]:
        # M2M-100's own class has its tags beside the vocabulary.
        return {**self._tokenizer.get_vocab(), **getattr(self._tokenizer, "lang_token_to_id", {})}

    @property
    def _tag_form(self) -> re.Pattern[str]:
        return TARGET_TAG if self._family.source_tag == "target" else TAG

    def _like_tags(self) -> list[str]:
        return [one for one in sorted(self._known) if self._tag_form.fullmatch(one)]

    def _instead(self, tag: str) -> str:
        known = self._like_tags()
        if near := nearest(tag, known):
            return near
        return f"; its tags are {', '.join(known[:2])}, …" if known else "; it has none"

    def _check_ids(self, rows: Mapping[str, int]) -> None:
        for name, ours in (("eos", self.end), ("pad", self.padding)):
            its = getattr(self._tokenizer, f"{name}_token_id")
            if its != ours:
                raise UserError(
                    f"{self._folder}: {name}_token_id is {ours} in config.json, {its} in its tokenizer; {TWO}"
                )
        known = self._tokenizer.get_vocab()
        # Of a Marian model whose targets have a vocabulary of their own.
        of_targets = getattr(self._tokenizer, "target_encoder", known)
        for stack, ids in (("encoder", known), ("decoder", of_targets)):
            if (largest := max(ids.values())) >= rows[stack]:
                raise UserError(
                    f"{self._folder}: its tokenizer has ids up to {largest}, the {stack}'s embedding"
                    f" {rows[stack]} rows; {TWO}"
                )

    def _check_words(self) -> None:
        """Refuse a tokenizer that did not read its model: it has placeholders, and every word is unknown."""
        pieces = sorted(self._tokenizer.get_vocab().items(), key=lambda item: item[1])
        words = [match[1] for piece, _ in pieces if (match := WORD.fullmatch(piece))][:WORDS]
        unknown = self._tokenizer.unk_token_id
        if not words or all(unknown in ids for ids in self._ids(words)):
            raise UserError(
                f"{self._folder}: its tokenizer knows no word: its class does not read the files there"
            )


def unlike_sources(family: Family, tags: Mapping[str, Any], prefixes: Mapping[str, str]) -> bool:
    """Return whether directions with one source have other ids there."""
    return bool(prefixes) or (family.source_tag == "target" and any(one is not None for one in tags.values()))


def text_of(system: SystemFolder, family: Family, config: Any) -> Text:
    """Return the text of a system; UserError as ``Text``, and for tags or prefixes that are no objects."""
    for key in ("tags", "prefixes"):
        if not isinstance(system.text.get(key, {}), dict):
            raise UserError(
                f"{system.folder / DESCRIPTION}: text.{key} is not an object; make the system again"
            )
    tags, prefixes = system.text.get("tags", {}), system.text.get("prefixes", {})
    return Text(system.folder, family, config, tags, prefixes)


def _one(number: int | Sequence[int]) -> int:
    return number if isinstance(number, int) else number[0]


def _start(config: Any) -> int:
    start: int = config.decoder_start_token_id
    return start
