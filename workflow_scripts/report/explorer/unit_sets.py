"""Masks and counts of units, as the page has them: bits as they are, rates of activity as 8 bits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.report.explorer.orders import similar
from workflow_scripts.report.explorer.packing import Store
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import POSITIONS, ScoreTable
from workflow_scripts.units.select_masks import read_scores
from workflow_scripts.units.space import UnitSpace

#: The largest rate: a unit that is active at every position. The page divides by it.
FULL = 255


def layers_of(space: UnitSpace) -> list[dict[str, Any]]:
    """Return each group of units: ``key``, ``kind``, ``stack``, ``layer``, ``size`` and ``start``, its first
    flat id."""
    return [
        {
            "key": group.key,
            "kind": group.kind,
            "stack": group.stack,
            "layer": group.layer,
            "size": group.size,
            "start": space.slice_of(group.key).start,
        }
        for group in space.groups
    ]


def add_masks(
    store: Store, patterns: Mapping[str, str], seeds: Sequence[int], used_by: Mapping[str, Sequence[str]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Put the bits of every mask set and seed into the store.

    ``patterns``: name of the set → file, with ``{seed}``; ``used_by``: set → systems. Returns what the page
    knows of each: ``name``, ``seed``, ``systems``, ``rows``, ``layers``, ``bytes`` (of a row), ``similar``
    (layer → order of rows) and ``part`` (its name in the store, None where it had no room); and the files
    that are missing.
    """
    found: list[dict[str, Any]] = []
    missing = []
    for seed in seeds:
        for name, pattern in patterns.items():
            path = Path(pattern.replace("{seed}", str(seed)))
            if not path.is_file():
                missing.append(str(path))
                continue
            table = MaskTable.read(path)
            part = f"masks-{len(found)}"
            if not store.add(part, table.bits.tobytes()):
                store.left_out.append(f"the masks {name} of seed {seed}: no room")
                continue
            found.append(
                {
                    "name": name,
                    "seed": seed,
                    "systems": list(used_by.get(name, [])),
                    "rows": list(table.rows),
                    "layers": layers_of(table.space),
                    "bytes": table.bits.shape[1],
                    "similar": similar(table),
                    "part": part,
                }
            )
    return found, missing


def add_rates(
    store: Store, pattern: str | None, directions: Sequence[str], seeds: Sequence[int]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Put into the store how often units are active: the share of positions, in 255ths.

    ``pattern``: file of a direction's counts, with ``{seed}`` and ``{direction}``. Returns of each seed
    ``seed``, ``rows``, ``layers`` and ``part``; and the files that are missing.
    """
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for seed in seeds if pattern else ():
        root = Path(str(pattern).replace("{seed}", str(seed)))
        absent = [str(file) for one in directions if not (file := root / f"{one}.npz").is_file()]
        there = [one for one in directions if str(root / f"{one}.npz") not in absent]
        missing += absent
        if not there:
            continue
        table = read_scores(root, there)
        if silent := [row for row in there if row not in table.metadata.get(POSITIONS, {})]:
            store.left_out.append(
                f"how often units are active, of seed {seed}: the counts of {silent[0]} do not say of how"
                " many positions"
            )
            continue
        part = f"rates-{seed}"
        if not store.add(part, rates_of(table).tobytes()):
            store.left_out.append(f"how often units are active, of seed {seed}: no room")
            continue
        found.append({"seed": seed, "rows": list(table.rows), "layers": layers_of(table.space), "part": part})
    return found, missing


def rates_of(table: ScoreTable) -> NDArray[np.uint8]:
    """Return the share of positions at which each unit was active, in 255ths: uint8 [rows, units]."""
    positions = table.metadata[POSITIONS]
    rates = np.empty(table.values.shape, dtype=np.uint8)
    for number, row in enumerate(table.rows):
        for group, span in zip(table.space.groups, table.space.slices().values(), strict=True):
            share = table.values[number, span] / max(positions[row][group.stack], 1)
            rates[number, span] = np.rint(np.clip(share, 0, 1) * FULL).astype(np.uint8)
    return rates
