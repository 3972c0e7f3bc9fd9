"""The strongest units of each language: the words that each fires on, and what happens without them.

Of the baseline, on the text on which its units were counted. ``strongest.ranking`` says how units are ranked;
nothing is trained. Beside it stands whether the counts rest on enough sentences (``strongest.halves``).
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.losses import MAX_TOKENS, texts_of
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.analyse.stage_options import add_sample, add_tables, add_text, write_tables
from workflow_scripts.analyse.strongest import halves
from workflow_scripts.analyse.strongest.ranking import (
    SCORE,
    SIDES,
    STACK_OF,
    ByLanguage,
    Strongest,
    alone,
    name_of,
    strongest,
)
from workflow_scripts.analyse.strongest.reading import Occurrences, read_direction
from workflow_scripts.analyse.strongest.removal import Sets, lines, measure, removed
from workflow_scripts.analyse.strongest.spelling import spellings
from workflow_scripts.analyse.strongest.tables import CSV_COLUMNS, csv_rows, markdown
from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.directions import ends_of
from workflow_scripts.common.errors import run_main
from workflow_scripts.models.port import Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.activity import ACTIVE, SIGN, parse_rule
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import Stack, UnitSpace
from workflow_scripts.units.system import SystemFolder

#: Words of a unit that are told, and occurrences that a word needs: of fewer, all times are soon some.
WORDS, LEAST = 8, 3

#: Language and side → the words of its text.
Words = dict[tuple[str, str], Occurrences]

logger = logging.getLogger(__name__)


def units_json(
    found: ByLanguage, words: Words, bar: float, space: UnitSpace, languages: Sequence[str]
) -> dict[str, Any]:
    """Return the JSON's ``languages``: language → side → its units with their words, the strongest first."""
    out: dict[str, Any] = {}
    for language in languages:
        out[language] = {side: [] for side in SIDES}
        for side, one in found.get(language, {}).items():
            told = words[language, side].of_units(bar, WORDS, LEAST)
            # Occurrences have the units in ascending order.
            column = {int(unit): number for number, unit in enumerate(np.sort(one.ids))}
            for number, unit in enumerate(one.ids):
                out[language][side].append(
                    {
                        "unit": name_of(int(unit), space),
                        "score": float(one.scores[number]),
                        "rate": float(one.rates[number]),
                        "rate_elsewhere": float(one.others[number]),
                        "words": told[column[int(unit)]] if told else [],
                    }
                )
    return out


def wanted_of(
    direction: str, found: ByLanguage, words: Words
) -> dict[Stack, tuple[NDArray[np.int64], Occurrences]]:
    """Return what is looked at in a direction: its source's units in the encoder, its target's in the
    decoder, and where their words go."""
    wanted: dict[Stack, tuple[NDArray[np.int64], Occurrences]] = {}
    for side, language in zip(SIDES, ends_of(direction), strict=True):
        one: Strongest | None = found.get(language, {}).get(side) if language else None
        if language and one is not None and len(one.ids):
            wanted[STACK_OF[side]] = np.sort(one.ids), words[language, side]
    return wanted


def of_directions(root: Path, directions: Sequence[str]) -> Mapping[str, ScoreTable]:
    """Return the counts of each direction by itself, which say of how many sentences they are."""
    return {name: ScoreTable.read(root / f"{name}.npz") for name in directions}


