"""One direction of one system, ready to translate raw text: what ``decode`` and ``translate`` share.

Imports are late: arguments are checked first, and only the model's own engine loads torch and
its library.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.translate.codecs import Codec, codec_of
from workflow_scripts.translate.decoding_options import (
    CTRANSLATE2,
    DecodingOptions,
    add_decoding_arguments,
    decoding_options,
)
from workflow_scripts.translate.pipeline import Engine, Progress, translate_lines
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder


def load_engine(
    name: str, system: SystemFolder, direction: str, options: DecodingOptions, codec: Codec
) -> Engine:
    """Return the engine ``name`` with one direction of ``system`` loaded; UserError if it cannot be had.
    ``codec``: the direction's."""
    if name == CTRANSLATE2:
        from workflow_scripts.translate.ctranslate2_engine import CTranslate2Engine

        return CTranslate2Engine(system, direction, options, codec)
    if name != system.port:
        raise UserError(
            f"--engine {name}: the model of {system.folder / DESCRIPTION} is not of this library; use"
            f" --engine {CTRANSLATE2} or {system.port}"
        )
    try:
        from workflow_scripts.translate.live_engine import LiveEngine
    except ModuleNotFoundError as error:
        raise UserError(
            f"--engine {name} needs the {name} environment: module {error.name!r} is missing here; "
            f"use --engine {CTRANSLATE2} or run it there"
        ) from None
    return LiveEngine(system, direction, options, codec=codec)


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
        system = SystemFolder.read(folder)
        system.mask_row(direction)  # an unknown direction is refused before anything is loaded
        system = system.with_masks(masks, direction)
        if isinstance(engine, str):
            self._codec = codec_of(system, direction)
            self._engine = load_engine(engine, system, direction, options, self._codec)
        else:
            self._codec, self._engine = engine.codec, engine

    def translate(self, lines: Iterable[str], progress: Progress, **block: int) -> Iterator[str]:
        """Yield one translation per line, in order; see ``translate_lines``."""
        positions = self._codec.sequences.positions
        yield from translate_lines(lines, self._codec, self._engine, positions, progress, **block)
        progress.finish(positions)


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
