"""When an FFN neuron is active: the rule by which positions are counted.

With gate z (of an FFN without gates the neuron's input sum) and value h, which the second layer reads:

- ``sign``: act(z) > 0. After ReLU that is the rule of Neuron Specialization; after SiLU and GELU, and of the
  gate where the FFN has one, that of LAPE (Tang et al. 2024);
- ``threshold:0.1``: |h| > 0.1;
- ``nonzero``: h is not 0, which says something after ReLU alone: SiLU and GELU are 0 almost nowhere.

How strong a neuron is where it is not counted, the score ``magnitude`` says: the mean of |h|.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workflow_scripts.common.errors import UserError, nearest

RULES = ("sign", "threshold", "nonzero")
#: And as they are written, the second with a number.
WRITTEN = ("sign", "threshold:0.1", "nonzero")
#: Functions whose value has the sign of what they take, and their names in configurations.
FUNCTIONS: Mapping[str, str] = {
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_new",
}


@dataclass(frozen=True)
class Activation:
    """What FFN neurons compute: the function, and whether its value is a gate that is multiplied."""

    function: str = "relu"
    gated: bool = False

    @property
    def is_zero_or_more(self) -> bool:
        """Whether no activated value is negative."""
        return self.function == "relu"

    def __str__(self) -> str:
        return f"{self.function}, gated" if self.gated else self.function


@dataclass(frozen=True)
class Rule:
    """A parsed rule; ``threshold``: of that rule."""

    text: str = "sign"
    name: str = "sign"
    threshold: float | None = None


SIGN, RELU = Rule(), Activation()
#: The key of a score for what it says of its rule.
ACTIVE = "active"
#: Of a score that counts nothing: it adds up |h|.
MAGNITUDE = Rule("magnitude", "magnitude")


def parse_rule(text: str, activation: Activation) -> Rule:
    """Return the rule that ``text`` names; UserError for another, or one that says nothing of them."""
    name, colon, value = text.partition(":")
    if name not in RULES or bool(colon) != (name == "threshold"):
        raise UserError(f"rule: {text!r} is not sign, threshold:0.1 or nonzero{nearest(text, WRITTEN)}")
    if name == "nonzero" and activation != RELU:
        raise UserError(
            f"rule: 'nonzero' would count nearly every position: neurons of this model ({activation}) are"
            " seldom 0 where they are not active; write 'sign'"
        )
    if name != "threshold":
        return Rule(name, name)
    try:
        threshold = float(f"{float(value):.15g}")
    except ValueError:
        raise UserError(f"rule: {value!r} is not a number; write 'threshold:0.1'") from None
    if not 0 < threshold < float("inf"):
        raise UserError(f"rule: threshold {value} is not above 0; write 'sign' for that")
    return Rule(f"threshold:{threshold:.15g}", name, threshold)


def facts(rule: Rule, activation: Activation) -> dict[str, Any]:
    """Return what a score says of its rule, under the key ``ACTIVE``: nothing for those of a network with
    ReLU that have no choice."""
    if rule in (SIGN, MAGNITUDE) and activation == RELU:
        return {}
    return {ACTIVE: {"rule": rule.text, **asdict(activation)}}


def in_words(rule: Rule, activation: Activation) -> str:
    """Return the end of ``counting``, by which scores of other rules are told apart; empty as ``facts``."""
    return facts_in_words(facts(rule, activation))


def facts_in_words(said: Mapping[str, Any]) -> str:
    """Return the same of what a score says of itself: its ``metadata``, or ``facts``."""
    if ACTIVE not in said:
        return ""
    function = {name: value for name, value in said[ACTIVE].items() if name != "rule"}
    return f", active by {said[ACTIVE]['rule']} ({Activation(**function)})"
