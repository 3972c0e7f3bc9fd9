"""Write counts, masks or sets of units in the files that other programs read.

The forms are in ``activations.foreign_units``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.foreign_units import (
    COUNTS,
    FORMS,
    LISTS,
    MASKS,
    UNIT_SETS,
    WHOLE,
    write_counts,
    write_lists,
    write_masks,
)
from workflow_scripts.activations.import_units import DIRECTION
from workflow_scripts.common.errors import DamagedFileError, UserError, run_main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.unit_set_tables import mask_table_of, score_table_of, unit_sets_of
from workflow_scripts.units.unit_sets import FEATURE, SUFFIX, UnitSets, is_unit_sets, read_unit_sets


def export_units(
    units: Path,
    form: str,
    out: str,
    width: int | None = None,
    system: Path | None = None,
    controls: Sequence[Path] = (),
) -> list[Path]:
    """Write a file of counts, masks or unit sets in a form and return the files.

    ``out``: a file of lists or unit sets, or a pattern with ``{direction}``. ``width``: of masks, the
    model's. ``system``, ``controls``: of unit sets, as ``unit_sets_of``. UserError for what the form cannot
    say.
    """
    if (DIRECTION in out) == (form in WHOLE):
        whole = f"{form} of all rows are one file"
        what = whole if form in WHOLE else f"{form} need a pattern with {DIRECTION}"
        raise UserError(f"--out {out}: {what}")
    if (width is not None) != (form == MASKS):
        raise UserError("--width: the model's width, of --form masks and no other")
    for option, given in (("--system", system), ("--controls", controls)):
        if given and form != UNIT_SETS:
            raise UserError(f"{option}: goes with --form {UNIT_SETS} alone; leave it out")
    if form in WHOLE:
        if form == UNIT_SETS and not out.endswith(SUFFIX):
            raise UserError(f"--out {out}: a file of unit sets is called NAME{SUFFIX}")
        if form == UNIT_SETS:
            _unit_sets(units, system, controls).write(out)
        else:
            write_lists(Path(out), _lists(units))
        return [Path(out)]
    return _each_row(units, form, out, width)


def _unit_sets(units: Path, system: Path | None, controls: Sequence[Path]) -> UnitSets:
    """Return what a file of masks, scores or unit sets holds, as unit sets."""
    if is_unit_sets(units):
        for option, given in (("--system", system), ("--controls", controls)):
            if given:
                raise UserError(f"{option}: {units} is of unit sets, which say it themselves; leave it out")
        return read_unit_sets(units)
    table: MaskTable | ScoreTable
    try:
        table = MaskTable.read(units)
    except DamagedFileError:
        raise
    except UserError:  # of another format
        table = ScoreTable.read(units)
    return unit_sets_of(table, None if system is None else SystemFolder.read(system), list(controls))


def _lists(units: Path) -> list[list[NDArray[np.int64]]]:
    """Return task → group → indices."""
    sets = read_unit_sets(units) if is_unit_sets(units) else unit_sets_of(MaskTable.read(units))
    kinds = tuple(dict.fromkeys(group.kind for group in sets.groups))
    if kinds not in (("ffn",), (FEATURE,)):
        raise UserError(f"{units}: has units of {', '.join(kinds)}, files of {LISTS} have ffn alone")
    if not sets.units:
        raise UserError(f"{units}: has scores, files of {LISTS} have units")
    return [[*sets.units[name].values()] for name in sets.names]


def _each_row(units: Path, form: str, out: str, width: int | None) -> list[Path]:
    """Write a file of counts or masks for each row."""
    if is_unit_sets(units):
        sets = read_unit_sets(units)
        table = score_table_of(sets) if form == COUNTS else mask_table_of(sets)
    else:
        table = ScoreTable.read(units) if form == COUNTS else MaskTable.read(units)
    if table.space.kinds != ("ffn",):
        raise UserError(
            f"{units}: has units of {', '.join(table.space.kinds)}, files of {form} have ffn alone"
        )
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
    parser.add_argument("--units", type=Path, required=True, help="file of masks, scores or unit sets")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--width", type=int, help="of masks: the model's width, columns of fc1.weight")
    parser.add_argument("--system", type=Path, help="of unit sets: folder of the system they are of")
    parser.add_argument("--controls", nargs="+", type=Path, default=[], help="of unit sets: control masks")
    parser.add_argument("--out", required=True, help="one file, or a pattern with {direction}")
    arguments = parser.parse_args(argv)
    for path in export_units(
        arguments.units,
        arguments.form,
        arguments.out,
        arguments.width,
        arguments.system,
        arguments.controls,
    ):
        print(path)


if __name__ == "__main__":
    run_main(main)
