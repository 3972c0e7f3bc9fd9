"""Draw the off-target rates of all systems on one test set, by direction, beside those of the references.

A cell has the rate in percent (the mean over seeds) and the most frequent wrong language.
"""

import argparse
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from workflow_scripts.common.checked_options import directions_by
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import DamagedFileError, UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.figure import panels, wrapped, write_figure
from workflow_scripts.report.figures.matrix import draw_matrix, write_cells

REFERENCES = "references"
CELL_WIDTH, CELL_HEIGHT = 0.75, 0.19  # inches
GAMMA = 0.4  # of the colour scale: one percent is visible


@dataclass(frozen=True)
class Cell:
    """``rate``: share that is off target, None of nothing; ``language``: that most of it is in."""

    rate: float | None
    language: str = ""

    @property
    def text(self) -> str:
        """What is written into the cell: n/a where there is no rate."""
        if self.rate is None:
            return "n/a"
        return f"{100 * self.rate:.1f} {self.language}".strip() if self.rate else "0"


def cell_of(entries: Sequence[dict[str, Any]], target: str) -> Cell:
    """Return the mean over seeds of one direction and system."""
    rates = [one["off_target_rate"] for one in entries if one["off_target_rate"] is not None]
    wrong: Counter[str] = Counter()
    for one in entries:
        wrong.update({language: count for language, count in one["labels"].items() if language != target})
    most = max(sorted(wrong), key=wrong.__getitem__, default="")
    return Cell(sum(rates) / len(rates) if rates else None, most)


def read_cells(
    root: Path,
    systems: Sequence[str],
    seeds: Sequence[int],
    testset: str,
    directions: Sequence[str],
    partial: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, list[Cell]]:
    """Return the cells of each direction: of the references, then of each system. ``partial``: the directions
    of systems that lack some, which the first one must not. Raises UserError: a file is missing or is not of
    ``evaluate.languages.identify``."""
    found: dict[str, list[list[dict[str, Any]]]] = {direction: [] for direction in directions}
    for system in systems:
        files = [root / system / f"s{seed}" / f"{testset}.json" for seed in seeds]
        own = [one for one in directions if one in (partial or {}).get(system, directions)]
        contents = [_read(file, own) for file in files]
        for direction in directions:
            found[direction].append([content[direction] for content in contents if direction in content])
    cells = {}
    for direction, of_systems in found.items():
        references = Cell(of_systems[0][0]["references_off_target_rate"])
        target = split_direction(direction)[1]
        cells[direction] = [references, *(cell_of(entries, target) for entries in of_systems)]
    return cells


def _read(file: Path, directions: Sequence[str]) -> dict[str, dict[str, Any]]:
    if not file.is_file():
        raise UserError(f"{file}: no such file; evaluate.languages.identify writes it")
    content = read_json(file)
    try:
        entries = {direction: content["directions"][direction] for direction in directions}
        for direction, entry in entries.items():
            _ = cell_of([entry], split_direction(direction)[1]).text
            _ = Cell(entry["references_off_target_rate"]).text
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DamagedFileError(
            f"{file}: not a file of off-target rates ({type(error).__name__}: {error});"
            " delete it and run the step that writes it again"
        ) from None
    return entries


def off_target_figure(cells: dict[str, list[Cell]], systems: Sequence[str], testset: str) -> Figure:
    """Return the cells as a map of directions × (references and systems), or, where there are more systems
    than directions, the other way round."""
    columns = [REFERENCES, *systems]
    rows, table = list(cells), [list(row) for row in cells.values()]
    if len(systems) > len(rows):
        rows, columns, table = columns, rows, [list(row) for row in zip(*table, strict=True)]
    figure, [[axis]] = panels(1, 1, CELL_WIDTH * len(columns), CELL_HEIGHT * len(rows))
    rates = np.array([[math.nan if cell.rate is None else cell.rate for cell in row] for row in table])
    image = draw_matrix(axis, rates, rows, columns, PowerNorm(GAMMA, 0, 1), "Oranges")
    write_cells(axis, [[cell.text for cell in row] for row in table], image)
    title = f"{testset}: % off target, and the language that most of it is in"
    axis.set_title(wrapped(title, max(CELL_WIDTH * len(columns), 2.0)))
    return figure


def off_target_rows(cells: dict[str, list[Cell]], systems: Sequence[str]) -> list[dict[str, Any]]:
    """Return the values drawn: a row for each direction and system."""
    return [
        {"direction": direction, "system": system, "off_target_rate": cell.rate, "language": cell.language}
        for direction, row in cells.items()
        for system, cell in zip([REFERENCES, *systems], row, strict=True)
    ]


def main(argv: list[str] | None = None) -> None:
    """Read all systems' files of a test set and draw them."""
    parser = argparse.ArgumentParser(prog="plot_off_target", description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, type=Path, help="folder off_target")
    parser.add_argument("--systems", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", required=True, type=int)
    parser.add_argument("--testset", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    own = 'JSON: {"bilingual": ["de-en"]}: systems without all directions'
    parser.add_argument("--partial-systems", default="{}", help=own)
    parser.add_argument("--out", required=True, metavar="PNG")
    args = parser.parse_args(argv)
    partial = directions_by(
        "partial-systems", args.partial_systems, {"bilingual": ["de-en"]}, args.systems, args.directions
    )
    cells = read_cells(args.root, args.systems, args.seeds, args.testset, args.directions, partial)
    caption = Caption(
        f"Share of the translations of {args.testset} that are in another language than they should be, in"
        " percent (the mean over seeds), with the language that most of them are in; the references come"
        " first.",
        [args.root],
        args.seeds,
        notes=["n/a, grey: a system that wrote nothing, or lacks the direction."],
    )
    figure = off_target_figure(cells, args.systems, args.testset)
    write_figure(figure, args.out, off_target_rows(cells, args.systems), caption)


if __name__ == "__main__":
    run_main(main)
