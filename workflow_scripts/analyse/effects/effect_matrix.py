"""Effect matrices: the units of one language off, the loss of another, for every pair, sentence by sentence.

Encoder units are those of source languages, decoder units those of target languages; every language has as
many of each layer. Are units that look specialised causally special? The figures that say so are in
``fragility``, beside those of random units.
"""

import argparse
import logging
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.effects.effect_tables import CSV_COLUMNS, csv_rows, markdown, verdicts
from workflow_scripts.analyse.effects.language_units import CRITERIA, MASKS, sides
from workflow_scripts.analyse.effects.material import REPLACEMENTS, ZERO, check_made_from
from workflow_scripts.analyse.effects.matrices import measure_language, of_side, units_of
from workflow_scripts.analyse.losses import texts_of
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS, draw_names
from workflow_scripts.analyse.stage_options import add_sample, add_tables, add_text, write_tables
from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.evaluate.significance.correction import DEFAULT_LEVEL
from workflow_scripts.models.port import load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.system import SystemFolder

logger = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> None:
    """Measure the matrices and write JSON, CSV and Markdown."""
    parser = argparse.ArgumentParser(description="Effects of each language's units on every language.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--activations-root", type=Path, required=True, help="folder of {direction}.npz")
    parser.add_argument("--masks", type=Path, nargs="?", help="of the criterion masks")
    parser.add_argument("--criteria", nargs="+", choices=CRITERIA, required=True)
    parser.add_argument("--sizes", nargs="+", required=True, help="units of each layer: 1%% or 12")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random sets of each language")
    parser.add_argument("--replace", choices=REPLACEMENTS, default=ZERO, help="a removed unit's value")
    parser.add_argument("--permutations", type=int, default=10_000, help="of the languages' labels")
    parser.add_argument("--pivot", help="the language that all directions have on one side")
    add_text(parser)
    add_sample(parser)
    add_tables(parser)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    for name, least in (("draws", FEWEST_DRAWS), ("max-sentences", 1), ("permutations", 1)):
        at_least(name, getattr(arguments, name.replace("-", "_")), least)
    if (MASKS in arguments.criteria) != (arguments.masks is not None):
        raise UserError("--masks: goes with the criterion masks, and this criterion with it")

    system = SystemFolder.read(arguments.system)
    compared = list(sides(arguments.directions, arguments.pivot))
    counts = read_scores(arguments.activations_root, arguments.directions)
    check_made_from(system, counts)
    masks = None
    if arguments.masks is not None:
        masks = MaskTable.read(arguments.masks)
        check_made_from(system, masks)
    how = (arguments.criteria, arguments.sizes, arguments.draws, arguments.seed)
    chosen_of = {side.name: units_of(side, counts, masks, *how) for side in compared}
    port = load(system)
    used = [name for side in compared for names in side.languages.values() for name in names]
    batches_of = texts_of(
        port, arguments.data_bin, arguments.subset, list(dict.fromkeys(used)), arguments.max_sentences
    )
    found: dict[str, Any] = {}
    pace = Pace(sum(len(side.languages) for side in compared))
    for side in compared:
        units, texts = chosen_of[side.name], []
        for language in side.languages:
            texts.append(measure_language(port, units, side, language, batches_of, arguments.replace))
            logger.info(f"{side.name}: {language} | {pace.step()}")
        found[side.name] = of_side(units, side, texts, arguments.permutations, arguments.seed)
    result: dict[str, Any] = {
        "format": "neuronspec-effect-matrix-1",
        "system": system.system,
        "weights_sha256": system.weights_sha256,
        "scores_of_weights": counts.metadata["weights_sha256"],
        "masks": None if masks is None else {name: masks.manifest[name] for name in ("rule", "k")},
        "subset": arguments.subset,
        "seed": arguments.seed,
        "replace": arguments.replace,
        "criteria": arguments.criteria,
        "draws": draw_names(arguments.draws),
        "level": DEFAULT_LEVEL,
        "sides": found,
    }
    result["verdicts"] = verdicts(result)
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for line in result["verdicts"].values():
        logger.info(line)


if __name__ == "__main__":
    run_main(main)
