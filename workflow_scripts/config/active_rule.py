"""The key `activations.rule`: where a neuron is active, and what counts by the usual rule alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.activity import RELU, SIGN, parse_rule

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def _read(text: str) -> str:
    # What the neurons compute is known when the model is opened; of ReLU every rule says something.
    try:
        return parse_rule(text, RELU).text
    except UserError as error:
        raise ValueError(str(error).removeprefix("rule: ")) from None


#: A rule in its shortest spelling, so that two spellings of a threshold rerun nothing.
ActiveRule = Annotated[str, AfterValidator(_read)]


def other_rule(experiment: Experiment) -> str | None:
    """Return the rule where it is not the usual one: what the counts are compared by, and their option."""
    rule = experiment.activations.rule
    return None if rule == SIGN.text else rule


def rule_problems(experiment: Experiment) -> Iterable[str]:
    """Yield a line for each thing that counts by the usual rule alone."""
    if other_rule(experiment) is None:
        return
    counted = {"analysis.stability": experiment.analysis.stability is not None}
    counted |= {f"systems.{name}.renew": one.renew is not None for name, one in experiment.systems.items()}
    for key in (key for key, given in counted.items() if given):
        yield f"{key}: counts by the rule sign, and activations.rule is {experiment.activations.rule}"
