"""Lines of text as the ids of a system: by its subwords and dictionary, or by the tokenizer of its model."""

from collections.abc import Sequence
from typing import cast

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.models.port import Port, TextIds, TextPort
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary


class SubwordIds:
    """Text processed as in decoding, in the pieces of the system's SentencePiece model."""

    tagged = True

    def __init__(self, system: SystemFolder) -> None:
        """Read a system's vocabulary; UserError where it does not fit."""
        try:
            options = TextOptions.from_mapping(dict(system.text))
        except UserError as error:
            raise UserError(f"{system.folder / DESCRIPTION}: {error}; export the system again") from None
        subwords = load_subwords(system.subwords)
        self._text = {code: TextProcessor(code, options, subwords) for code in system.languages}
        self._vocabulary = Vocabulary.read(system.dictionary, system.languages)
        self.longest = int(system.architecture["max_positions"])

    def source_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``TextIds``."""
        return self._ids(split_direction(direction)[0], lines)

    def target_text(self, direction: str, lines: Sequence[str]) -> Sequence[Sequence[int]]:
        """See ``TextIds``."""
        return self._ids(split_direction(direction)[1], lines)

    def _ids(self, language: str, lines: Sequence[str]) -> list[list[int]]:
        processor = self._text[language]
        return [self._vocabulary.encode(processor.encode(line)) for line in lines]


def text_ids(system: SystemFolder, port: Port) -> TextIds:
    """Return what reads the text of a system, which the port has loaded."""
    return cast(TextPort, port) if "text" in port.abilities else SubwordIds(system)
