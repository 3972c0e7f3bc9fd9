"""FFNs worked out by hand: counts by each rule, masked rows, removed units and folded biases, of the
library's own activation functions and gated FFN."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import T5Config
from transformers.activations import ACT2FN
from transformers.models.t5.modeling_t5 import T5DenseGatedActDense

from workflow_scripts.activations.count_activations import ActivationCounter
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.linear import Linear
from workflow_scripts.models.sites import Site, taps
from workflow_scripts.units.activity import FUNCTIONS, Activation, parse_rule
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitGroup, UnitSpace

W1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [2.0, -1.0]])
B1 = torch.tensor([0.5, -1.0, 0.0, -2.0])
W2 = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, -1.0, 0.5]])
B2 = torch.tensor([0.1, -0.2])
X = torch.tensor([[[1.0, 2.0], [-1.0, 3.0], [0.0, 0.0], [3.0, -1.0]]])  # B 1, T 4
GROUP = UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 4)
SPACE = UnitSpace([GROUP])
KEEP = MaskTable(["row"], torch.tensor([[True, False, True, False]]).numpy(), SPACE, {})
GONE = [1, 3]


def linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> Linear:
    made = Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.batch_first = True
    with torch.no_grad():
        made.weight.copy_(weight)
        if bias is not None:
            made.bias.copy_(bias)
    return made


def plain(function: str) -> tuple[nn.Sequential, Site]:
    ffn = nn.Sequential(linear(W1, B1), ACT2FN[function], linear(W2, B2))
    return ffn, Site(GROUP, ffn[2], rows=ffn[0], batch_first=True)


def gated() -> tuple[nn.Module, Site]:
    ffn = T5DenseGatedActDense(T5Config(d_model=2, d_ff=4, feed_forward_proj="gated-gelu", dropout_rate=0.0))
    ffn.wi_0, ffn.wi_1 = linear(W1), linear(torch.tensor([[1.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, -1.0]]))
    ffn.wo = linear(W2)
    return ffn, Site(GROUP, ffn.wo, rows=ffn.wi_0, factor=ffn.wi_1, gate=ffn.act, batch_first=True)


def counted(ffn: nn.Module, site: Site, activation: Activation, rule: str) -> list[int]:
    by = parse_rule(rule, activation)
    counter = ActivationCounter(SPACE, torch.device("cpu"), False, by, activation)
    there = [site.at_gate() if by.threshold is None else site]
    real = torch.ones(4, 1, dtype=torch.bool)
    with torch.no_grad(), taps(there, counter, lambda _: real):
        ffn(X)
    return counter.counts.tolist()


@pytest.mark.parametrize(
    ("function", "not_zero"),
    [("relu", [3, 2, 2, 1]), ("silu", [4, 4, 3, 4]), ("gelu", [4, 4, 3, 3])],
)
def test_counts_by_hand(function, not_zero):
    """Of SiLU and GELU the sign is the input's; what is not 0 is nearly every position."""
    ffn, site = plain(function)
    activation = Activation(FUNCTIONS[function])
    assert counted(ffn, site, activation, "sign") == [3, 2, 2, 1]
    # As small as it may be: what is not 0, but for underflow.
    assert counted(ffn, site, activation, "threshold:1e-30") == not_zero
    # Before the function the units are 1.5 -.5 .5 3.5 · 1 2 -1 -2 · 1 4 0 -4 · -2 -7 -2 5; above 1 are those
    # of 1.5 and 3.5; 2; 4; 5 (silu(1) is .73, gelu(1) .84, relu(1) 1, and below 0 |silu| is at most .28).
    assert counted(ffn, site, activation, "threshold:1") == [2, 1, 1, 1]


def test_counts_of_a_gated_ffn_by_hand():
    ffn, site = gated()
    activation = Activation("gelu_new", gated=True)
    assert counted(ffn, site, activation, "sign") == [2, 2, 2, 1]
    values: list[torch.Tensor] = []
    real = torch.ones(4, 1, dtype=torch.bool)
    with torch.no_grad(), taps([site], lambda _, seen, __: values.append(seen), lambda _: real):
        ffn(X)
    (product,) = values
    # The sign of what the second layer reads is that of gate x factor: other units.
    assert (product > 0).sum(dim=(0, 1, 3)).tolist() == [2, 2, 0, 2]
    assert (product != 0).sum(dim=(0, 1, 3)).tolist() == [3, 3, 3, 2]


