"""One direction of one system, ready to translate raw text: what ``decode`` and ``translate`` share.

Imports are late: arguments are checked first, and only the fairseq engine loads torch and fairseq.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.translate.decoding_options import (
    DecodingOptions,
    add_decoding_arguments,
    decoding_options,
)
from workflow_scripts.translate.pipeline import Engine, Progress, translate_lines
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import DESCRIPTION, SystemFolder


def load_engine(name: str, system: SystemFolder, direction: str, options: DecodingOptions) -> Engine:
    """Return the engine ``name`` with one direction of ``system`` loaded; UserError if it cannot be had."""
    if name == "fairseq":
        try:
            from workflow_scripts.translate.fairseq_engine import FairseqEngine
        except ModuleNotFoundError as error:
            raise UserError(
                f"--engine fairseq needs the fairseq environment: module {error.name!r} is missing here; "
                "use --engine ctranslate2 or run it there"
            ) from None
        return FairseqEngine(system, direction, options)
    from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine

    return CTranslate2Engine(system, direction, options)


class Session:
    """Text processing of both languages and a loaded engine."""

    def __init__(
        self,
        folder: Path,
        direction: str,
        engine: str | Engine,
        options: DecodingOptions,
        masks: Path | None = None,
    ) -> None:
        """Load everything one direction needs; UserError for an unknown direction or an unfit system.
        ``engine``: its name, or the direction's own, loaded already."""
        system = SystemFolder.read(folder).with_masks(masks)
        system.mask_row(direction)  # an unknown direction is refused before anything is loaded
        source, target = direction_languages(direction, system.languages)
        try:
            self._max_positions = Architecture.from_dict(system.architecture).max_positions
            options_of_text = TextOptions.from_mapping(dict(system.text))
        except UserError as error:
            raise UserError(f"{system.folder / DESCRIPTION}: {error}; export the system again") from None
        self._encoder = TextProcessor(source, options_of_text, load_subwords(system.subwords))
        self._decoder = TextProcessor(target, options_of_text)
        self._engine: Engine = (
            load_engine(engine, system, direction, options) if isinstance(engine, str) else engine
        )

    def translate(self, lines: Iterable[str], progress: Progress, **block: int) -> Iterator[str]:
        """Yield one translation per line, in order; see ``translate_lines``."""
        yield from translate_lines(
            lines, self._encoder, self._decoder, self._engine, self._max_positions, progress, **block
        )
        progress.finish(self._max_positions)


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ``open_session`` reads."""
    parser.add_argument("--system", type=Path, required=True, help="folder of a system (holds system.json)")
    parser.add_argument("--direction", required=True, help="source-target, such as de-en")
    # Zero or one, so that a rule may leave the file out and keep the option.
    parser.add_argument(
        "--masks",
        type=Path,
        nargs="?",
        help="mask rows of directions that a masked system was not trained in",
    )
    add_decoding_arguments(parser)


def open_session(arguments: argparse.Namespace) -> Session:
    """Return the session that the arguments describe."""
    options = decoding_options(arguments)
    return Session(arguments.system, arguments.direction, arguments.engine, options, arguments.masks)
