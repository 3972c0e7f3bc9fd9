"""Take counts, masks or lists of FFN neurons that another program wrote, for a system here.

Masks, lists and unit sets become masks; counts become masks by a selector, or scores. The forms are in
``activations.foreign_units``.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.foreign_units import (
    COUNTS,
    LISTS,
    UNIT_SETS,
    WHOLE,
    counts_of,
    keep_of,
    lists_of,
    read_foreign,
)
from workflow_scripts.common.checked_options import is_list_of_texts, json_object
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import LEAST_POSITIONS, ScoreTable
from workflow_scripts.units.select_masks import informative_masks
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.unit_set_tables import mask_table_of, score_table_of
from workflow_scripts.units.unit_sets import UnitSets, is_unit_sets, read_unit_sets

DIRECTION = "{direction}"
COUNTING = "counted by another program"


def import_table(
    system: SystemFolder, pattern: str, directions: Sequence[str], by_language: bool = False
) -> MaskTable | ScoreTable:
    """Return what foreign files say of a system's FFN neurons, a row for each direction.

    ``pattern``: a file for each direction, with ``{direction}``; or one file of lists, in the order of
    ``directions``, or of unit sets, by their names. ``by_language``: its lists are those of the system's
    languages; a direction has its source's units in the encoder and its target's in the decoder. Raises
    UserError.
    """
    space = system.space_of(["ffn"])
    rows: list[NDArray[Any]] = []
    hashes, forms = {}, set()
    for direction in directions if DIRECTION in pattern else [""]:
        path = Path(pattern.replace(DIRECTION, direction))
        if not path.is_file():
            raise UserError(f"{path}: there is no such file" + (f", of {direction}" if direction else ""))
        form, value = read_foreign(path)
        forms.add(form)
        hashes[direction] = sha256_of(path)
        if (form in WHOLE) == bool(direction):
            hint = f"leave out {DIRECTION}" if direction else f"the pattern needs {DIRECTION}"
            raise UserError(f"{path}: holds {form} of {'all tasks' if direction else 'one task'}: {hint}")
        if form == UNIT_SETS:
            return _of_unit_sets(value, system, directions, by_language, hashes)
        if form == LISTS:
            rows += _lists(path, value, system, directions, by_language)
        else:
            width = system.architecture["model_dim"]
            is_counts = form == COUNTS
            rows.append(counts_of(path, value, space) if is_counts else keep_of(path, value, space, width))
    if len(forms) > 1:
        raise UserError(f"{pattern}: some files hold counts, others masks; name those of one form")
    facts = {"weights_sha256": system.weights_sha256, "counting": COUNTING, "files_sha256": hashes}
    if COUNTS in forms:
        facts |= {LEAST_POSITIONS: dict(zip(directions, (_largest(row, space) for row in rows), strict=True))}
        return ScoreTable(directions, np.stack(rows), space, {**facts, "data_sha256": None}, pattern)
    return MaskTable(directions, np.stack(rows), space, {**facts, "rule": f"foreign {forms.pop()}"}, pattern)


def _largest(row: NDArray[Any], space: UnitSpace) -> dict[str, int]:
    """Return the largest count of each stack: its units were counted at this number of positions at least."""
    stacks = dict.fromkeys(group.stack for group in space.groups)
    return {stack: int(row[space.ids_of(space.part(stacks=[stack]))].max()) for stack in stacks}


def _lists(
    path: Path,
    value: Sequence[Any],
    system: SystemFolder,
    directions: Sequence[str],
    by_language: bool,
) -> list[NDArray[np.bool_]]:
    """Return the listed units of each direction."""
    space = system.space_of(["ffn"])
    if not by_language:
        return list(lists_of(path, value, space, directions))
    listed = dict(zip(system.languages, lists_of(path, value, space, system.languages), strict=True))
    return _by_language(space, listed, directions)


def _by_language(
    space: UnitSpace, listed: Mapping[str, NDArray[Any]], directions: Sequence[str]
) -> list[NDArray[Any]]:
    """Return a row for each direction: its source's values in the encoder, its target's in the decoder."""
    encoder = np.array(
        [group.stack == "encoder" for group in space.groups for _ in range(group.size)], dtype=np.bool_
    )
    sides = map(split_direction, directions)
    return [np.where(encoder, listed[source], listed[target]) for source, target in sides]


def _of_unit_sets(
    sets: UnitSets,
    system: SystemFolder,
    directions: Sequence[str],
    by_language: bool,
    hashes: Mapping[str, str],
) -> MaskTable | ScoreTable:
    """Return the sets of these names, or the scores where the file has no sets; of a system's units."""
    table = mask_table_of(sets) if sets.units else score_table_of(sets)
    made_from = sets.model.get("weights_sha256")
    table.check_model(system.space_of(table.space.kinds), None)
    if made_from not in (None, system.weights_sha256):
        table.check_model(system.space_of(table.space.kinds), system.weights_sha256)
    languages = dict.fromkeys(one for direction in directions for one in split_direction(direction))
    named = {name: table.row(name) for name in (languages if by_language else directions)}
    rows = _by_language(table.space, named, directions) if by_language else [*named.values()]
    facts = {"weights_sha256": system.weights_sha256, "files_sha256": dict(hashes)}
    if isinstance(table, ScoreTable):
        return ScoreTable(directions, np.stack(rows), table.space, {**table.metadata, **facts}, table.origin)
    # What selected them was not applied to scores of this experiment: the file's own words are kept aside.
    own = {key: value for key, value in table.manifest.items() if value is not None}
    facts |= {"gate": own.pop("gate", None), "unit_sets": own}
    facts |= {"counting": COUNTING, "rule": f"foreign {UNIT_SETS}"}
    return MaskTable(directions, np.stack(rows), table.space, facts, table.origin)