@pytest.mark.parametrize(
    ("function", "folded", "masked", "removed"),
    [
        ("relu", [0.1, -0.2], [4.6, -1.2], [4.6, -1.2]),
        ("silu", [-1.391506217, -0.588144346], [2.028031233, -1.319202925], [3.519537452, -0.931058582]),
        ("gelu", [-0.399311562, -0.381405389], [3.524511874, -1.222750135], [4.023823438, -1.041344749]),
    ],
)
def test_masked_rows_and_removed_units_by_hand(function, folded, masked, removed):
    ffn, site = plain(function)
    act = ACT2FN[function]
    for gate, expected in (("row", masked), ("zero", removed)):
        with torch.no_grad(), Gates(ffn, [site], KEEP, {"ffn": gate}).use("row"):
            found = ffn(X)
        assert found[0, 0].tolist() == pytest.approx(expected, abs=1e-6)
    bias = B2 + W2[:, GONE] @ act(B1[GONE])
    assert bias.tolist() == pytest.approx(folded, abs=1e-6)
    # Cut out and folded, the function is that of masked rows, at every position.
    with torch.no_grad(), Gates(ffn, [site], KEEP).use("row"):
        found = ffn(X)
    compact = act(X @ W1[[0, 2]].t() + B1[[0, 2]]) @ W2[:, [0, 2]].t() + bias
    torch.testing.assert_close(found, compact, rtol=0, atol=1e-6)


def test_of_a_gated_ffn_without_biases_a_masked_row_is_a_removed_unit():
    ffn, site = gated()
    found = {}
    for gate in ("row", "zero"):
        with torch.no_grad(), Gates(ffn, [site], KEEP, {"ffn": gate}).use("row"):
            found[gate] = ffn(X)
    assert torch.equal(found["row"], found["zero"]) and not torch.equal(found["row"], ffn(X))


def test_other_gates_by_hand():
    """After ReLU x1 gives 1.5, 1, 1, 0; so W2 h + b2 of the kept units 0 and 2 is 4.6, -1.2, as above."""
    ffn, site = plain("relu")
    means = {GROUP.key: torch.tensor([[9.0], [0.5], [9.0], [2.0]])}
    # Half of unit 1: + .5 (2, 1); means .5 and 2 of units 1 and 3: + .5 (2, 1) + 2 (4, .5).
    for gate, expected in (("scale:0.5", [5.6, -0.7]), ("mean", [13.6, 0.3])):
        with torch.no_grad(), Gates(ffn, [site], KEEP, {"ffn": gate}, means).use("row"):
            assert ffn(X)[0, 0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("make", [lambda: plain("silu"), gated], ids=["plain", "gated"])
def test_a_gradient_gate_changes_no_output_and_stops_both_rows(make):
    ffn, site = make()
    whole = ffn(X)
    with Gates(ffn, [site], KEEP, {"ffn": "gradient"}).use("row"):
        found = ffn(X)
        found.square().sum().backward()
    torch.testing.assert_close(found, whole)
    for one in (site.rows, site.factor):
        if one is not None:
            assert not one.weight.grad[GONE].any() and one.weight.grad[[0, 2]].any(dim=1).all()


def test_a_gate_that_was_never_used_is_named():
    ffn, site = gated()
    for gate in ("row", "zero"):
        with (
            pytest.raises(RuntimeError, match=r"masks were selected but never used in: encoder\.0\.ffn"),
            Gates(ffn, [site], KEEP, {"ffn": gate}).use("row"),
        ):
            pass


def test_gates_of_sentences_are_those_of_each_alone():
    """Two sentences of a batch, the first with the mask, the second whole."""
    keep = torch.tensor([[True, False, True, False], [True] * 4]).numpy()
    both = MaskTable(["row", "all"], keep, SPACE, {})
    for ffn, site in (plain("gelu"), gated()):
        for gate in ("row", "zero", "gradient"):
            gates = Gates(ffn, [site], both, {"ffn": gate})
            with torch.no_grad():
                with gates.use("row"):
                    alone = ffn(X)
                with gates.use_rows(["row", "all"]):
                    found = ffn(torch.cat([X, X]))
            torch.testing.assert_close(found, torch.cat([alone, ffn(X)]))
            with pytest.raises(RuntimeError, match="gates of 2 sentences"), gates.use_rows(["row", "all"]):
                ffn(X)
