"""Which units each direction keeps: by its scores, or of the rows of another mask file.

``--select mass:95`` is Neuron Specialization (section 3). Scores are ``{activations_root}/{direction}.npz``,
one row each, from one model.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checked_options import is_list_of_texts, json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.activity import ACTIVE
from workflow_scripts.units.mask_sets import ROWS, By, Groups, mask_rows, seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import POSITIONS, SATURATED, ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.selectors import normalise_k
from workflow_scripts.units.space import STACKS
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.uninformative import check_informative

# Facts about the counts that must be the same in every row, or rows could not be compared.
SHARED_FACTS = ("weights_sha256", "counting")
#: Options that are JSON, with what each looks like.
EXAMPLES = {"gate": {"ffn": "zero"}, "families": {"de": "germanic"}, "pairs": {"de-en": "fr-en"}}


def read_scores(root: Path, directions: Sequence[str]) -> ScoreTable:
    """Read one score file per direction into one table, in the order of ``directions``. UserError if a file
    is missing, holds another direction, or comes from another model or way of counting than the first.
    ``root`` may be one file that has a row for each, too."""
    if len(set(directions)) != len(directions):
        raise UserError(f"--directions names a direction twice: {' '.join(directions)}")
    if root.is_file():
        return _rows_of_one_file(root, directions)
    rows: list[NDArray[Any]] = []
    shared: dict[str, Any] = {}
    data: dict[str, Any] = {}
    positions: dict[str, dict[str, int]] = {}
    saturated: dict[str, dict[str, float]] = {}
    active: dict[str, Any] = {}
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
        positions |= {direction: counted} if (counted := _positions(table)) else {}
        saturated |= table.metadata.get(SATURATED, {})
        active = table.metadata.get(ACTIVE, {})  # the same in all, as ``counting`` ends with it
    if space is None:
        raise UserError("--directions is empty; name at least one direction")
    more = {ACTIVE: active, POSITIONS: positions, SATURATED: saturated}
    metadata = {**shared, "data_sha256": data, **{name: facts for name, facts in more.items() if facts}}
    return ScoreTable(directions, np.stack(rows), space, metadata, str(root))


def _rows_of_one_file(path: Path, directions: Sequence[str]) -> ScoreTable:
    table = ScoreTable.read(path)
    values = np.stack([table.row(direction) for direction in directions])
    _check_defined(path, values.ravel())
    return ScoreTable(directions, values, table.space, table.metadata, str(path))


def _positions(table: ScoreTable) -> dict[str, int]:
    """Return the number of positions at which each stack's units were counted; nothing for other scores."""
    facts = table.metadata
    if "source_positions" not in facts:
        return {}
    pads = [facts[f"{side}_pads"] if facts.get("count_pads") else 0 for side in ("source", "target")]
    counted = facts["source_positions"] + pads[0], facts["target_positions"] + pads[1]
    return dict(zip(STACKS, counted, strict=True))


def _check_defined(path: Path, values: NDArray[Any]) -> None:
    # Scores other than counts may be negative; selectors that need positive ones refuse those.
    negative = (values < 0) & np.issubdtype(values.dtype, np.integer)
    for wrong, name in ((~np.isfinite(values), "undefined"), (negative, "negative")):
        if wrong.any():
            raise UserError(
                f"{path}: {int(wrong.sum())} of {values.size} counts are {name}, the first of unit"
                f" {int(wrong.argmax())}; count again"
            )


def informative_masks(
    scores: ScoreTable, selection: Selection, gate: Mapping[str, str] | None = None, accept: bool = False
) -> MaskTable:
    """Return masks with a row for each row of ``scores``, which must say something (``uninformative``).

    ``gate``: kind of unit → how it acts. ``accept``: take scores that say nothing, and note it in the
    manifest; else UserError.
    """
    table = selection.masks(scores, gate)
    noted = check_informative(scores, table.keep, selection, accept)
    return MaskTable(table.rows, table.keep, table.space, {**table.manifest, **noted}) if noted else table


def weight_masks(
    system: SystemFolder,
    directions: Sequence[str],
    selection: Selection,
    gate: Mapping[str, str] | None = None,
    accept: bool = False,
) -> MaskTable:
    """Return masks of single weights, by their magnitude in each direction's own weights (LaSS); one
    direction is in memory at a time. The rest as ``informative_masks``."""
    # The environments of configs lack what reads weights.
    from workflow_scripts.units.weight_scores import magnitudes, together

    system.verify()
    return together(
        informative_masks(magnitudes(system, direction), selection, gate, accept) for direction in directions
    )


