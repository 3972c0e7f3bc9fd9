"""The table ``costs``: what each system adds to the baseline, in parameters, bytes and time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.read.system_costs import Way, costs_of
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.summary import display_order, rows_of
from workflow_scripts.report.tables.table import Block, Cells, Record, Table, frame_of, records
from workflow_scripts.report.tables.writing import Digits, decimal_mean, rounded

FIGURES = ["parameters", "parameters_added", "mask_bits", "mask_bytes", "bytes", "bytes_ratio"]
FIGURES += ["trained_parameters", "updates", "training_seconds", "peak_memory_mb"]
FIGURES += ["extraction_seconds", "decode_seconds"]
COLUMNS = ["experiment", "system", "seed", "engine", *FIGURES]
#: The columns of the page: figure, heading, decimals.
SHOWN = (
    ("parameters_added", "parameters added", 0),
    ("mask_bits", "mask bits", 0),
    ("bytes", "bytes", 0),
    ("bytes_ratio", "of the baseline's", 3),
    ("trained_parameters", "parameters trained", 0),
    ("updates", "updates", 0),
    ("training_seconds", "training (s)", 1),
    ("peak_memory_mb", "memory (MB)", 0),
    ("extraction_seconds", "extraction (s)", 1),
    ("decode_seconds", "decoding (s)", 1),
)
NOTES = (
    "Means over seeds, and over draws. Bytes: files of weights, masks (packed, a bit each) and adapters that "
    "translating all its directions needs, each once. A system that is trained on takes the place of the "
    "baseline: it adds no parameters. Those of a model for each direction are added up. Parameters trained: "
    "what an update may move; rows of weights that no direction's mask keeps do not count where frozen.",
    "Training: of the system itself, on the machine that trained it, after the baseline's. Extraction: the "
    "jobs that score units and select its masks, of single weights also those that train the models whose "
    "weights are compared; decoding: all its jobs, with loading. These are seconds of jobs that ran beside "
    "each other: they differ from run to run. –: not measured.",
)


def costs_table(
    ways: Mapping[str, Way], systems_root: str | Path, benchmarks: str | Path, plan: Plan, display: Display
) -> Table:
    """Return the table. Raises UserError: there is no baseline, or a system is missing or damaged."""
    if display.baseline not in ways:
        raise UserError(f"--costs: no {display.baseline}, to which costs are compared")
    lines: list[list[Any]] = []
    # By name: files of jobs that the config no longer asks for may lie beside them.
    decoded = {
        system: [
            f"{testset}.{one}" for testset in plan.testsets for one in plan.directions_of(testset, system)
        ]
        for system in ways
    }
    for seed in plan.seeds:
        found = {
            system: costs_of(
                Path(systems_root) / system / f"s{seed}", Path(benchmarks), seed, way, decoded[system]
            )
            for system, way in ways.items()
        }
        first = found[display.baseline]
        for system, one in found.items():
            figures: dict[str, Any] = {
                **one,
                "parameters_added": (one["parameters"] or 0) - (first["parameters"] or 0),
                "bytes_ratio": (one["bytes"] or 0) / (first["bytes"] or 1),
            }
            place = [plan.experiment, system, seed, ways[system].engine]
            lines.append([*place, *(figures[name] for name in FIGURES)])
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    body: list[Cells] = []
    for system in display_order(rows_of(plan)):
        drawn = plan.draws.get(system, [system])
        own = [row for row in rows if row["system"] in drawn]
        body.append([display.label(system), *_cells(own), own[0]["engine"]])
    header = ["system", *(heading for _, heading, _ in SHOWN), "engine"]
    title = f"What systems of {plan.experiment} cost"
    return Table("costs", title, frame, [Block("", header, body)], list(NOTES))


def caution_on_engines(ways: Mapping[str, Way], baseline: str) -> list[str]:
    """Return what is said above every table where another engine than the baseline's decoded systems."""
    if baseline not in ways:
        return []
    usual = ways[baseline].engine
    others = [f"`{system}` ({way.engine})" for system, way in ways.items() if way.engine != usual]
    if not others:
        return []
    return [
        f"Decoded by another engine than `{baseline}` ({usual}): {', '.join(others)}. Two engines write a few"
        " sentences differently; such a difference is no difference of systems."
    ]


def _cells(rows: Sequence[Record]) -> list[str]:
    cells = []
    for name, _, decimals in SHOWN:
        values = [row[name] for row in rows]
        known = [float(value) for value in values if value is not None]
        whole = len(known) == len(values)
        cells.append(_shown(decimal_mean(known), decimals) if whole else "–")
    return cells


def _shown(value: float, decimals: int) -> str:
    return f"{float(rounded(value, Digits(decimals))):,.{decimals}f}"
