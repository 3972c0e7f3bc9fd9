"""How a mask acts on the units that it leaves out, for each kind of unit: the key ``gate``.

- ``row``: an FFN neuron's row of the first weight is zero, its bias stays (Neuron Specialization, section 3);
- ``zero``: the unit's value is zero; ``mean``: its mean over text; ``scale:0.5``: its value times 0.5;
- ``gradient``: the forward pass is whole, and the unit's input weights get no gradient; of a head with
  ``gradient_qkvo`` its output weights get none either.
"""

from dataclasses import dataclass

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.space import KINDS

#: Of a file without the key.
DEFAULT_GATES = {"ffn": "row", "head": "zero", "resid": "zero", "weight": "zero"}
#: Gates that leave the forward pass whole.
GRADIENT_GATES = ("gradient", "gradient_qkvo")
GATES = ("row", "zero", "mean", "scale", *GRADIENT_GATES)

#: Kinds of units that have weights of their own, to the value of `parameters` that trains these alone.
OWN_WEIGHTS = {"ffn": "ffn", "head": "heads"}


@dataclass(frozen=True)
class Gate:
    """A parsed gate; ``factor``: of ``scale``."""

    text: str
    name: str
    factor: float | None = None


def parse_gate(text: str, kind: str) -> Gate:
    """Return the gate that ``text`` names for a kind of unit; UserError with the nearest right form."""
    if kind not in KINDS:
        raise UserError(f"gate: {kind!r} is not a kind of unit: {', '.join(KINDS)}{nearest(kind, KINDS)}")
    name, colon, factor = text.partition(":") if isinstance(text, str) else ("", "", "")
    if name not in GATES or (bool(colon) != (name == "scale")):
        known = "row, zero, mean, scale:0.5 or gradient"
        raise UserError(f"gate.{kind}: {text!r} is not {known}{nearest(name, GATES)}")
    if kind == "weight" and name != "zero":
        raise UserError(
            f"gate.{kind}: {text!r} is for units with values; a weight that is left out is 'zero'"
        )
    if name == "gradient_qkvo" and kind != "head":
        raise UserError(f"gate.{kind}: {text!r} is for attention heads; write 'gradient'")
    if name == "row" and kind != "ffn":
        raise UserError(f"gate.{kind}: 'row' is for FFN neurons; write 'zero'")
    if name != "scale":
        return Gate(name, name)
    try:
        value = float(f"{float(factor):.15g}")  # what its text says
    except ValueError:
        raise UserError(f"gate.{kind}: {factor!r} is not a number; write 'scale:0.5'") from None
    if not abs(value) < float("inf") or value in (0, 1):
        raise UserError(f"gate.{kind}: 'scale' takes a number other than 0 ('zero') and 1 (no change)")
    return Gate(f"scale:{value:.15g}", name, value)