def removal(
    port: Port, found: ByLanguage, arguments: argparse.Namespace, space: UnitSpace
) -> tuple[dict[str, Any] | None, str]:
    """Return the JSON's ``removed``; or None, and why."""
    if not found:
        return None, "no two languages are compared, so that no unit is a language's"
    if not arguments.removed_sentences:
        return None, (
            "it reads the text once for each language and draw, which is much for a run that does not train"
            " the baseline; say of how many sentences of each direction (analysis.strongest.removed)"
        )
    ids = {
        language: sorted({int(unit) for one in sides.values() for unit in one.ids})
        for language, sides in found.items()
    }
    sets = Sets.of(ids, space, arguments.draws, arguments.seed)
    if not sets.languages:
        return None, "no unit is active more often in one language than in others"
    batches_of = texts_of(
        port, arguments.data_bin, arguments.subset, arguments.directions, arguments.removed_sentences
    )
    parts = measure(port, sets, arguments.directions, batches_of)
    return {"sentences": arguments.removed_sentences, **removed(sets, parts)}, ""


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description="Strongest units of languages, their words, their removal.")
    parser.add_argument("--system", type=Path, required=True, help="system folder whose units were counted")
    parser.add_argument("--activations-root", type=Path, required=True, help="folder of {direction}.npz")
    parser.add_argument("--units", type=int, required=True, help="of each language and side")
    parser.add_argument(
        "--removed-sentences", type=int, required=True, help="of a direction; 0: not measured"
    )
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random sets")
    parser.add_argument("--select", required=True, help="masks of parts of the text, such as mass:95")
    add_text(parser)
    add_sample(parser)
    add_tables(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Find the units, read their words, measure their removal; write JSON, CSV and Markdown."""
    arguments = parser_of().parse_args(argv)
    log_to_stderr()
    least = {"units": 1, "max-sentences": 1, "removed-sentences": 0, "draws": FEWEST_DRAWS}
    for name, smallest in least.items():
        at_least(name, getattr(arguments, name.replace("-", "_")), smallest)
    selection = Selection.parse(arguments.select)
    directions: list[str] = arguments.directions
    system = SystemFolder.read(arguments.system)
    counts = read_scores(arguments.activations_root, directions)
    system.check_model(counts)
    counted = of_directions(arguments.activations_root, directions)
    found = strongest(counts, arguments.units)
    not_compared = [
        f"As {side} there is {language} alone: nothing can be compared."
        for side, language in alone(directions)
    ]

    port = load(system)
    rule = parse_rule(counts.metadata.get(ACTIVE, {}).get("rule", SIGN.text), port.activation)
    spelt = spellings(system, port, directions[0])
    words: Words = {(language, side): Occurrences() for language, sides in found.items() for side in sides}
    parts: dict[str, Any] = {}
    sentences = {}
    pace = Pace(len(directions))
    for direction in directions:
        own = counted[direction]
        task = port.task(arguments.data_bin, arguments.subset, direction)
        batches = port.batches(task, MAX_TOKENS, max_lines=arguments.max_sentences)
        before = halves.lines_of_first_part(own, arguments.max_sentences)
        with port.direction(direction):
            read = read_direction(port, batches, rule, spelt, wanted_of(direction, found, words), before)
        sentences[direction] = read.sentences
        if before:
            parts[direction] = halves.overlap_of_parts(direction, own, read.first, before, selection)
        logger.info(f"{direction}: {read.sentences} sentences | {pace.step()}")

    matrix, why = removal(port, found, arguments, counts.space)
    languages = list(dict.fromkeys(one for name in directions for one in ends_of(name) if one is not None))
    cautions = [line for line in [halves.caution(parts, arguments.select)] if line]
    result: dict[str, Any] = {
        "format": "neuronspec-strongest-units-1",
        "system": system.system,
        "weights_sha256": system.weights_sha256,
        "seed": arguments.seed,
        "text": arguments.subset,
        "sentences": arguments.max_sentences,
        "sentences_read": sentences,
        "rule": rule.text,
        "score": SCORE,
        "least": LEAST,
        "not_compared": not_compared,
        "languages": units_json(found, words, rule.threshold or 0.0, counts.space, languages),
        **({"removed": matrix} if matrix else {"why_not_removed": why}),
        "halves": {"level": halves.LEVEL, "masks": selection.select, "directions": parts} if parts else None,
        "cautions": cautions,
    }
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for line in [*cautions, *(lines(matrix) if matrix else [f"removal not measured: {why}"])]:
        logger.info(line)


if __name__ == "__main__":
    run_main(main)
