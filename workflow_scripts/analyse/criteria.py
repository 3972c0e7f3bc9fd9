"""Criteria side by side: do the units that a score names carry their own direction, and others less?

On one model every score names as many FFN neurons of each layer for every direction. The same causal test
follows: the likelihood of references of the own direction and of other ones, with these neurons removed, and
with only these kept. Random neurons, drawn several times, say what any neurons would do.
"""

import argparse
import logging
import random
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.criteria_tables import (
    CSV_COLUMNS,
    REMOVED,
    TESTS,
    csv_rows,
    markdown,
    verdicts,
)
from workflow_scripts.analyse.losses import losses_per_token, texts_of
from workflow_scripts.analyse.overlap import iou_matrix
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS, draw_names
from workflow_scripts.analyse.stage_options import (
    add_sample,
    add_tables,
    add_text,
    is_object_of_texts,
    write_tables,
)
from workflow_scripts.common.checked_options import at_least, json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_sets import mask_rows, seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.select_masks import informative_masks, read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.uninformative import ACCEPTED

REMOVE = {"ffn": "zero"}
#: Two gates of the same mask: of Neuron Specialization, which leaves ReLU(bias), and removal.
SEMANTICS = {"row mask": {"ffn": "row"}, "removal": REMOVE}

logger = logging.getLogger(__name__)


def others_of(directions: Sequence[str], number: int | None, seed: int) -> dict[str, list[str]]:
    """Return on which other directions the units of each one are tested: all, or ``number`` of them.

    These are so many steps around the list of directions, drawn by ``seed`` and the same for all, so that
    each direction is tested with the units of as many others. UserError for fewer than two directions.
    """
    total = len(directions)
    if total < 2:
        raise UserError(f"--directions: {' '.join(directions)}: criteria compare a direction with others")
    steps = list(range(1, total))
    if number is not None and number < len(steps):
        steps = sorted(random.Random(seed).sample(steps, number))
    return {
        own: [directions[(place + step) % total] for step in steps] for place, own in enumerate(directions)
    }


def draw(like: MaskTable, draws: int, seed: int) -> dict[str, MaskTable]:
    """Return so many random sets of as many units of each layer as ``like``: ``random-1`` …"""
    return {
        name: mask_rows("random", like, like.rows, seed=seed_of(seed, f"draw {number}"))
        for number, name in enumerate(draw_names(draws), start=1)
    }