def mass_masks(scores: ScoreTable, k: str, accept_uninformative: bool = False) -> MaskTable:
    """Return the masks of threshold ``k`` (percent), one row per row of ``scores``.

    UserError: these say nothing of the units, and this is not accepted.
    """
    return informative_masks(scores, Selection(f"mass:{normalise_k(k)}"), accept=accept_uninformative)


def all_masks(scores: ScoreTable) -> MaskTable:
    """Return masks that keep every unit, for the model of ``scores``."""
    return Selection("all").masks(scores)


def _is_of_texts(value: dict[str, Any]) -> bool:
    return is_list_of_texts(list(value.values()))


def main(argv: list[str] | None = None) -> None:
    """Write the masks the command line asks for."""
    parser = argparse.ArgumentParser(description="Select which units each direction keeps.")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--select", help="such as mass:95; or four as JSON, by side and stack")
    parser.add_argument(
        "--activations-root", type=Path, help="for --select: folder of {direction}.npz, or a file"
    )
    parser.add_argument("--weights-of", type=Path, help="system folder: --select from its weights")
    parser.add_argument("--stacks", nargs="+", choices=STACKS, help="others are kept whole")
    parser.add_argument("--pivot", help="for four selectors")
    parser.add_argument("--accept-uninformative", action="store_true", help="take scores that say nothing")
    parser.add_argument("--gate", help='JSON, how others act, as {"ffn": "zero"}')
    parser.add_argument("--like", type=Path, help="the mask file that --rows are made of")
    parser.add_argument("--rows", choices=ROWS, help="how")
    parser.add_argument("--by", choices=get_args(By), help="for rows made of several")
    parser.add_argument("--families", help="JSON, language to family, for --by family")
    parser.add_argument("--pairs", help="JSON, direction to direction, for --rows swapped")
    parser.add_argument("--rows-of", nargs="+", help="directions whose rows --rows are made of")
    parser.add_argument("--seed", type=int, help="for what is drawn")
    parser.add_argument("--draw", type=int, help="the number of this draw, where there are several")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    seed = arguments.seed
    if arguments.draw is not None and seed is not None:
        seed = seed_of(seed, f"draw {arguments.draw}")
    if arguments.activations_root and arguments.weights_of:
        raise UserError("--weights-of: goes without --activations-root; leave one out")
    by_score = arguments.select, arguments.activations_root or arguments.weights_of
    of_rows = arguments.like, arguments.rows
    if sorted(pair.count(None) for pair in (by_score, of_rows)) != [0, 2]:
        raise UserError("give --select with --activations-root, or --like with --rows")
    of_score, of_like = ("stacks", "pivot", "gate"), ("by", "families", "pairs", "rows_of")
    for name in of_score if arguments.select is None else of_like:
        if getattr(arguments, name) is not None:
            other = "--like" if arguments.select else "--select"
            raise UserError(f"--{name.replace('_', '-')}: goes with {other}; leave it out")
    objects = {
        name: json_object(name, text, example, _is_of_texts)
        for name, example in EXAMPLES.items()
        if (text := getattr(arguments, name)) is not None
    }
    if (arguments.by == "family") != (arguments.families is not None):
        raise UserError("--families: goes with --by family, and --by family with it")
    if arguments.select is None:
        groups = Groups(arguments.by, objects.get("families"))
        table = mask_rows(
            arguments.rows,
            MaskTable.read(arguments.like),
            arguments.directions,
            seed=seed,
            pairs=objects.get("pairs"),
            groups=groups,
            rows_of=arguments.rows_of,
        )
    else:
        selection = Selection.parse(arguments.select, arguments.stacks, arguments.pivot, seed)
        rest = selection, objects.get("gate"), arguments.accept_uninformative
        if arguments.weights_of is None:
            scores = read_scores(arguments.activations_root, arguments.directions)
            table = informative_masks(scores, *rest)
        else:
            table = weight_masks(SystemFolder.read(arguments.weights_of), arguments.directions, *rest)
    table.write(arguments.out)
    for name, row in zip(table.rows, map(table.row, table.rows), strict=True):
        print(f"{name}: keeps {int(row.sum())} of {row.size} units ({row.mean():.1%})", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
