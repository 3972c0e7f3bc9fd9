"""Read ``tables/units.json``: which units masks keep, by mask set and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.report.read.read_files import content_of

#: Ends of the keys of overlaps that are means over layers.
MEAN = ".mean"


@dataclass(frozen=True)
class Side:
    """Languages of one side. ``iou``: layer → [language, language]; ``directions`` of each language."""

    languages: list[str]
    directions: Mapping[str, Sequence[str]]
    iou: Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True)
class UnitSet:
    """One mask set of one seed. ``layers``: units in each; ``kept``: direction → layer → units."""

    masks: str
    seed: int
    layers: Mapping[str, int]
    kept: Mapping[str, Mapping[str, int]]
    sides: Mapping[str, Side]

    def share_left_out(self) -> float:
        """Return the share of all units that a direction's mask leaves out, the mean over directions."""
        kept = [sum(layers.values()) for layers in self.kept.values()]
        return 1 - sum(kept) / len(kept) / sum(self.layers.values())


def read_units(path: str | Path) -> list[UnitSet]:
    """Return all sets in the order of the file. Raises UserError: no such file, or it is not of
    ``report.tables.tabulate_units``."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; report.tables.tabulate_units writes it")
    content = read_json(path)
    with content_of(path, "a file of kept units"):
        return [
            UnitSet(
                str(one["masks"]),
                int(one["seed"]),
                {layer: int(units) for layer, units in one["layers"].items()},
                {
                    row: {layer: int(units) for layer, units in kept.items()}
                    for row, kept in one["kept"].items()
                },
                {
                    name: Side(
                        [str(language) for language in found["languages"]],
                        {language: list(rows) for language, rows in found["languages"].items()},
                        {
                            layer: [[float(value) for value in row] for row in matrix]
                            for layer, matrix in found["iou"].items()
                        },
                    )
                    for name, found in one["sides"].items()
                },
            )
            for one in content["sets"]
        ]