def effects(
    port: Port,
    sets: Mapping[str, MaskTable],
    batches_of: Mapping[str, Batches],
    others: Mapping[str, Sequence[str]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what removing and keeping units does to likelihoods, and what was run.

    ``sets``: name → units of each direction, by ``keep``. The first: set → test (``removed``, ``kept``) →
    direction of the units → direction of the text → nats per token more than the full model's. The second:
    direction → ``full`` (nats per token), ``tokens``, ``sentences``.
    """
    found: dict[str, Any] = {name: {test: {one: {} for one in others} for test in TESTS} for name in sets}
    texts: dict[str, Any] = {}
    pace = Pace(len(batches_of))
    for text, batches in batches_of.items():
        owners = [text, *(own for own, tested in others.items() if text in tested)]
        keys = [(name, test, own) for name in sets for test in TESTS for own in owners]
        keep = np.stack([sets[name].row(own) ^ (test == REMOVED) for name, test, own in keys])
        names = [" ".join(key) for key in keys]
        space = next(iter(sets.values())).space
        masks = port.intervene(MaskTable(names, keep, space, {"gate": REMOVE}))
        (full, *losses), tokens = losses_per_token(port, masks, batches, [None, *names])
        for (name, test, own), loss in zip(keys, losses, strict=True):
            found[name][test][own][text] = loss - full
        texts[text] = {"full": full, "tokens": tokens, "sentences": sum(map(len, batches.lines))}
        logger.info(f"{text}: {len(names)} sets | {pace.step()}")
    return found, texts


def summary(by_owner: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean, sd and n over directions of the effect on the own direction, on others (the mean of each
    direction's), and of own minus others (with how many are ``positive``).

    ``by_owner``: direction of the units → direction of the text → nats per token.
    """
    own = [effect[name] for name, effect in by_owner.items()]
    others = [
        statistics.fmean(value for text, value in effect.items() if text != name)
        for name, effect in by_owner.items()
    ]
    measures = {"own": own, "others": others, "difference": [a - b for a, b in zip(own, others, strict=True)]}
    found = {
        name: {"mean": statistics.fmean(values), "sd": statistics.stdev(values), "n": len(values)}
        for name, values in measures.items()
    }
    found["difference"]["positive"] = sum(value > 0 for value in measures["difference"])
    return found


def overlaps(sets: Mapping[str, MaskTable], directions: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Return IoU of every two sets, the mean over directions: group → set → one value for each set."""
    first = next(iter(sets.values()))
    found: dict[str, dict[str, list[float]]] = {}
    for key, span in first.space.slices().items():
        each = [iou_matrix(np.stack([one.row(name)[span] for one in sets.values()])) for name in directions]
        mean: NDArray[np.float64] = np.mean(each, axis=0)
        found[key] = dict(zip(sets, mean.tolist(), strict=True))
    return found


def semantics(port: Port, masks: MaskTable, batches_of: Mapping[str, Batches]) -> dict[str, dict[str, float]]:
    """Return gate of ``SEMANTICS`` → direction → nats per token under the direction's own mask."""
    return {
        name: {
            direction: losses_per_token(port, port.intervene(masks, gates), batches, [direction])[0][0]
            for direction, batches in batches_of.items()
        }
        for name, gates in SEMANTICS.items()
    }


def read_sets(
    system: SystemFolder,
    scores: Mapping[str, str],
    size: str,
    directions: Sequence[str],
    accept_uninformative: bool = False,
) -> dict[str, MaskTable]:
    """Return the units of each score, ``top:{size}`` of each layer.

    UserError: no such ``size``; scores that are missing, of another model or say nothing, unless
    these are accepted.
    """
    selector = parse_selector(f"top:{size}")
    if selector.scope != "group":
        scope = f"'@{selector.scope}'"
        raise UserError(f"--size {size}: criteria take as many units of every layer; leave out {scope}")
    found = {}
    for name, root in scores.items():
        table = read_scores(Path(root), directions)
        system.check_model(table)
        found[name] = informative_masks(table, Selection(selector.text), REMOVE, accept_uninformative)
    return found


def main(argv: list[str] | None = None) -> None:
    """Test the criteria and write JSON, CSV and Markdown."""
    parser = argparse.ArgumentParser(description="Criteria of units side by side, by the same causal test.")
    parser.add_argument("--system", type=Path, required=True, help="system folder the scores were made from")
    parser.add_argument("--scores", required=True, help="JSON, name to folder of {direction}.npz")
    parser.add_argument("--size", required=True, help="units of each layer: 5%% or 12")
    parser.add_argument("--draws", type=int, default=FEWEST_DRAWS, help="random sets")
    parser.add_argument(
        "--others", type=int, help="directions that each one's units are tested on; default all"
    )
    parser.add_argument("--masks", type=Path, help="masks whose row mask is compared with removal")
    parser.add_argument("--accept-uninformative", action="store_true", help="take scores that say nothing")
    add_text(parser)
    add_sample(parser)
    add_tables(parser)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("others", arguments.others, 1)
    at_least("max-sentences", arguments.max_sentences, 1)
    example = {"activations": "activations/baseline/s1/valid"}
    scores = json_object("scores", arguments.scores, example, is_object_of_texts)
    others = others_of(arguments.directions, arguments.others, arguments.seed)

    system = SystemFolder.read(arguments.system)
    for direction in arguments.directions:
        system.check_whole(direction)
    accept = arguments.accept_uninformative
    sets = read_sets(system, scores, arguments.size, arguments.directions, accept)
    drawn = draw(next(iter(sets.values())), arguments.draws, arguments.seed)
    port = load(system)
    batches_of = texts_of(
        port, arguments.data_bin, arguments.subset, arguments.directions, arguments.max_sentences
    )
    found, texts = effects(port, {**sets, **drawn}, batches_of, others)
    result: dict[str, Any] = {
        "format": "neuronspec-criteria-1",
        "system": system.system,
        "weights_sha256": system.weights_sha256,
        "subset": arguments.subset,
        "seed": arguments.seed,
        "size": arguments.size,
        "units": int(next(iter(sets.values())).keep[0].sum()),
        "of_units": next(iter(sets.values())).space.size,
        "criteria": list(sets),
        "draws": list(drawn),
        ACCEPTED: {name: one.manifest[ACCEPTED] for name, one in sets.items() if ACCEPTED in one.manifest},
        "others": others,
        "texts": texts,
        "effects": found,
        "summary": {name: {test: summary(found[name][test]) for test in TESTS} for name in found},
        "overlap": overlaps({**sets, **drawn}, arguments.directions),
    }
    if arguments.masks is not None:
        masks = MaskTable.read(arguments.masks)
        system.check_model(masks)
        result["semantics"] = {
            "masks": {name: masks.manifest[name] for name in ("rule", "k")},
            "nll": semantics(port, masks, batches_of),
        }
    result["verdicts"] = verdicts(result)
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for line in result["verdicts"].values():
        logger.info(line)


if __name__ == "__main__":
    run_main(main)
