"""Masks of units: which units each task keeps, all tasks in one ``.npz``, the bits packed there and here."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.gating import DEFAULT_GATES, parse_gate
from workflow_scripts.units.score_table import score_of
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.unit_table import UnitTable

#: The fact of masks that a training made again: after how many of its updates.
RENEWED = "renewed"
REQUIRED_KEYS = ("rule", "k", "ties", "counting", "weights_sha256", "data_sha256")


class MaskTable(UnitTable):
    """``keep[row, flat unit id]``, True where the row's task keeps the unit.

    In memory these are ``bits``, eight units a byte: ``keep`` unpacks all rows, ``row`` one.

    ``manifest`` has ``rule`` (the selector's name, or the kind of rows made of other masks), ``k`` (decimal
    text, of ``mass``), ``ties`` (how equal scores were ordered), ``counting`` (how scores were made),
    ``weights_sha256`` (of the model) and ``data_sha256`` ({direction: hash of the text}), any of them null;
    ``select`` where ``rule`` and ``k`` do not imply the selector, ``gate`` where it is not the default; and
    perhaps more.
    """

    WHAT = "mask"
    FORMAT = "neuronspec-masks-1"

    def __init__(
        self,
        rows: Iterable[str],
        keep: NDArray[np.bool_] | NDArray[np.uint8],
        space: UnitSpace,
        manifest: Mapping[str, Any],
        origin: str = "masks",
    ) -> None:
        """Take masks, bool [rows, units], or their bits, uint8 [rows, bytes], each row as ``numpy.packbits``
        makes it."""
        if keep.dtype not in (np.bool_, np.uint8):
            raise TypeError(f"masks are bool or bytes of bits, not {keep.dtype}")
        facts = {**dict.fromkeys(REQUIRED_KEYS), **manifest}
        self.gates = _gates(facts.pop("gate", None) or {}, space, origin)
        if changed := {kind: text for kind, text in self.gates.items() if text != DEFAULT_GATES[kind]}:
            facts["gate"] = changed
        if facts.get("select") == _implied(facts):
            facts.pop("select", None)
        super().__init__(rows, keep, space, facts, origin)
        self.bits = np.packbits(keep, axis=1) if keep.dtype == np.bool_ else keep.astype(np.uint8, copy=False)
        self._values = self.bits
        self.manifest: Mapping[str, Any] = self._facts

    @property
    def keep(self) -> NDArray[np.bool_]:
        """Every row, bool [rows, units], unpacked anew."""
        return np.unpackbits(self.bits, axis=1, count=self.space.size).view(np.bool_)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        if self._values.dtype != np.uint8:
            super()._check_shape(shape)
        elif shape != (expected := (len(self.rows), -(-self.space.size // 8))):
            raise ValueError(f"bits {shape}, but its rows and units need {expected}")

    def _row(self, number: int) -> NDArray[np.bool_]:
        return np.unpackbits(self.bits[number], count=self.space.size).view(np.bool_)

    @property
    def select(self) -> str | Mapping[str, Any] | None:
        """How the units were selected: a selector's text, four of them, or None where that is not known."""
        found: str | Mapping[str, Any] | None = self.manifest.get("select", _implied(self.manifest))
        return found

    @property
    def of(self) -> str:
        """The score by which the units were selected, as the key ``of`` of a mask set has it."""
        return score_of(self.manifest["counting"])

    def row_sha256(self, name: str) -> str:
        """Return the hash of a row's bits, the space and the gates: what its decoding depends on."""
        digest = hashlib.sha256(self.space.to_json().encode("utf-8"))
        digest.update(np.packbits(self.row(name)).tobytes())
        if "gate" in self.manifest:
            digest.update(json.dumps(self.manifest["gate"], sort_keys=True).encode("utf-8"))
        return digest.hexdigest()

    def write(self, path: str | Path) -> None:
        """Write the table to ``path`` atomically."""
        self._write(path, {"bits": self.bits}, self.manifest)

    @classmethod
    def _unpack(
        cls, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]
    ) -> tuple[NDArray[Any], Mapping[str, Any]]:
        if (bits := arrays["bits"]).dtype != np.uint8:
            raise TypeError(f"bits of type {bits.dtype}, not bytes")
        return bits, manifest


def _implied(facts: Mapping[str, Any]) -> str | None:
    """Return the selector that ``rule`` and ``k`` imply; of rows made of masks, that of these."""
    rule = facts.get("like_rule", facts.get("rule"))
    return f"mass:{facts['k']}" if rule == "mass" else "all" if rule == "all" else None


def _gates(given: Mapping[str, str], space: UnitSpace, origin: str) -> dict[str, str]:
    if unknown := [kind for kind in given if kind not in space.kinds]:
        raise UserError(
            f"{origin}: gate: no {unknown[0]!r} units in these masks, but {', '.join(space.kinds)}"
        )
    try:
        return {kind: parse_gate(given.get(kind, DEFAULT_GATES[kind]), kind).text for kind in space.kinds}
    except UserError as error:
        raise UserError(f"{origin}: {error}") from None
