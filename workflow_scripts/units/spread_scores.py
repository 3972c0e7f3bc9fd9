"""Give each direction the scores that an analysis found, so that masks are selected from them.

Scores of a property of words have a row for each label, in a file for each stack. A unit has its highest
score of any label, the same in every direction. Scores of a comparison of trainings have a row for each
direction already. Units that the analysis did not read have score 0.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.score_table import OF_PROPERTY, ScoreTable, score_of
from workflow_scripts.units.system import SystemFolder


def spread(
    tables: Sequence[ScoreTable], system: SystemFolder, directions: Sequence[str]
) -> dict[str, ScoreTable]:
    """Return a table of one row for each direction, of all units that the system has of their kinds.

    ``tables``: of one score, each of other units. UserError: tables of another model, of several scores, of
    the same units, or without a row for a direction.
    """
    first = tables[0]
    space = system.space_of(first.space.kinds)
    values = np.zeros((len(directions), space.size))
    scored = np.zeros(space.size, dtype=np.bool_)
    name = str(first.metadata["counting"])
    by_label = score_of(name) in OF_PROPERTY
    for table in tables:
        system.check_model(table)
        ids = space.ids_of(table.space)
        if table.metadata["counting"] != name or scored[ids].any():
            raise UserError(f"{table.origin}: of another score than {first.origin}, or of the same units")
        scored[ids] = True
        if by_label:
            values[:, ids] = table.values.max(axis=0)
        else:
            values[:, ids] = np.stack([table.row(direction) for direction in directions])
    texts = json.dumps([table.metadata.get("data_sha256") for table in tables])
    facts = {
        "counting": f"{name}, the highest of any label" if by_label else name,
        "weights_sha256": system.weights_sha256,
        "data_sha256": hashlib.sha256(texts.encode()).hexdigest(),
    }
    rows = zip(directions, values, strict=True)
    return {direction: ScoreTable([direction], row[None], space, facts) for direction, row in rows}


def main(argv: list[str] | None = None) -> None:
    """Write the scores of every direction."""
    parser = argparse.ArgumentParser(description="Scores that an analysis found, for each direction.")
    parser.add_argument("--scores", type=Path, nargs="+", required=True, help=".npz, each of other units")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--out-root", type=Path, required=True, help="for {direction}.npz")
    arguments = parser.parse_args(argv)
    tables = [ScoreTable.read(path) for path in arguments.scores]
    found = spread(tables, SystemFolder.read(arguments.system), arguments.directions)
    for direction, table in found.items():
        table.write(arguments.out_root / f"{direction}.npz")


if __name__ == "__main__":
    run_main(main)
