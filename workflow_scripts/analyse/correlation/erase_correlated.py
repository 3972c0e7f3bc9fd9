"""Do units that other models have too carry more? The loss without them (erasure, Bau et al., 2019).

The units of highest and of lowest score of each layer are removed, and as many random ones, several times.
"""

import argparse
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.analyse.losses import losses_per_token, texts_of
from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS, RANDOM, Draws, draw_names, random_units
from workflow_scripts.analyse.stage_options import (
    add_sample,
    add_tables,
    add_text,
    is_object_of_texts,
    write_tables,
)
from workflow_scripts.common.checked_options import at_least, json_object, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.system import SystemFolder

TOP, BOTTOM = "top", "bottom"
ENDS = (TOP, BOTTOM)
CSV_COLUMNS = (
    *("form", "end", "size", "units", "mean", "sd", "n"),
    *("random_mean", "random_sd", "random_low", "random_high", "draws", "place"),
)

logger = logging.getLogger(__name__)


def removals(
    scores: Mapping[str, ScoreTable], sizes: Sequence[str], draws: int, seed: int, direction: str
) -> MaskTable:
    """Return the masks of one direction, a row for each set that is removed: ``{form} top 5%``, ``{form}
    bottom 5%``, ``random-1 5%`` … As many units of each layer are removed in all rows of a size."""
    space = next(iter(scores.values())).space
    removed: dict[str, Any] = {}
    for size in sizes:
        for form, table in scores.items():
            for end in ENDS:
                chosen = parse_selector(f"{end}:{size}").select(table.row(direction), space)
                removed[f"{form} {end} {size}"] = chosen
        for number, name in enumerate(draw_names(draws), start=1):
            removed[f"{name} {size}"] = random_units(size, space, seed, f"{size}, draw {number}")
    gates = dict.fromkeys(space.kinds, "zero")
    return MaskTable(list(removed), ~np.stack(list(removed.values())), space, {"gate": gates})


def losses(port: Port, masks: MaskTable, direction: str, batches: Batches) -> tuple[float, dict[str, float]]:
    """Return the full model's nats per token in a direction, and what each row of masks adds to them."""
    laid = port.intervene(masks)
    with port.direction(direction):
        (full, *found), _ = losses_per_token(port, laid, batches, [None, *masks.rows])
    return full, {name: loss - full for name, loss in zip(masks.rows, found, strict=True)}


def summary(
    added: Mapping[str, Mapping[str, float]], forms: Sequence[str], sizes: Sequence[str], draws: int
) -> dict[str, Any]:
    """Return form → end → size → mean, sd and n over directions, and ``random`` → size → the draws' means.

    ``added``: direction → row of masks → nats per token.
    """

    def over_directions(name: str) -> list[float]:
        return [one[name] for one in added.values()]

    found: dict[str, Any] = {form: {end: {} for end in ENDS} for form in forms}
    for form in forms:
        for end in ENDS:
            for size in sizes:
                found[form][end][size] = mean_sd(over_directions(f"{form} {end} {size}"))
    found[RANDOM] = {
        size: [float(np.mean(over_directions(f"{name} {size}"))) for name in draw_names(draws)]
        for size in sizes
    }
    return found


def csv_rows(result: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Yield a row for each form, end and size, with the range of random units beside it."""
    for form in result["scores"]:
        for end in ENDS:
            for size in result["sizes"]:
                draws, found = Draws.of(result["summary"][RANDOM][size]), result["summary"][form][end][size]
                sd = "" if found["sd"] is None else found["sd"]
                about = [draws.mean, draws.sd, draws.low, draws.high, len(draws.values)]
                figures = [found["mean"], sd, found["n"], *about, draws.place(found["mean"])]
                yield [form, end, size, result["removed"][size], *figures]


def markdown(result: Mapping[str, Any]) -> str:
    """Return the table: a row for each size, columns for the ends of each form, and random units."""
    told, forms = result["summary"], list(result["scores"])
    lines = [
        f"# Erasure: {result['system']}, seed {result['model_seed']}",
        "",
        f"Nats per token more than the full model's where units of each layer are removed, in"
        f" {len(result['texts'])} directions of {result['subset']}: those of highest and of lowest"
        f" correlation with other models, and random ones (mean ± standard deviation over"
        f" {result['draws']} draws). `*`: outside the range in which 95 % of random draws lie. Units that are"
        " constant have the lowest score, 0.",
        "",
        *heading(["removed", *(f"{form}, {end}" for form in forms for end in ENDS), RANDOM]),
    ]
    for size in result["sizes"]:
        draws = Draws.of(told[RANDOM][size])
        cells = []
        for form in forms:
            for end in ENDS:
                value = told[form][end][size]["mean"]
                cells.append(f"{value:+.3f}{'' if draws.place(value) == 'within' else ' *'}")
        lines.append(row([size, *cells, f"{draws.mean:+.3f} ± {draws.sd:.3f}"]))
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> None:
    """Remove the units and write JSON, CSV and Markdown."""
    parser = argparse.ArgumentParser(description="The loss without units of high and of low correlation.")
    example = {"max": "correlation/seeds/max/baseline/s1.npz"}
    parser.add_argument("--system", type=Path, required=True, help="system folder the scores were made from")
    parser.add_argument("--scores", required=True, help="JSON, name to file of scores")
    parser.add_argument("--sizes", nargs="+", required=True, help="units of each layer: 5%% or 12")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random sets of each size")
    add_text(parser)
    add_sample(parser)
    add_tables(parser)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("max-sentences", arguments.max_sentences, 1)
    for option in ("sizes", "directions"):
        named_once(option, getattr(arguments, option))
    files = json_object("scores", arguments.scores, example, is_object_of_texts)
    if not files:
        raise UserError("--scores: no file is named; give one such as those of correlate_units")
    system = SystemFolder.read(arguments.system)
    scores = {name: ScoreTable.read(file) for name, file in files.items()}
    for table in scores.values():
        system.check_model(table)
    port = load(system)
    added: dict[str, dict[str, float]] = {}
    texts: dict[str, Any] = {}
    batches_of = texts_of(
        port, arguments.data_bin, arguments.subset, arguments.directions, arguments.max_sentences
    )
    for direction, batches in batches_of.items():
        masks = removals(scores, arguments.sizes, arguments.draws, arguments.seed, direction)
        full, added[direction] = losses(port, masks, direction, batches)
        texts[direction] = {"full": full, "sentences": sum(map(len, batches.lines))}
        logger.info(f"{direction}: full {full:.3f}, {len(masks.rows)} sets removed")
    space = next(iter(scores.values())).space
    result: dict[str, Any] = {
        "format": "neuronspec-erasure-1",
        "system": system.system,
        "model_seed": system.seed,
        "weights_sha256": system.weights_sha256,
        "subset": arguments.subset,
        "seed": arguments.seed,
        "draws": arguments.draws,
        "sizes": arguments.sizes,
        "removed": {size: int((~masks.row(f"{RANDOM}-1 {size}")).sum()) for size in arguments.sizes},
        "of_units": space.size,
        "scores": {name: dict(table.metadata) for name, table in scores.items()},
        "texts": texts,
        "added": added,
        "summary": summary(added, list(scores), arguments.sizes, arguments.draws),
    }
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))


if __name__ == "__main__":
    run_main(main)
