"""How much each unit belongs to a direction's languages, by the entropy of its activity over all languages.

The counts of a language are summed over its directions. Encoder units are compared over source languages and
decoder units over target languages; a direction's score is its source's in the encoder and its target's in
the decoder.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.lape import FORMS, LAMBDA, LAPE_LAMBDA, rates, scores
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.space import STACKS

SIDES = ("source", "target")


def positions(metadata: Mapping[str, Any], side: str, origin: str) -> int:
    """Return at how many positions of a side (source or target) units were counted; UserError if the file of
    counts does not say so."""
    pads = metadata.get(f"{side}_pads") if metadata.get("count_pads") else 0
    real = metadata.get(f"{side}_positions")
    if not (isinstance(real, int) and isinstance(pads, int)):
        raise UserError(
            f"{origin}: does not say at how many {side} positions units were counted; count again"
        )
    return real + pads


def lape_tables(counts: Mapping[str, ScoreTable], form: str) -> dict[str, ScoreTable]:
    """Return a table of one row for each direction of ``counts``, tables of one row of one model.

    UserError: fewer than two source or target languages, or a language without text.
    """
    first = next(iter(counts.values()))
    space, of_all = first.space, hashlib.sha256()
    for table in counts.values():
        of_all.update(str(table.metadata.get("data_sha256")).encode())
    values = np.zeros((len(counts), space.size))
    belong = np.zeros((len(counts), space.size), dtype=np.bool_)
    for number, (stack, side) in enumerate(zip(STACKS, SIDES, strict=True)):
        ids = space.ids_of(space.part(stacks=[stack]))
        by_language: dict[str, tuple[NDArray[np.int64], int]] = {}
        of_direction = [split_direction(direction)[number] for direction in counts]
        for language, table in zip(of_direction, counts.values(), strict=True):
            active, seen = by_language.get(language, (np.zeros(len(ids), dtype=np.int64), 0))
            here = positions(table.metadata, side, table.origin)
            by_language[language] = active + table.values[0, ids], seen + here
        found, member = scores(rates(by_language, side), form)
        columns = [list(by_language).index(language) for language in of_direction]
        values[:, ids], belong[:, ids] = found[:, columns].T, member[:, columns].T
    facts = {
        "counting": f"{form}: λ {LAMBDA}" if form == LAPE_LAMBDA else f"{form}: entropy over languages",
        "weights_sha256": first.metadata.get("weights_sha256"),
        "data_sha256": of_all.hexdigest(),
    }
    return {
        direction: ScoreTable(
            [direction], values[[row]], space, {**facts, "units_of_its_languages": int(belong[row].sum())}
        )
        for row, direction in enumerate(counts)
    }


def read_counts(root: Path, directions: Sequence[str]) -> dict[str, ScoreTable]:
    """Return the counts of every direction, ``{root}/{direction}.npz``; UserError as ``read_scores``."""
    read_scores(root, directions)
    return {direction: ScoreTable.read(root / f"{direction}.npz") for direction in directions}


def main(argv: list[str] | None = None) -> None:
    """Write the score of every direction."""
    parser = argparse.ArgumentParser(
        description="Score units by the entropy of their activity over languages."
    )
    parser.add_argument("--activations-root", type=Path, required=True, help="folder of {direction}.npz")
    parser.add_argument("--directions", nargs="+", required=True, help="all that are compared")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--out-root", type=Path, required=True)
    arguments = parser.parse_args(argv)
    counts = read_counts(arguments.activations_root, arguments.directions)
    for direction, table in lape_tables(counts, arguments.form).items():
        table.write(arguments.out_root / f"{direction}.npz")
        belong, units = table.metadata["units_of_its_languages"], table.space.size
        print(f"{direction}: {belong} of {units} units belong to its languages", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