def main(argv: list[str] | None = None) -> None:
    """Write the table that the command line asks for."""
    parser = argparse.ArgumentParser(description="Take units that another program wrote.")
    parser.add_argument("--system", type=Path, help="folder of the system they are of; unit sets need none")
    parser.add_argument("--files", required=True, help="pattern with {direction}; one of lists or unit sets")
    parser.add_argument("--directions", nargs="+", help="unit sets without --system: all are taken")
    parser.add_argument("--by", choices=["language"], help="lists are of the system's languages, in order")
    parser.add_argument("--select", help="of counts: such as mass:95; or four as JSON, by side and stack")
    parser.add_argument("--pivot", help="for four selectors")
    parser.add_argument("--seed", type=int, help="for what is drawn")
    parser.add_argument("--gate", help='JSON, how others act, as {"ffn": "zero"}')
    parser.add_argument("--scores", action="store_true", help="of counts: write them, not masks")
    parser.add_argument("--accept-uninformative", action="store_true", help="take counts that say nothing")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    table = _asked_for(arguments)
    gate = json_object("gate", arguments.gate, {"ffn": "zero"}, _is_of_texts) if arguments.gate else None
    if isinstance(table, MaskTable):
        for option, given in (("--scores", arguments.scores), ("--select", arguments.select)):
            if given:
                raise UserError(f"{arguments.files}: holds no counts, which {option} needs; leave it out")
        facts = {**table.manifest, **({"gate": gate} if gate else {})}
        table = MaskTable(table.rows, table.bits, table.space, facts, table.origin)
    elif not arguments.scores:
        if arguments.select is None:
            raise UserError(
                f"{arguments.files}: holds counts: say which units are kept, such as --select mass:95"
            )
        selection = Selection.parse(arguments.select, None, arguments.pivot, arguments.seed)
        table = informative_masks(table, selection, gate, arguments.accept_uninformative)
    if isinstance(table, MaskTable):
        for name, row in zip(table.rows, table.keep, strict=True):
            print(f"{name}: keeps {int(row.sum())} of {row.size} units ({row.mean():.1%})", file=sys.stderr)
    table.write(arguments.out)


def _asked_for(arguments: argparse.Namespace) -> MaskTable | ScoreTable:
    if arguments.system is not None and arguments.directions is not None:
        system = SystemFolder.read(arguments.system)
        return import_table(system, arguments.files, arguments.directions, arguments.by == "language")
    path = Path(arguments.files)
    if DIRECTION in arguments.files or not path.is_file() or not is_unit_sets(path):
        raise UserError(f"{path}: needs --system and --directions; files of unit sets alone do without")
    for option in ("system", "directions", "by"):
        if getattr(arguments, option) is not None:
            raise UserError(f"--{option}: goes with --system and --directions; give both or leave it out")
    sets = read_unit_sets(path)
    return mask_table_of(sets) if sets.units else score_table_of(sets)


def _is_of_texts(value: dict[str, Any]) -> bool:
    return is_list_of_texts(list(value.values()))


if __name__ == "__main__":
    run_main(main)
