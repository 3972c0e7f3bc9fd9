"""Write counts or masks of FFN neurons in the files that other programs read.

The three forms are in ``activations.foreign_units``.
"""

import argparse
from pathlib import Path

import numpy as np

from workflow_scripts.activations.foreign_units import (
    COUNTS,
    FORMS,
    LISTS,
    MASKS,
    write_counts,
    write_lists,
    write_masks,
)
from workflow_scripts.activations.import_units import DIRECTION
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable


def export_units(units: Path, form: str, out: str, width: int | None = None) -> list[Path]:
    """Write a file of counts or masks in a form and return the files. ``out``: a file of lists, or a pattern
    with ``{direction}``; ``width``: of masks, the model's. UserError for what the form cannot say."""
    if (DIRECTION in out) == (form == LISTS):
        what = (
            "lists of all rows are one file" if form == LISTS else f"{form} need a pattern with {DIRECTION}"
        )
        raise UserError(f"--out {out}: {what}")
    if (width is not None) != (form == MASKS):
        raise UserError("--width: the model's width, of --form masks and no other")
    table = ScoreTable.read(units) if form == COUNTS else MaskTable.read(units)
    if table.space.kinds != ("ffn",):
        raise UserError(
            f"{units}: has units of {', '.join(table.space.kinds)}, files of {form} have ffn alone"
        )
    if isinstance(table, MaskTable) and form == LISTS:
        write_lists(Path(out), table.keep, table.space)
        return [Path(out)]
    if gate := None if isinstance(table, ScoreTable) else table.manifest.get("gate"):
        raise UserError(f"{units}: has the gate {gate['ffn']}, files of masks can say row alone")
    paths = [Path(out.replace(DIRECTION, row)) for row in table.rows]
    for row, path in zip(table.rows, paths, strict=True):
        if width is not None:
            write_masks(path, table.row(row), table.space, width)
        elif table.row(row).dtype == np.int64:
            write_counts(path, table.row(row), table.space)
        else:
            raise UserError(f"{units}: has scores with fractions, which are no counts")
    return paths


def main(argv: list[str] | None = None) -> None:
    """Write the files that the command line asks for."""
    parser = argparse.ArgumentParser(description="Write units in the files of other programs.")
    parser.add_argument("--units", type=Path, required=True, help="file of masks, or of counts")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--width", type=int, help="of masks: the model's width, columns of fc1.weight")
    parser.add_argument("--out", required=True, help="file of lists, or pattern with {direction}")
    arguments = parser.parse_args(argv)
    for path in export_units(arguments.units, arguments.form, arguments.out, arguments.width):
        print(path)


if __name__ == "__main__":
    run_main(main)
