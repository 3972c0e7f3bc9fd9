"""The vocabulary of a system: which id each subword and language token has.

In order: ``<s> <pad> </s> <unk>``, the lines of ``dict.txt`` (fairseq's form, ``symbol count``; counts are
not used), then ``__xx__`` for each language that has no line there, as released multilingual models have.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from workflow_scripts.common.containers import file_kind
from workflow_scripts.common.errors import UserError, nearest

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
BOS, PAD, EOS, UNKNOWN = range(len(SPECIALS))
BYTE_ORDER_MARK = "\ufeff"
LONGEST_LINE = 1 << 16  # bytes; a file without lines is not read whole
FILLERS = ("madeupword", "<mask>")  # fairseq-preprocess pads released dictionaries; denoising adds a mask
TAG = re.compile(r"__\S+__|<\S+>|\[\S+\]")  # of a language, a domain, a task
SHOWN = 60  # characters of a wrong line
PIECE_AND_SCORE = re.compile(r"\S+\t-?\d+(\.\d+)?([eE][-+]?\d+)?")  # a line of SentencePiece's spm.vocab
FIRST_PIECE = b"\n\x05<unk>"  # of a SentencePiece model, within its first bytes
OVERWRITE = "#fairseq:overwrite"  # behind a count: a symbol that occurs again; its last id is its id


def language_token(language: str) -> str:
    """Return the token of a language: ``de`` gives ``__de__``."""
    return f"__{language}__"


def _entry(line: str) -> tuple[str, str, bool]:
    """Return symbol, count and whether the flag is behind them; blanks at the end do not count."""
    symbol, _, count = line.rstrip().rpartition(" ")
    if count != OVERWRITE:
        return symbol, count, False
    symbol, _, count = symbol.rpartition(" ")
    return symbol, count, True


def _instead(path: str | Path) -> str | None:
    """Return what a file is instead of a dictionary, and what to do about it; None where it may be one."""
    with Path(path).open("rb") as handle:
        first = handle.readline(LONGEST_LINE)
        head = first + handle.read(len(FIRST_PIECE) * 2)
    line = first.decode("utf-8", errors="replace").strip()
    if FIRST_PIECE in head[: len(FIRST_PIECE) * 2]:
        return "a SentencePiece model, not its dictionary; name fairseq's dict.txt"
    if line.startswith(("{", "[")) and not _whole(_entry(line)[1]):
        return "JSON, such as a tokenizer.json; name fairseq's dict.txt, of lines 'symbol count'"
    if PIECE_AND_SCORE.fullmatch(line):
        made = (
            f"awk -F'\\t' '!/^<(unk|s|\\/s|pad)>\\t/ {{print $1, 100}}' {shlex.quote(str(path))} > dict.txt"
        )
        return f"SentencePiece's vocabulary, not fairseq's dict.txt; make that of it: {made}"
    return file_kind(path)


def _whole(count: str) -> bool:
    try:
        int(count)
    except ValueError:
        return False
    return True


def _symbols(dictionary: str | Path) -> Iterator[str]:
    known = set(SPECIALS)
    with Path(dictionary).open("rb") as handle:
        for number, raw in enumerate(iter(partial(handle.readline, LONGEST_LINE), b""), start=1):
            where = f"{dictionary}, line {number}"
            try:
                line = raw.decode("utf-8")
            except UnicodeDecodeError:
                raise UserError(f"{where}: not UTF-8; is this fairseq's dict.txt?") from None
            if line.startswith(BYTE_ORDER_MARK):
                raise UserError(f"{where}: begins with a byte order mark; remove it")
            symbol, count, flagged = _entry(line)
            if not symbol or not _whole(count):
                found = line.strip()
                shown = f"{found[:SHOWN]!r}{'…' * (len(found) > SHOWN)}"
                raise UserError(f"{where}: expected 'symbol count', found {shown}")
            if flagged and symbol in known and symbol not in SPECIALS:
                raise UserError(
                    f"{where}: {OVERWRITE} gives {symbol!r} a second id, which is not supported: remove such"
                    " lines and train again with what is left"
                )
            if symbol in SPECIALS and not flagged:
                raise UserError(f"{where}: {symbol!r} occurs more than once in the vocabulary")
            known.add(symbol)
            yield symbol


class Vocabulary:
    """Symbols in id order and the way back; V symbols in all. ``subwords``: the symbols of ``dict.txt``; a
    special among them has a row that is never used. Raises UserError for another symbol that occurs twice."""

    def __init__(self, subwords: Iterable[str], languages: Sequence[str] = ()) -> None:
        self.subwords = list(subwords)
        self.languages = tuple(languages)
        listed = set(self.subwords)
        tokens = (language_token(language) for language in languages)
        # As fairseq does: a token that has an id already gets no other one.
        self.symbols = [*SPECIALS, *self.subwords, *(token for token in tokens if token not in listed)]
        self._ids: dict[str, int] = {}
        for index, symbol in enumerate(self.symbols):
            if self._ids.setdefault(symbol, index) != index and symbol not in SPECIALS:
                raise UserError(f"{symbol!r} occurs more than once in the vocabulary")

    @classmethod
    def read(cls, dictionary: str | Path, languages: Sequence[str] = ()) -> Self:
        """Read ``dict.txt``; UserError for a malformed line, a symbol that occurs twice, or an empty file.

        A special may be there again (``#fairseq:overwrite``), in a row that fairseq does not use. Of a
        subword it would give another id than in CTranslate2.
        """
        try:
            subwords = list(_symbols(dictionary))
        except UserError:
            if instead := _instead(dictionary):
                raise UserError(f"{dictionary}: {instead}") from None
            raise
        if not subwords:
            instead = _instead(dictionary) or "holds no symbol; train the subwords again"
            raise UserError(f"{dictionary}: {instead}")
        try:
            return cls(subwords, languages)
        except UserError as error:
            raise UserError(f"{dictionary}: {_instead(dictionary) or error}") from None

    def check_pieces(self, pieces: Iterable[str], name: str) -> None:
        """Refuse the dictionary (``name`` in messages) of another SentencePiece model."""
        known = set(pieces)
        missing = [symbol for symbol in self.subwords if symbol not in known]
        strange = [one for one in missing if not (one.startswith(FILLERS) or TAG.fullmatch(one))]
        if strange:
            raise UserError(
                f"{name} is not of this SentencePiece model: the model lacks {len(strange)} of its "
                f"{len(self.subwords)} pieces, such as {strange[0]!r}; name the two that were made together"
            )

    def __len__(self) -> int:
        return len(self.symbols)

    def id_of(self, symbol: str) -> int:
        """Return a symbol's id, that of ``<unk>`` where there is none."""
        return self._ids.get(symbol, UNKNOWN)

    def encode(self, pieces: Iterable[str]) -> list[int]:
        """Return the ids of the pieces, that of ``<unk>`` where one is unknown; nothing is appended."""
        return [self.id_of(piece) for piece in pieces]

    def language_id(self, language: str) -> int:
        """Return the id of a language's token; UserError for a language the vocabulary lacks."""
        if language not in self.languages:
            known = ", ".join(self.languages)
            raise UserError(f"language {language!r} is not one of {known}{nearest(language, self.languages)}")
        return self._ids[language_token(language)]
