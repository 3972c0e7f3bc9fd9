"""Reading CoNLL-U, the format of Universal Dependencies (Nivre et al. 2020): words and what is said of them.

Lines are split at tabs into exactly ten columns. Ranges of multiword tokens (``3-4``) give the surface of the
words inside them; empty nodes (``5.1``) and comments are left out. ``_`` means that nothing is said.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
MISSING = "_"
_RANGE = re.compile(r"([1-9][0-9]*)-([1-9][0-9]*)")
_EMPTY_NODE = re.compile(r"[0-9]+\.[1-9][0-9]*")
_WORD = re.compile(r"[1-9][0-9]*")
_SPACE_AFTER = "SpaceAfter"


@dataclass(frozen=True)
class Word:
    """A syntactic word. ``labels``: ``upos``, ``xpos``, ``lemma`` and ``deprel``, each feature and each entry
    of MISC by its name; what is missing is not there. ``line``: of the file, from 1."""

    form: str
    labels: Mapping[str, str]
    line: int


@dataclass(frozen=True)
class Token:
    """What stands in the text: one word, or a range of several. ``space_after``: a blank follows."""

    form: str
    words: tuple[Word, ...]
    space_after: bool


@dataclass(frozen=True)
class Sentence:
    """The tokens of a sentence in order. ``line``: its first one of the file, from 1."""

    tokens: tuple[Token, ...]
    line: int

    @property
    def text(self) -> str:
        """The text that its tokens spell; blanks follow where ``SpaceAfter`` does not deny them."""
        return "".join(token.form + " " * token.space_after for token in self.tokens).rstrip()


@dataclass(frozen=True)
class _Row:
    columns: list[str]
    line: int


def read_conllu(path: str | Path) -> list[Sentence]:
    """Return the sentences of a CoNLL-U file (UTF-8; ``\\n`` or CRLF ends a line).

    Raises UserError with the line: not ten columns, an id that is none or out of turn, a feature named twice,
    a range that does not fit; or no sentence at all.
    """
    found = [_sentence(path, rows) for rows in _blocks(path)]
    if not found:
        raise UserError(f"{path}: no sentence; is this CoNLL-U?")
    return found


def _blocks(path: str | Path) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            if rows:
                yield rows
            rows = []
        elif not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != len(COLUMNS):
                hint = "" if "\t" in line else "; columns are parted by tabs, not by blanks"
                raise UserError(f"{path}, line {number}: {len(columns)} columns, not ten{hint}")
            rows.append(_Row(columns, number))
    if rows:
        yield rows


def _sentence(path: str | Path, rows: list[_Row]) -> Sentence:
    tokens: list[Token] = []
    surface: Token | None = None
    inside: list[Word] = []
    last, words = 0, 0
    for row in rows:
        where, name = f"{path}, line {row.line}", row.columns[0]
        if _EMPTY_NODE.fullmatch(name):
            continue
        if not row.columns[1]:
            raise UserError(f"{where}: an empty FORM; a missing one is {MISSING!r}")
        if between := _RANGE.fullmatch(name):
            first, end = (int(one) for one in between.groups())
            if surface is not None or first != words + 1 or end < first:
                raise UserError(f"{where}: range {name} where word {words + 1} is next")
            surface, last = _token(row, ()), end
            continue
        if not _WORD.fullmatch(name):
            raise UserError(f"{where}: id {name!r}; a word's is a number, a range 3-4, an empty node 5.1")
        if int(name) != words + 1:
            hint = "; a blank line parts sentences" if name == "1" else ""
            raise UserError(f"{where}: id {name} where word {words + 1} is next{hint}")
        words += 1
        word = Word(row.columns[1], _labels(where, row.columns), row.line)
        if surface is None:
            tokens.append(_token(row, (word,)))
            continue
        inside.append(word)
        if words == last:
            tokens.append(Token(surface.form, tuple(inside), surface.space_after))
            surface, inside = None, []
    if surface is not None:
        raise UserError(f"{path}, line {rows[-1].line}: the sentence ends before word {last} of a range")
    if not tokens:
        raise UserError(f"{path}, line {rows[0].line}: a sentence without a word")
    return Sentence(tuple(tokens), rows[0].line)


def _token(row: _Row, words: tuple[Word, ...]) -> Token:
    form, misc = row.columns[1], row.columns[9]
    return Token(form, words, f"{_SPACE_AFTER}=No" not in misc.split("|"))


def _labels(where: str, columns: list[str]) -> dict[str, str]:
    values = dict(zip(COLUMNS, columns, strict=True))
    found = {name: values[name.upper()] for name in ("lemma", "upos", "xpos", "deprel")}
    for column in ("FEATS", "MISC"):
        if values[column] == MISSING:
            continue
        for entry in values[column].split("|"):
            # A value may have a "=" of its own.
            name, mark, value = entry.partition("=")
            # The format asks nothing of MISC: of what is said twice the first counts, a feature before it.
            if column == "MISC" and (not (name and mark) or name in found):
                continue
            if not (name and mark):
                raise UserError(f"{where}: {column} has {entry!r}, which is not Name=Value")
            if name in found:
                raise UserError(f"{where}: {name} is said twice")
            found[name] = value
    return {name: value for name, value in found.items() if value and value != MISSING}
