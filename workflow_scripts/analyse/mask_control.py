"""Do masks belong to their directions? Likelihoods of references under own, other and random masks.

Measured before any further training. Own masks must beat random ones of the same size and, where the source
is shared, the masks of other target languages; if not, masks went to the wrong directions or did not act.
"""

import argparse
import logging
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.analyse.losses import losses_per_token, texts_of
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.analyse.stage_options import add_sample, add_text
from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.mask_sets import random_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

# In a small model one random mask may be far from their mean.
RANDOM_MASKS = 5
FULL = "full"

logger = logging.getLogger(__name__)


def neighbours(
    direction: str, directions: Sequence[str], languages_of: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """Return the other directions that share a side with this one: name -> ``source`` or ``target``."""
    source, target = languages_of[direction]
    shared: dict[str, str] = {}
    for other in directions:
        if other != direction and languages_of[other][0] == source:
            shared[other] = "source"
        elif other != direction and languages_of[other][1] == target:
            shared[other] = "target"
    return shared


def verdict(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Judge the control, by direction: ``own_below_random`` (the mean of the random masks) and, where sources
    are shared, ``own_below_other_targets``; ``passed`` is whether all hold."""
    below_random = {name: entry["own"] < entry["random_mean"] for name, entry in results.items()}
    below_others = {}
    for name, entry in results.items():
        others = [other["nll"] for other in entry["others"].values() if other["shares"] == "source"]
        if others:
            below_others[name] = entry["own"] < min(others)
    return {
        "passed": all(below_random.values()) and all(below_others.values()),
        "own_below_random": below_random,
        "own_below_other_targets": below_others,
    }


def mask_control(
    port: Port,
    masks: MaskTable,
    batches_of: Mapping[str, Batches],
    languages_of: Mapping[str, tuple[str, str]],
    seed: int,
) -> dict[str, Any]:
    """Measure every direction of ``batches_of`` under all its masks; returns the JSON's ``directions``.
    ``languages_of``: direction -> (source, target). ``seed``: of the random masks."""
    directions = list(batches_of)
    drawn = [random_masks(masks, directions, RANDOM_MASKS * seed + n) for n in range(RANDOM_MASKS)]
    names = [*masks.rows, *(f"random {n} {name}" for n in range(RANDOM_MASKS) for name in directions)]
    keep = np.concatenate([masks.keep, *(table.keep for table in drawn)])
    every = port.intervene(MaskTable(names, keep, masks.space, masks.manifest))
    results: dict[str, Any] = {}
    pace = Pace(len(batches_of))
    for direction, batches in batches_of.items():
        others = neighbours(direction, directions, languages_of)
        random = [f"random {n} {direction}" for n in range(RANDOM_MASKS)]
        (full, own, *rest), tokens = losses_per_token(
            port, every, batches, [None, direction, *others, *random]
        )
        results[direction] = {
            "sentences": sum(len(lines) for lines in batches.lines),
            "skipped_sentences": batches.skipped,
            "tokens": tokens,
            FULL: full,
            "own": own,
            "others": {
                name: {"nll": nll, "shares": side}
                for (name, side), nll in zip(others.items(), rest[: len(others)], strict=True)
            },
            "random": rest[len(others) :],
            "random_mean": statistics.fmean(rest[len(others) :]),
            "random_sd": statistics.stdev(rest[len(others) :]),
        }
        logger.info(f"{direction}: {describe(results[direction])} | {pace.step()}")
    return results


def describe(entry: Mapping[str, Any]) -> str:
    """Return one direction's figures as a line."""
    others = [other["nll"] for other in entry["others"].values()]
    span = f", others {min(others):.2f}-{max(others):.2f}" if others else ""
    return f"full {entry[FULL]:.2f}, own {entry['own']:.2f}{span}, random {entry['random_mean']:.2f}"


def main(argv: list[str] | None = None) -> None:
    """Run the control and write its JSON."""
    parser = argparse.ArgumentParser(description="Likelihoods under own, other and random masks.")
    parser.add_argument("--system", type=Path, required=True, help="system folder the masks were made from")
    parser.add_argument("--masks", type=Path, required=True)
    add_text(parser)
    add_sample(parser)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    at_least("max-sentences", arguments.max_sentences, 1)

    system = SystemFolder.read(arguments.system)
    masks = MaskTable.read(arguments.masks)
    system.check_model(masks)
    port = load(system)
    for direction in arguments.directions:
        system.check_whole(direction)
        masks.row(direction)  # refuses a direction without a mask before anything runs
    batches_of = texts_of(
        port, arguments.data_bin, arguments.subset, arguments.directions, arguments.max_sentences
    )
    languages_of = {name: direction_languages(name, system.languages) for name in arguments.directions}
    results = mask_control(port, masks, batches_of, languages_of, arguments.seed)
    control = verdict(results)
    write_json(
        arguments.out,
        {
            "format": "neuronspec-mask-control-1",
            "system": system.system,
            "subset": arguments.subset,
            "seed": arguments.seed,
            "masks": {name: masks.manifest[name] for name in ("rule", "k", "counting", "weights_sha256")},
            "control": control,
            "directions": results,
        },
    )
    outcome = "passed" if control["passed"] else "NOT passed, see 'control' in the output"
    logger.info(f"positive control: {outcome}")


if __name__ == "__main__":
    run_main(main)
