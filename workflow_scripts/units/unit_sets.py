"""Named sets of units in one JSON file that any program can read and write: ``NAME.units.json``.

docs/reference/unit-sets.md explains the file, unit-sets.schema.json beside it is its JSON Schema. A unit is
named by its group and its index there. Groups may be of this package's kinds, or of ``feature``: the
features of a dictionary that another program learnt (a sparse autoencoder), which no model here has.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import read_json, write_text
from workflow_scripts.units.space import KINDS, STACKS

FORMAT, SUFFIX = "unit-sets-1", ".units.json"
FEATURE = "feature"
SCORE_TYPES = ("int64", "float64")
#: Keys of a file, of its model and of a group, in the order in which they are written.
KEYS = ("format", "model", "groups", "score", "selection", "text", "controls", "provenance", "sets")
MODEL_KEYS = ("name", "weights_sha256", "architecture", "port", "dictionary")
GROUP_KEYS = ("key", "kind", "stack", "layer", "size")
#: A small file may claim more units than memory holds: units of one set, and units times sets.
MOST_UNITS, MOST_BITS = 2**27, 2**33


@dataclass(frozen=True, slots=True)
class Group:
    """``size`` units of one kind in one layer, as ``units.UnitGroup``; ``kind`` may be ``feature``."""

    key: str
    kind: str
    stack: str
    layer: int
    size: int


@dataclass(frozen=True)
class UnitSets:
    """Sets of units of one model, and how they were made.

    Args:
        groups: where units are, in the order of their flat numbers.
        units: set → group → its units, ascending int64 indices; empty in a file of scores.
        scores: set → group → a number for each unit of the group, int64 or float64 (undefined: NaN); empty
            in a file of units.
        model: ``name``, ``weights_sha256``, ``architecture``, ``port`` and, of features, ``dictionary``.
        score: ``counting`` (which score, counted how) and more; None where nothing was scored.
        selection: ``rule``, ``k``, ``select``, ``ties``, ``gate``: how sets were taken from scores.
        text: SHA-256 of the text, by set or of all; None where it is not known.
        controls: files with sets of the same sizes that are expected to do nothing special.
        provenance: all else that is known.
    """

    groups: tuple[Group, ...]
    units: Mapping[str, Mapping[str, NDArray[np.int64]]]
    scores: Mapping[str, Mapping[str, NDArray[Any]]]
    model: Mapping[str, Any]
    score: Mapping[str, Any] | None = None
    selection: Mapping[str, Any] | None = None
    text: Mapping[str, Any] | str | None = None
    controls: tuple[Mapping[str, Any], ...] = ()
    provenance: Mapping[str, Any] | None = None
    origin: str = "unit sets"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sets, in the order of the file."""
        return tuple(self.units or self.scores)

    def write(self, path: str | Path) -> None:
        """Write the file, a line for each key and each set."""
        kind = next((str(a.dtype) for groups in self.scores.values() for a in groups.values()), None)
        value: dict[str, Any] = {
            "format": FORMAT,
            "model": {key: self.model.get(key) for key in MODEL_KEYS},
            "groups": [{key: getattr(group, key) for key in GROUP_KEYS} for group in self.groups],
            "score": {"type": kind, **(self.score or {})} if kind else self.score,
            "selection": self.selection,
            "text": self.text,
            "controls": list(self.controls),
            "provenance": self.provenance or {},
        }
        lines = [f"{_json(key)}: {_json(one)}" for key, one in value.items()]
        sets = [f"  {_json(name)}: {_json(self._set(name))}" for name in self.names]
        lines.append('"sets": {\n' + ",\n".join(sets) + "\n }")
        write_text(path, "{\n " + ",\n ".join(lines) + "\n}\n")

    def _set(self, name: str) -> dict[str, Any]:
        if self.units:
            return {"units": {key: indices.tolist() for key, indices in self.units[name].items()}}
        return {"scores": {key: _numbers(values) for key, values in self.scores[name].items()}}


def is_unit_sets(path: Path) -> bool:
    """Tell whether a file is JSON by how it begins; what else it holds is not looked at."""
    with path.open("rb") as handle:
        return handle.read(64).lstrip()[:1] == b"{"


def read_unit_sets(path: str | Path) -> UnitSets:
    """Read a file. UserError: it is not one; one line says what is wrong, and where."""
    value, where = read_json(path), str(path)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else type(value).__name__
        _wrong(where, "format", f"is {found!r}, not {FORMAT!r}")
    _known(where, "", value, KEYS)
    for key in ("model", "groups", "sets"):
        if key not in value:
            raise UserError(f"{where}: {key} is missing")
    model = _object(where, "model", value["model"])
    _known(where, "model", model, MODEL_KEYS)
    groups = tuple(_groups(where, value["groups"]))
    if any(group.kind == FEATURE for group in groups) and not model.get("dictionary"):
        _wrong(where, "model.dictionary", "is missing: features need the name of what they are features of")
    score, kind = _score(where, value.get("score"))
    units, scores = _sets(where, value["sets"], {group.key: group.size for group in groups}, kind)
    optional = {
        key: None if value.get(key) is None else _object(where, key, value[key])
        for key in ("selection", "provenance")
    }
    text = value.get("text")
    if not isinstance(text, str | dict | None):
        _wrong(where, "text", "is neither a SHA-256 nor an object of them")
    controls = value.get("controls", [])
    if not isinstance(controls, list) or not all(isinstance(one, dict) for one in controls):
        _wrong(where, "controls", "is not a list of objects")
    return UnitSets(
        groups, units, scores, model, score, optional["selection"], text, tuple(controls),
        optional["provenance"], where,
    )  # fmt: skip


