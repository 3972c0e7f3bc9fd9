"""Masks and scores as sets of units for other programs (``unit_sets``), and back, without any loss."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import KINDS, UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.unit_sets import Group, UnitSets

#: Facts of masks and scores that say how sets were selected, and what was scored.
SELECTION, SCORED = ("rule", "k", "ties", "select", "gate", "like_rule"), ("counting", "count_pads")
MODEL, TEXT = "weights_sha256", "data_sha256"


def unit_sets_of(
    table: MaskTable | ScoreTable, system: SystemFolder | None = None, controls: list[Path] | None = None
) -> UnitSets:
    """Return the sets of a table, one for each row.

    ``system``: the one they are of, for its name, port and architecture. ``controls``: mask files with the
    control sets of these. UserError: the system has other weights or units; a control has other units.
    """
    facts = dict(table.manifest if isinstance(table, MaskTable) else table.metadata)
    model: dict[str, Any] = {MODEL: facts.pop(MODEL, None)}
    if system is not None:
        system.check_model(table)
        model |= {"name": system.system, "architecture": dict(system.architecture), "port": system.port}
    units, scores = {}, {}
    for name in table.rows:
        row = table.row(name)
        parts = {key: row[place] for key, place in table.space.slices().items()}
        if isinstance(table, MaskTable):
            units[name] = {key: np.flatnonzero(part).astype(np.int64) for key, part in parts.items()}
        else:
            scores[name] = parts
    text = facts.pop(TEXT, None)
    selection, score = ({key: facts.pop(key) for key in keys if key in facts} for keys in (SELECTION, SCORED))
    return UnitSets(
        groups=tuple(Group(**asdict(group)) for group in table.space.groups),
        units=units,
        scores=scores,
        model=model,
        score=score,
        selection=selection if isinstance(table, MaskTable) else None,
        text=text,
        controls=tuple(_control(table, path) for path in controls or []),
        provenance=facts,
        origin=table.origin,
    )


def _control(table: MaskTable | ScoreTable, path: Path) -> dict[str, Any]:
    """Return what is said of a file of control sets."""
    control = MaskTable.read(path)
    if control.space != table.space:
        raise UserError(f"{path}: has other units than {table.origin}; controls are of the same units")
    rule = {key: control.manifest[key] for key in (*SELECTION, "seed") if control.manifest.get(key)}
    return {"file": path.name, "sha256": sha256_of(path), "sets": list(control.rows), **rule}


def mask_table_of(sets: UnitSets) -> MaskTable:
    """Return sets as masks, a row each. UserError: the file has scores alone, or features."""
    if not sets.units:
        raise UserError(f"{sets.origin}: has scores, no units of a set: select some first (--select)")
    space = space_of(sets)
    bits = np.stack([np.packbits(kept(sets, name)) for name in sets.names])
    try:
        return MaskTable(sets.names, bits, space, _facts(sets), sets.origin)
    except (ValueError, TypeError, AttributeError) as error:  # a gate that is no object, for example
        raise UserError(f"{sets.origin}: selection does not fit its units ({error})") from None


def score_table_of(sets: UnitSets) -> ScoreTable:
    """Return the scores of sets, a row each. UserError: the file has none, or features."""
    if not sets.scores:
        raise UserError(f"{sets.origin}: has units of sets, and no scores")
    rows = [np.concatenate([*groups.values()]) for groups in sets.scores.values()]
    facts = {key: value for key, value in _facts(sets).items() if key not in (MODEL, TEXT) or value}
    return ScoreTable(sets.names, np.stack(rows), space_of(sets), facts, sets.origin)


def kept(sets: UnitSets, name: str) -> NDArray[np.bool_]:
    """Return which units a set has, bool [units], in the order of the groups."""
    parts = []
    for group in sets.groups:
        bits = np.zeros(group.size, dtype=np.bool_)
        bits[sets.units[name][group.key]] = True
        parts.append(bits)
    return np.concatenate(parts)


def space_of(sets: UnitSets) -> UnitSpace:
    """Return the units of a file. UserError: they are features, which no model here has."""
    for group in sets.groups:
        if group.kind not in KINDS:
            raise UserError(
                f"{sets.origin}: {group.key} has units of kind {group.kind!r}, of {_dictionary(sets)}:"
                " no model here has them, so they become no masks; --form lists takes them"
            )
    return UnitSpace(UnitGroup(**asdict(group)) for group in sets.groups)


def _dictionary(sets: UnitSets) -> str:
    found = sets.model.get("dictionary")
    return str(found.get("name", "a dictionary") if isinstance(found, Mapping) else found)


def _facts(sets: UnitSets) -> dict[str, Any]:
    return {
        **(sets.provenance or {}),
        **(sets.score or {}),
        **(sets.selection or {}),
        MODEL: sets.model.get(MODEL),
        TEXT: sets.text,
    }
