"""Rules of activity: what each text means, which say nothing of some neurons, and what a score says of it."""

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.activity import (
    MAGNITUDE,
    RELU,
    SIGN,
    Activation,
    Rule,
    facts,
    facts_in_words,
    in_words,
    parse_rule,
)

SILU, GATED = Activation("silu"), Activation("gelu_new", gated=True)


def test_the_rules():
    assert parse_rule("sign", GATED) == Rule() == SIGN
    assert parse_rule("threshold:0.10", SILU) == Rule("threshold:0.1", "threshold", 0.1)
    assert parse_rule("nonzero", RELU) == Rule("nonzero", "nonzero")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sine", r"rule: 'sine' is not sign, threshold:0\.1 or nonzero \(did you mean 'sign'\?\)"),
        ("threshold", "rule: 'threshold' is not sign"),
        ("sign:0", "rule: 'sign:0' is not sign"),
        ("threshold:much", "rule: 'much' is not a number"),
        ("threshold:0", "rule: threshold 0 is not above 0"),
        ("threshold:nan", "rule: threshold nan is not above 0"),
    ],
)
def test_other_texts_are_refused(text, said):
    with pytest.raises(UserError, match=said):
        parse_rule(text, RELU)


@pytest.mark.parametrize("activation", [SILU, GATED, Activation("relu", gated=True)])
def test_not_zero_says_nothing_where_neurons_are_almost_nowhere_zero(activation):
    """Counts would be the same for all neurons, and a selection would keep the first ones by index."""
    with pytest.raises(UserError, match="rule: 'nonzero' would count nearly every position"):
        parse_rule("nonzero", activation)


def test_what_a_score_says_of_its_rule():
    """Nothing where it is the published one, so that files of earlier versions are of that rule."""
    assert (facts(SIGN, RELU), in_words(SIGN, RELU)) == ({}, "")
    said = {"active": {"rule": "sign", "function": "gelu_new", "gated": True}}
    assert facts(SIGN, GATED) == said
    assert in_words(SIGN, GATED) == ", active by sign (gelu_new, gated)"
    assert facts(MAGNITUDE, RELU) == {}
    assert facts(MAGNITUDE, SILU) == {"active": {"rule": "magnitude", "function": "silu", "gated": False}}
    half = parse_rule("threshold:0.5", RELU)
    assert facts(half, RELU) == {"active": {"rule": "threshold:0.5", "function": "relu", "gated": False}}
    assert in_words(half, RELU) == ", active by threshold:0.5 (relu)"
    assert facts_in_words({"more": 1, **facts(half, RELU)}) == ", active by threshold:0.5 (relu)"
    assert facts_in_words({"more": 1}) == ""