def _groups(where: str, value: Any) -> Iterator[Group]:
    if not isinstance(value, list) or not value:
        _wrong(where, "groups", "is not a list of groups")
    keys: set[str] = set()
    for number, one in enumerate(value):
        place = f"groups[{number}]"
        _known(where, place, _object(where, place, one), GROUP_KEYS)
        if absent := [key for key in GROUP_KEYS if key not in one]:
            _wrong(where, f"{place}.{absent[0]}", "is missing")
        for key in ("key", "kind", "stack"):
            if not isinstance(one[key], str) or not one[key]:
                _wrong(where, f"{place}.{key}", f"is {one[key]!r}, not a name")
        for key, least in (("layer", 0), ("size", 1)):
            if type(one[key]) is not int or one[key] < least:
                _wrong(where, f"{place}.{key}", f"is {one[key]!r}, not a whole number of at least {least}")
        for key, known in (("kind", (*KINDS, FEATURE)), ("stack", STACKS)):
            if one[key] not in known:
                said = f"is {one[key]!r}, not one of {', '.join(known)}{nearest(one[key], known)}"
                _wrong(where, f"{place}.{key}", said)
        if one["key"] in keys:
            _wrong(where, f"{place}.key", f"is {one['key']!r}, the name of two groups")
        keys.add(one["key"])
        yield Group(**{key: one[key] for key in GROUP_KEYS})


def _score(where: str, value: Any) -> tuple[dict[str, Any] | None, str | None]:
    """Return what the file says of the score, and the type of its numbers."""
    if value is None:
        return None, None
    score = dict(_object(where, "score", value))
    kind = score.pop("type", None)
    if kind is not None and kind not in SCORE_TYPES:
        _wrong(where, "score.type", f"is {kind!r}, not one of {', '.join(SCORE_TYPES)}")
    return score, kind


Units = dict[str, dict[str, NDArray[np.int64]]]
Scores = dict[str, dict[str, NDArray[Any]]]


def _sets(where: str, value: Any, sizes: Mapping[str, int], kind: str | None) -> tuple[Units, Scores]:
    sets = _object(where, "sets", value)
    total = sum(sizes.values())
    if not sets:
        _wrong(where, "sets", "is empty")
    if total > MOST_UNITS or total * len(sets) > MOST_BITS:
        _wrong(where, "groups", f"{total} units in {len(sets)} sets are more than are read")
    units: Units = {}
    scores: Scores = {}
    parts = None
    for name, one in sets.items():
        place = f"sets.{name}"
        _known(where, place, _object(where, place, one), ("units", "scores"))
        if len(one) != 1:
            _wrong(where, place, f"has {'both' if one else 'neither'} units {'and' if one else 'nor'} scores")
        if parts is not None and one.keys() != parts:
            _wrong(where, place, f"has {next(iter(one))}, sets before it have {next(iter(parts))}")
        parts = one.keys()
        if "units" in one:
            listed = _named_groups(where, f"{place}.units", one["units"], sizes)
            units[name] = {
                key: _indices(where, f"{place}.units.{key}", listed.get(key, []), size)
                for key, size in sizes.items()
            }
        if "scores" in one:
            given = _named_groups(where, f"{place}.scores", one["scores"], sizes)
            scores[name] = {
                key: _values(where, f"{place}.scores.{key}", given.get(key), size, kind)
                for key, size in sizes.items()
            }
    return units, scores


def _named_groups(where: str, place: str, value: Any, sizes: Mapping[str, int]) -> Mapping[str, Any]:
    groups = _object(where, place, value)
    for key in groups:
        if key not in sizes:
            _wrong(where, place, f"names {key!r}, which is no group of the file{nearest(key, sizes)}")
    return groups


def _indices(where: str, place: str, value: Any, size: int) -> NDArray[np.int64]:
    # True and False are of a class of int, and no indices.
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        _wrong(where, place, "is not a list of indices")
    if wrong := [one for one in value if not 0 <= one < size]:
        _wrong(where, place, f"lists unit {wrong[0]}, it has {size}")
    indices = np.sort(np.array(value, dtype=np.int64))
    if (twice := indices[1:][np.diff(indices) == 0]).size:
        _wrong(where, place, f"lists unit {twice[0]} more than once")
    return indices


def _values(where: str, place: str, value: Any, size: int, kind: str | None) -> NDArray[Any]:
    if kind is None:
        _wrong(where, "score.type", f"is missing: scores need one of {', '.join(SCORE_TYPES)}")
    wanted = (int,) if kind == "int64" else (int, float, type(None))
    if not isinstance(value, list) or not all(type(one) in wanted for one in value):
        _wrong(where, place, f"is not a list of {kind} numbers")
    if len(value) != size:
        _wrong(where, place, f"has {len(value)} numbers, its group has {size} units")
    try:
        return np.array([np.nan if one is None else one for one in value], dtype=kind)
    except OverflowError:
        _wrong(where, place, f"has a number beyond {kind}")


def _numbers(values: NDArray[Any]) -> list[Any]:
    """Return scores as JSON has them: an undefined one is null. UserError: one is infinite."""
    if np.isinf(values).any():
        raise UserError(f"score {values[np.isinf(values)][0]} of a unit: JSON has no infinite number")
    return [None if one != one else one for one in values.tolist()]


def _object(where: str, place: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _wrong(where, place, "is not an object")
    return value


def _known(where: str, place: str, value: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in value:
        if key not in known:
            _wrong(where, f"{place}.{key}".lstrip("."), f"is no key of {FORMAT}{nearest(key, known)}")


def _wrong(where: str, place: str, said: str) -> NoReturn:
    raise UserError(f"{where}: {place} {said}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
