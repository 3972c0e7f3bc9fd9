"""Text that a model is given: lists of lines or files, and who makes ids of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workflow_scripts.common.directions import direction_languages, split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines
from workflow_scripts.units.system import SystemFolder

if TYPE_CHECKING:
    from workflow_scripts.models.port import Port, Task

#: A text: its lines, or the path of a UTF-8 file of one sentence a line.
Lines = str | Path | Sequence[str]


def lines_of(given: Lines, what: str) -> list[str]:
    """Return the lines of a text; UserError, with ``what`` it is, for a file that is missing or not text."""
    if not isinstance(given, str | Path):
        return list(given)
    if not Path(given).is_file():
        raise UserError(f"{what}: there is no file {str(given)!r:.80}; lines themselves are given as a list")
    return read_lines(given)


def parallel(direction: str, source: Lines, target: Lines) -> tuple[list[str], list[str]]:
    """Return the lines of both sides of a direction, equally many; UserError if they are not, or none."""
    names = split_direction(direction)
    given = zip(names, (source, target), strict=True)
    sources, targets = (lines_of(text, f"{name} of {direction}") for name, text in given)
    if len(sources) != len(targets):
        raise UserError(f"{direction}: {len(sources)} lines of {names[0]}, but {len(targets)} of {names[1]}")
    if not sources:
        raise UserError(f"{direction}: there are no lines")
    return sources, targets


class Reader(Protocol):
    """What makes ids of text, with all that a model adds: a port with a tokenizer, or ``SubwordReader``."""

    def lines(self, name: str, sources: Sequence[str], targets: Sequence[str]) -> "Task":
        """Return the lines of a direction as a task of the port; UserError for one that it does not know."""


class SubwordReader:
    """The subwords and the dictionary of a system folder, for a port that has no tokenizer."""

    def __init__(self, port: "Port", system: SystemFolder) -> None:
        """UserError: a file is missing or not what it should be."""
        from workflow_scripts.common.subword_model import load_subwords
        from workflow_scripts.data.text import TextOptions, TextProcessor
        from workflow_scripts.units.vocabulary import Vocabulary

        options, subwords = TextOptions.from_mapping(dict(system.text)), load_subwords(system.subwords)
        self._text = {code: TextProcessor(code, options, subwords) for code in system.languages}
        self._vocabulary = Vocabulary.read(system.dictionary, system.languages)
        self._port, self._system = port, system

    def lines(self, name: str, sources: Sequence[str], targets: Sequence[str]) -> "Task":
        """See ``Reader``."""
        languages = direction_languages(name, self._system.languages)
        sides = [
            [self._vocabulary.encode(self._text[language].encode(line)) for line in lines]
            for language, lines in zip(languages, (sources, targets), strict=True)
        ]
        return self._port.pairs(name, languages, list(zip(*sides, strict=True)))
