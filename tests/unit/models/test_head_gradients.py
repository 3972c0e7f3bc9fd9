"""Masks of heads laid on gradients (IAT): the output is the whole network's, and a head that a mask leaves
out learns nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.gates import Gates  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.linear import Linear  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ROWS = ("de-en", "en-de")
SHAPE = Architecture(2, 1, 8, 16, 2, dropout=0.0)
#: Two heads of four rows each: in two layers of the encoder, in the decoder's self- and cross-attention.
HEADS = model_space(SHAPE.to_dict(), ("head",))
KEEP = np.array([[1, 0, 1, 1, 0, 1, 0, 1], [0, 1, 1, 0, 1, 1, 0, 1]], dtype=bool)
ATTENTIONS = {
    "encoder.0.self": "encoder.layers.0.self_attn",
    "encoder.1.self": "encoder.layers.1.self_attn",
    "decoder.0.self": "decoder.layers.0.self_attn",
    "decoder.0.cross": "decoder.layers.0.encoder_attn",
}


def network_of(pre_norm: bool = True) -> Any:
    torch.manual_seed(11)
    network = build_network(Architecture(2, 1, 8, 16, 2, pre_norm=pre_norm, dropout=0.0), 12).double()
    for name, parameter in network.named_parameters():
        if name.endswith("_proj.bias"):
            torch.nn.init.uniform_(parameter, -1.0, 1.0)
    return network


def masks(keep: Any = KEEP) -> MaskTable:
    return MaskTable(ROWS, keep, HEADS, {})


def logits(network: Any) -> Any:
    source = torch.tensor([[1, 5, 6, 2], [7, 8, 9, 2], [1, 1, 9, 2]])
    return network(source, torch.tensor([3, 4, 2]), torch.tensor([[2, 10, 5], [2, 11, 1], [2, 10, 7]]))[0]


def gradients(network: Any, output: Any) -> dict[str, Any]:
    network.zero_grad()
    output.square().sum().backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


def left_out(row: str, names: tuple[str, ...] = ("q", "k", "v")) -> dict[str, Any]:
    """What a row leaves out of the projections, by hand: parameter → bool [8], rows; of ``out`` columns."""
    found = {}
    for number, attention in enumerate(ATTENTIONS.values()):
        out = ~KEEP[ROWS.index(row), 2 * number : 2 * number + 2]
        rows = torch.tensor([out[0]] * 4 + [out[1]] * 4)
        for name in names:
            found[f"{attention}.{name}_proj.weight"] = rows
            if name != "out":
                found[f"{attention}.{name}_proj.bias"] = rows
    return found


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("gate", ["gradient", "gradient_qkvo"])
def test_a14_the_detached_form_is_the_masked_gradient_exactly(pre_norm: bool, gate: str) -> None:
    """In float64 to the bit: the output is the plain network's, and so is every gradient, but for zeros in
    the rows of query, key and value and their biases (in columns of the output projection) of other heads."""
    network = network_of(pre_norm)
    plain = logits(network)
    expected = gradients(network, plain)
    names = ("q", "k", "v") if gate == "gradient" else ("q", "k", "v", "out")
    for name, out in left_out("en-de", names).items():
        # (That of a bias of keys is zero but for rounding: it moves all scores of a query alike.)
        assert name.endswith("bias") or expected[name].any()
        expected[name][(slice(None), out) if "out_proj" in name else out] = 0.0
    with Gates(network, masks(), {"head": gate}).use("en-de"):
        output = logits(network)
        found = gradients(network, output)
    assert torch.equal(output, plain)
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []
    linears = [module for module in network.modules() if isinstance(module, Linear)]
    assert all(one.gate is None and one.columns is None and not one.gates_bias for one in linears)
    assert gradients(network, logits(network)).keys() == expected.keys()


@pytest.mark.parametrize("gate", ["gradient", "gradient_qkvo"])
def test_sentences_of_several_directions_add_up_to_what_each_may_change(gate: str) -> None:
    """A batch of both directions has the sum of the gradients that their sentences have alone, and what
    neither direction keeps has none: of the cross-attention both keep the second head alone. (Head by head,
    fairseq's attention takes its softmax in single precision.)"""
    network = network_of()
    gates = Gates(network, masks(), {"head": gate})
    with gates.use_rows(["en-de", "de-en", "en-de"]):
        output = logits(network)
        mixed = gradients(network, output)
    torch.testing.assert_close(output, logits(network), rtol=0, atol=1e-6)
    alone = []
    for row, kept in (("en-de", [0, 2]), ("de-en", [1])):
        with gates.use(row):
            alone.append(gradients(network, logits(network)[kept]))
    for name, found in mixed.items():
        torch.testing.assert_close(found, alone[0][name] + alone[1][name], rtol=1e-4, atol=1e-5)
    value = mixed["decoder.layers.0.encoder_attn.v_proj.weight"]
    assert not value[:4].any() and value[4:].any(dim=1).all()


def test_an_update_of_two_directions_moves_what_each_keeps() -> None:
    """Gradients of batches one after the other add up, as where batches are accumulated or exchanged."""
    network = network_of()
    gates = Gates(network, masks(), {"head": "gradient"})
    network.zero_grad()
    for row in ROWS:
        with gates.use(row):
            logits(network).square().sum().backward()
    both = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
    whole = gradients(network, logits(network))
    for number, attention in enumerate(ATTENTIONS.values()):
        name = f"{attention}.v_proj.weight"
        for head, rows in enumerate((slice(0, 4), slice(4, 8))):
            # Each direction has the whole network's gradient, or none.
            times = int(KEEP[:, 2 * number + head].sum())
            torch.testing.assert_close(both[name][rows], times * whole[name][rows], rtol=1e-12, atol=1e-14)


def test_gates_of_heads_that_were_not_used_are_named() -> None:
    network = network_of()
    gates = Gates(network, masks(), {"head": "gradient_qkvo"})
    silent = r"never used in: decoder\.0\.self\.q, .*decoder\.0\.cross\.out$"
    with pytest.raises(RuntimeError, match=silent), gates.use("de-en"):
        network.encoder(torch.tensor([[5, 6, 2]]), torch.tensor([3]))


def test_masks_of_neurons_and_heads_together() -> None:
    network = network_of()
    space = model_space(SHAPE.to_dict(), ("ffn", "head"))
    keep = np.ones((1, space.size), dtype=bool)
    keep[0, space.flat("encoder.0.ffn", 3)] = keep[0, space.flat("encoder.0.self", 1)] = False
    whole = gradients(network, logits(network))
    gates = Gates(network, MaskTable(["de-en"], keep, space, {}), {"ffn": "gradient", "head": "gradient"})
    with gates.use("de-en"):
        found = gradients(network, logits(network))
    changed = {name for name in whole if not torch.equal(found[name], whole[name])}
    attention = [
        f"encoder.layers.0.self_attn.{part}_proj.{kind}" for part in "qkv" for kind in ("weight", "bias")
    ]
    assert changed == {"encoder.layers.0.fc1.weight", *attention}
