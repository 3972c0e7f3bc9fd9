"""The table ``choice``: the k of each sweep with the lowest validation loss, and the test scores of it.

Test scores have no part in it: the choice is made before they are looked at.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.report.read.layout import main_side
from workflow_scripts.report.read.read_files import content_of
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.tables.averages import Estimate, estimate
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.summary import Cell, Summary, display_order, sweep_key
from workflow_scripts.report.tables.table import Block, Cells, Record, Shown, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import Digits, side_title, table_title, written
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder

PLACE = ["experiment", "sweep", "k", "system"]
OF_VALIDATION = ["valid_loss", "valid_sd", "valid_n", "chosen", "note"]
OF_TEST = ["testset", "profile", "metric", "side", "mean", "sd", "n"]
COLUMNS = [*PLACE, *OF_VALIDATION, *OF_TEST]
LOSS = Digits(3)  # as the trainer rounds it
NO_FIGURE = "no validation figure: not trained"
NOTES = (
    "Chosen: the k with the lowest validation loss (mean over seeds, of each training the lowest one; of "
    "equal ones the larger k). Test scores had no part in the choice. They are to be reported for the chosen "
    "k; those of the others are shown to see the whole sweep.",
    "Each number: mean ± standard deviation over seeds (number of seeds); of one seed the number alone.",
)


@dataclass(frozen=True)
class Sweep:
    """A sweep's systems by k, ascending; their validation losses, and the system that these choose."""

    name: str
    losses: Mapping[str, Estimate]
    chosen: str | None


def choose(losses: Mapping[str, float]) -> str:
    """Return the system with the lowest loss; ``losses``: by system, k ascending; of equal ones the last."""
    lowest = min(losses.values())
    return [system for system, loss in losses.items() if loss == lowest][-1]


def sweep_of(name: str, root: str | Path, plan: Plan) -> Sweep:
    """Return the sweep ``name`` with its choice, from the folders of its systems below ``root``. Without a
    validation loss of each k, as where nothing is trained, nothing is chosen. Raises UserError: there is no
    such sweep, or a file is missing or damaged."""
    members = [one for one in display_order(plan.systems) if (sweep_key(one) or ("", ""))[0] == name]
    if not members:
        known = {sweep[0] for one in plan.systems if (sweep := sweep_key(one))}
        raise UserError(f"--choose: no systems {name}-k…{nearest(name, known)}")
    losses = {system: _loss(Path(root), system, plan.seeds) for system in members}
    means = {system: one.mean for system, one in losses.items() if one.mean is not None}
    return Sweep(name, losses, choose(means) if len(means) == len(losses) else None)


def _loss(root: Path, system: str, seeds: Sequence[int]) -> Estimate:
    found = []
    for seed in seeds:
        folder = SystemFolder.read(root / system / f"s{seed}")
        if folder.training is None:
            continue
        with content_of(folder.folder / DESCRIPTION, "a description of a training"):
            loss = float(folder.training["best_valid_loss"])
            if not math.isfinite(loss):
                raise ValueError(f"a validation loss of {loss}")
            found.append(loss)
    return estimate(found) if len(found) == len(seeds) else Estimate(None, None, 0, NO_FIGURE)


def choice_table(sweeps: Sequence[Sweep], summary: Summary, display: Display) -> Table:
    """Return the table of every k of these sweeps."""
    cells = [cell for cell in summary.cells if cell.grouping == ALL and not cell.without]
    sides: dict[str, list[str]] = {}
    for cell in cells:
        sides.setdefault(cell.testset, []).append(cell.side)
    # A test set may have directions of one side alone.
    main = {testset: main_side(had) for testset, had in sides.items()}
    experiment = summary.cells[0].experiment
    lines = [
        _line(experiment, sweep, cell)
        for sweep in sweeps
        for system in sweep.losses
        for cell in cells
        if (cell.system, cell.side) == (system, main[cell.testset])
    ]
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    blocks = [_block(chosen(rows, sweep=sweep.name), sweep.name, display) for sweep in sweeps]
    title = f"Choice of k in {experiment}"
    return Table("choice", title, frame, blocks, list(NOTES), [], summary.missing, summary.expected)


def _line(experiment: str, sweep: Sweep, cell: Cell) -> list[Any]:
    loss = sweep.losses[cell.system]
    return [
        *(experiment, sweep.name, cell.k, cell.system),
        *(loss.mean, loss.sd, loss.n, cell.system == sweep.chosen, loss.reason),
        *(cell.testset, cell.profile, cell.metric, cell.side, cell.value.mean, cell.value.sd, cell.value.n),
    ]


def _block(rows: Sequence[Record], sweep: str, display: Display) -> Block:
    """A row for each k: its validation loss, and a column for the scores of each test set and metric."""
    lines: dict[str, Cells] = {}
    header = ["k", "validation loss"]
    main = main_side([row["side"] for row in rows])
    for row in rows:
        column = table_title(row["testset"], row["profile"], row["metric"])
        column += "" if row["side"] == main else f", {side_title(row['side'], display.pivot)}"
        header += [column] if column not in header else []
        if row["k"] not in lines:
            loss = written(row["valid_loss"], row["valid_sd"], row["valid_n"], row["note"], LOSS)
            lines[row["k"]] = [
                f"{row['k']}{' (chosen)' if row['chosen'] else ''}",
                Shown(loss, row["chosen"]),
            ]
        score = written(row["mean"], row["sd"], row["n"], "scores missing", display.digits(row))
        lines[row["k"]].append(score)
    title = f"{sweep}, {side_title(main, display.pivot)}"
    return Block("", header, list(lines.values()), title)
