"""Activation counts of every direction -> one mask file.

What: the rule ``select_masks``: chooses which FFN units each direction keeps.
Inputs: ``{activations_root}/{direction}.npz`` (score tables, one row each, from one model).
Outputs: one mask table with a row per direction, in the order given; its manifest says how it was made.
Source: Neuron Specialization, section 3 (``mass``); ``all`` and ``random`` are the controls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.errors import UserError, run_main
from workflow_scripts.units.mask_sets import random_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selectors import TIE_RULE, keep_all, mass, normalise_k

RULES = ("mass", "all", "random")
# Facts about the counts that must be the same in every row, or rows could not be compared.
SHARED_FACTS = ("weights_sha256", "counting")


def read_scores(root: Path, directions: Sequence[str]) -> ScoreTable:
    """Read one score file per direction into one table, rows in the order of ``directions``.

    The metadata holds the facts all files share and ``data_sha256`` by direction. Raises UserError if a file
    is missing, holds another direction, or comes from another model or way of counting than the first.
    """
    if len(set(directions)) != len(directions):
        raise UserError(f"--directions names a direction twice: {' '.join(directions)}")
    rows: list[NDArray[Any]] = []
    shared: dict[str, Any] = {}
    data: dict[str, Any] = {}
    space = None
    for direction in directions:
        path = root / f"{direction}.npz"
        if not path.is_file():
            raise UserError(f"{path}: no activations of direction {direction!r}; count them first")
        table = ScoreTable.read(path)
        if table.rows != (direction,):
            raise UserError(f"{path}: holds {', '.join(table.rows)}, not {direction}")
        facts = {name: table.metadata.get(name) for name in SHARED_FACTS}
        if space is None:
            space, shared = table.space, facts
        if table.space != space:
            raise UserError(
                f"{path}: counts another model's units than {directions[0]}.npz; count both again"
            )
        for name in SHARED_FACTS:
            if facts[name] != shared[name]:
                raise UserError(
                    f"{path}: {name} is {facts[name]!r}, in {directions[0]}.npz {shared[name]!r}; count again"
                )
        _check_defined(path, table.values[0])
        rows.append(table.values[0])
        data[direction] = table.metadata.get("data_sha256")
    if space is None:
        raise UserError("--directions is empty; name at least one direction")
    return ScoreTable(directions, np.stack(rows), space, {**shared, "data_sha256": data})


def _check_defined(path: Path, values: NDArray[Any]) -> None:
    for wrong, name in ((~np.isfinite(values), "undefined"), (values < 0, "negative")):
        if wrong.any():
            raise UserError(
                f"{path}: {int(wrong.sum())} of {values.size} counts are {name}, the first of unit"
                f" {int(wrong.argmax())}; count again"
            )


def mass_masks(scores: ScoreTable, k: str) -> MaskTable:
    """Return the masks of threshold ``k`` (percent), one row per row of ``scores``."""
    k = normalise_k(k)
    keep = np.stack([mass(row, scores.space, k) for row in scores.values])
    return MaskTable(scores.rows, keep, scores.space, {**_source(scores), "rule": "mass", "k": k})


def all_masks(scores: ScoreTable) -> MaskTable:
    """Return masks that keep every unit, for the model of ``scores``."""
    keep = np.stack([keep_all(scores.space) for _ in scores.rows])
    return MaskTable(scores.rows, keep, scores.space, {**_source(scores), "rule": "all"})


def _source(scores: ScoreTable) -> dict[str, Any]:
    return {**scores.metadata, "ties": TIE_RULE}


def main(argv: list[str] | None = None) -> None:
    """Write the masks the command line asks for."""
    parser = argparse.ArgumentParser(description="Select which units each direction keeps.")
    parser.add_argument("--activations-root", type=Path, help="folder of {direction}.npz; not for random")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--rule", choices=RULES, required=True)
    parser.add_argument("--k", help="for mass: percent of each layer's activations to keep")
    parser.add_argument("--like", type=Path, help="for random: the mask file whose sizes to copy")
    parser.add_argument("--seed", type=int, help="for random")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    needed = {"mass": ("activations_root", "k"), "all": ("activations_root",), "random": ("like", "seed")}
    for name in needed[arguments.rule]:
        if getattr(arguments, name) is None:
            raise UserError(f"--rule {arguments.rule} needs --{name.replace('_', '-')}")

    if arguments.rule == "random":
        table = random_masks(MaskTable.read(arguments.like), arguments.directions, arguments.seed)
    else:
        scores = read_scores(arguments.activations_root, arguments.directions)
        table = mass_masks(scores, arguments.k) if arguments.rule == "mass" else all_masks(scores)
    table.write(arguments.out)
    for name, row in zip(table.rows, table.keep, strict=True):
        print(f"{name}: keeps {int(row.sum())} of {row.size} units ({row.mean():.1%})", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
