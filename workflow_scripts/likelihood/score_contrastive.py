"""Does a system prefer the right translation to a wrong one?

By direction and phenomenon, the JSON has the share of items whose right reading has a higher log-likelihood
than every wrong one (of the whole sentence, as in Sennrich 2017; a tie counts as wrong), with Wilson's 95 %
interval and the share that chance would get. The ``.npz`` has ``{direction}/id`` and ``{direction}/margin``
float64 [items], in nats: the right reading's log-likelihood less that of the best wrong one.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.archive import write_archive
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.likelihood.contrastive_set import Item, read_contrastive
from workflow_scripts.likelihood.likelihood_scorer import LikelihoodScorer
from workflow_scripts.likelihood.score_likelihood import add_system_arguments, job_of, open_scorer

MARGINS_FORMAT = "margins-1"
CONFIDENCE = 0.95
ALL = "all"  # directions


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Return Wilson's interval of the share ``right / n``, n >= 1. The environment here lacks scipy."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Where all or none are right, the formula's end is 1 or 0 but for rounding.
    return (0.0 if right == 0 else middle - half), (1.0 if right == n else middle + half)


def accuracy(items: Sequence[Item], margins: NDArray[np.float64]) -> dict[str, Any]:
    """Return what the JSON says of some items, at least one; ``margins`` [items] in nats."""
    right = int((margins > 0).sum())
    low, high = wilson_interval(right, len(items))
    return {
        "n": len(items),
        "right": right,
        "ties": int((margins == 0).sum()),
        "accuracy": right / len(items),
        "low": low,
        "high": high,
        "chance": sum(1 / (1 + len(item.wrong)) for item in items) / len(items),
    }


def by_phenomenon(items: Sequence[Item], margins: NDArray[np.float64]) -> dict[str, Any]:
    """Return the accuracy of all items and of each phenomenon, in the order of their first items."""
    phenomena = dict.fromkeys(item.phenomenon for item in items)
    chosen = {name: [n for n, item in enumerate(items) if item.phenomenon == name] for name in phenomena}
    return {
        **accuracy(items, margins),
        "phenomena": {name: accuracy([items[n] for n in of], margins[of]) for name, of in chosen.items()},
    }


def margins_of(
    scorer: LikelihoodScorer, direction: str, items: Sequence[Item], batch_tokens: int, path: Path
) -> NDArray[np.float64]:
    """Return each item's margin, float64 [items], in nats; UserError for a reading that is too long."""
    pairs = [(item.source, reading) for item in items for reading in (item.correct, *item.wrong)]
    scored = scorer.score(direction, pairs, batch_tokens).log_likelihood
    margins = np.empty(len(items))
    start = 0
    for number, item in enumerate(items):
        end = start + 1 + len(item.wrong)
        right, *wrong = scored[start:end]
        if np.isnan(scored[start:end]).any():
            raise UserError(
                f"{path}, line {item.line}: a reading of id {item.id!r} is longer than the model's"
                f" {scorer.longest} subwords; shorten it"
            )
        margins[number] = right - max(wrong)
        start = end
    return margins


def main(argv: list[str] | None = None) -> None:
    """Run the stage; UserError for a set or a system that does not fit, before anything is computed."""
    parser = argparse.ArgumentParser(prog="contrastive", description=__doc__.partition("\n")[0])
    add_system_arguments(parser)
    parser.add_argument("--set", type=Path, required=True, help="TSV file of the set")
    parser.add_argument("--name", help="of the set, for the JSON")
    parser.add_argument("--skipped", nargs="+", default=[], help="directions that this system lacks")
    arguments = parser.parse_args(argv)

    items = read_contrastive(arguments.set, [*arguments.directions, *arguments.skipped])
    items = [item for item in items if item.direction not in arguments.skipped]
    there = {item.direction for item in items}
    arguments.directions = [name for name in arguments.directions if name in there]
    system, scorer = open_scorer(arguments)
    results: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    every, margins = [], []
    for name in arguments.directions:
        own = [item for item in items if item.direction == name]
        found = margins_of(scorer, name, own, arguments.batch_tokens, arguments.set)
        results[name] = by_phenomenon(own, found)
        arrays[f"{name}/id"] = np.array([item.id for item in own])
        arrays[f"{name}/margin"] = found
        every += own
        margins.append(found)
        shown = ", ".join(f"{key} {one['accuracy']:.1%}" for key, one in results[name]["phenomena"].items())
        print(
            f"{system.system} s{system.seed} {name}: {shown} ({len(own)} items)", file=sys.stderr, flush=True
        )
    facts = {**job_of(arguments, system), "set": arguments.name}
    write_archive(arguments.out.with_suffix(".npz"), arrays, {"format": MARGINS_FORMAT, **facts})
    write_json(
        arguments.out,
        {
            **facts,
            "set_sha256": sha256_of(arguments.set),
            "weights_sha256": system.weights_sha256,
            # Of a system without any of the directions that the set has.
            ALL: by_phenomenon(every, np.concatenate(margins)) if every else None,
            "directions": results,
        },
    )


if __name__ == "__main__":
    run_main(main)
