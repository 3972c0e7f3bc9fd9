"""Gates: the masked forward of spec 3.4 by hand, its exact equivalences, and that no gate is silent."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workflow_scripts.errors import UserError
from workflow_scripts.models.fairseq.gates import GateBank, GatedLinear, gate_points
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.units.architecture import Architecture

ROWS = ("de-en", "en-de")


def tiny_ffn() -> tuple[GatedLinear, nn.Linear]:
    fc1, fc2 = nn.Linear(2, 3), nn.Linear(3, 1)
    with torch.no_grad():
        fc1.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, -1.0], [-2.0, 1.0]]))
        fc1.bias.copy_(torch.tensor([0.5, -4.0, 2.0]))
        fc2.weight.copy_(torch.tensor([[1.0, 10.0, 100.0]]))
        fc2.bias.copy_(torch.tensor([0.25]))
    return GatedLinear(fc1), fc2


def ffn_network(pre_norm: bool = True, dtype: torch.dtype = torch.float32) -> nn.Module:
    torch.manual_seed(11)
    network = build_network(Architecture(2, 1, 8, 16, 2, pre_norm=pre_norm, dropout=0.0), 12)
    # Large biases, so that the constants of masked units are felt.
    for point in (*network.encoder.layers, *network.decoder.layers):
        nn.init.uniform_(point.fc1.bias, -1.0, 1.0)
    return network.to(dtype)


def masks() -> torch.Tensor:
    return torch.rand(2, 48, generator=torch.Generator().manual_seed(5)) < 0.5


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    source = torch.tensor([[1, 5, 6, 2], [7, 8, 9, 2], [1, 1, 9, 2]])
    return source, torch.tensor([3, 4, 2]), torch.tensor([[2, 10, 5], [2, 11, 1], [2, 10, 7]])


def logits(network: nn.Module) -> torch.Tensor:
    return network(*example())[0]


def test_masked_ffn_by_hand():
    fc1, fc2 = tiny_ffn()
    x = torch.tensor([1.0, 1.0])
    # Unmasked: W1 x + b1 = [3.5, -2, 1], ReLU [3.5, 0, 1], out 3.5 + 100 + .25.
    assert fc2(torch.relu(fc1(x))).item() == 103.75
    # Unit 0 masked: the constant ReLU(.5); it still feeds W2.
    fc1.gate = torch.tensor([0.0, 1.0, 1.0])
    assert fc1(x).tolist() == [0.5, -2.0, 1.0]
    assert fc2(torch.relu(fc1(x))).item() == 100.75
    # All masked: ReLU(b1) = [.5, 0, 2] whatever x is.
    fc1.gate = torch.zeros(3)
    assert fc2(torch.relu(fc1(x))).item() == fc2(torch.relu(fc1(-7 * x))).item() == 200.75


def test_gate_per_sentence_by_hand():
    fc1, _ = tiny_ffn()
    fc1.gate = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    x = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]])  # T=1, B=2
    assert fc1(x).tolist() == [[[3.5, -4.0, 1.0], [0.5, -2.0, 2.0]]]
    with pytest.raises(RuntimeError, match="gates of 2 sentences on an input of shape"):
        fc1(torch.zeros(2, 1, 2))


def test_equivalence_a_compact_forward_and_all_gradients():
    """Spec 3.4 (a): cutting masked units out and folding ReLU(b1) into b2 is the same function."""
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    values = draw(32, 16), draw(32), draw(8, 32), draw(8), draw(5, 3, 16)
    keep = torch.rand(32, generator=generator) < 0.4
    outputs, gradients = [], []
    for compact in (False, True):
        w1, b1, w2, b2, x = (value.clone().requires_grad_() for value in values)
        if compact:
            folded = b2 + w2[:, ~keep] @ torch.relu(b1[~keep])
            hidden = torch.relu(x @ w1[keep].t() + b1[keep])
            out = hidden @ w2[:, keep].t() + folded
        else:
            layer = nn.Linear(16, 32, dtype=torch.float64)
            del layer.weight, layer.bias
            layer.weight, layer.bias = nn.Parameter(w1.detach()), nn.Parameter(b1.detach())
            gated = GatedLinear(layer)
            gated.gate = keep.double()
            w1, b1 = gated.weight, gated.bias
            out = torch.relu(gated(x)) @ w2.t() + b2
        (out * torch.arange(8, dtype=torch.float64)).square().sum().backward()
        outputs.append(out)
        gradients.append([leaf.grad for leaf in (w1, b1, w2, b2, x)])
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-12)
    for masked, cut in zip(*gradients, strict=True):
        torch.testing.assert_close(masked, cut, rtol=1e-12, atol=1e-9)
    assert not gradients[0][0][~keep].any()


def test_equivalence_b_mixed_batch_in_the_network():
    """Spec 3.4 (b): a batch of several directions gives each sentence its own direction's output."""
    network = ffn_network(dtype=torch.float64).eval()
    bank = GateBank(network, masks(), ROWS)
    with torch.no_grad():
        single = {}
        for row in ROWS:
            with bank.use(row):
                single[row] = logits(network)
        with bank.use_rows(["en-de", "de-en", "en-de"]):
            mixed = logits(network)
    assert (single["en-de"] - single["de-en"]).abs().max() > 1e-3
    expected = torch.stack([single["en-de"][0], single["de-en"][1], single["en-de"][2]])
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-12)


def test_mixed_gradients_are_the_sum_of_the_directions():
    network = ffn_network(dtype=torch.float64)
    bank = GateBank(network, masks(), ROWS)
    names = [name for name, _ in network.named_parameters()]

    def gradients(rows: list[str], kept: list[int]) -> dict[str, torch.Tensor]:
        network.zero_grad()
        with bank.use_rows(rows):
            logits(network)[kept].square().sum().backward()
        return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}

    mixed = gradients(["en-de", "de-en", "en-de"], [0, 1, 2])
    network.zero_grad()
    for row, kept in (("en-de", [0, 2]), ("de-en", [1])):
        with bank.use(row):
            logits(network)[kept].square().sum().backward()
    summed = {name: parameter.grad for name, parameter in network.named_parameters()}
    for name in names:
        torch.testing.assert_close(mixed[name], summed[name], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("mixed", [False, True])
def test_masked_rows_have_exactly_zero_gradient(mixed):
    network = ffn_network()
    keep = masks()
    bank = GateBank(network, keep, ROWS)
    with bank.use_rows(["en-de"] * 3) if mixed else bank.use("en-de"):
        logits(network).square().sum().backward()
    start = 0
    for key in bank.groups:
        point = gate_points(network)[key]
        row = keep[1, start : start + 16]
        start += 16
        assert not point.weight.grad[~row].any()
        assert point.weight.grad[row].any(dim=1).sum() > 0
        # The bias of a masked unit still learns: it is the unit's constant.
        positive = ~row & (point.bias > 0)
        assert point.bias.grad[positive].ne(0).all()


def test_gating_changes_neither_state_dict_nor_parameters():
    network = ffn_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    identity = {name: id(parameter) for name, parameter in network.named_parameters()}
    bank = GateBank(network, masks(), ROWS)
    bank.select("de-en")
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert {name: id(parameter) for name, parameter in network.named_parameters()} == identity


def test_all_ones_and_cleared_gates_are_the_plain_network():
    network = ffn_network().eval()
    with torch.no_grad():
        plain = logits(network)
        bank = GateBank(network, torch.ones(1, 48, dtype=torch.bool), ["all"])
        with bank.use("all"):
            assert torch.equal(logits(network), plain)
        assert torch.equal(logits(network), plain)
        assert all(point.gate is None for point in gate_points(network).values())


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("grad", [True, False])
def test_every_gate_fires_and_matters_in_eval_mode(pre_norm, grad):
    """Trap T1, T2: after loading, a post-norm encoder in eval mode would take torch's fused path."""
    network = ffn_network(pre_norm)
    network.load_state_dict(network.state_dict())
    network.eval()
    for key in gate_points(network):
        keep = torch.ones(1, 48, dtype=torch.bool)
        start = 16 * ("encoder.0.ffn", "encoder.1.ffn", "decoder.0.ffn").index(key)
        keep[0, start : start + 16] = False
        with torch.set_grad_enabled(grad):
            plain = logits(network)
            bank = GateBank(network, keep, ["without"])
            with bank.use("without"):
                changed = logits(network)
        assert (changed - plain).abs().max() > 1e-4, key


def test_a_gated_layer_is_never_fused():
    """torch's fused layer takes the weights themselves: a gate would be passed by."""
    network = ffn_network()
    for layer in network.encoder.layers:
        layer.can_use_fastpath = True  # as a layer of stock fairseq may
    GateBank(network, masks(), ROWS)
    assert not any(layer.can_use_fastpath for layer in (*network.encoder.layers, *network.decoder.layers))


def test_a_gate_that_did_not_fire_is_named():
    network = ffn_network().eval()
    bank = GateBank(network, masks(), ROWS)
    with pytest.raises(RuntimeError, match="no mask row is selected"):
        bank.check_fired()
    with torch.no_grad():
        with pytest.raises(RuntimeError, match=r"never used in: decoder\.0\.ffn$"), bank.use("de-en"):
            network.encoder(*example()[:2])
        assert all(point.gate is None for point in gate_points(network).values())
        # Firings before a selection do not count for it.
        bank.select("de-en")
        logits(network)
        bank.check_fired()
        bank.select("de-en")
        with pytest.raises(RuntimeError, match=r"encoder\.0\.ffn, encoder\.1\.ffn, decoder\.0\.ffn"):
            bank.check_fired()


def test_gates_are_cleared_after_an_error():
    network = ffn_network()
    bank = GateBank(network, masks(), ROWS)
    with pytest.raises(ZeroDivisionError), bank.use("de-en"):
        raise ZeroDivisionError
    assert all(point.gate is None for point in gate_points(network).values())


def test_wrong_tables_and_names_are_refused():
    network = ffn_network()
    with pytest.raises(ValueError, match=r"not bool \(2, 48\)"):
        GateBank(network, torch.ones(2, 47, dtype=torch.bool), ROWS)
    with pytest.raises(ValueError, match=r"masks are torch.float32"):
        GateBank(network, torch.ones(2, 48), ROWS)
    with pytest.raises(ValueError, match="named twice"):
        GateBank(network, masks(), ["de-en", "de-en"])
    with pytest.raises(UserError, match=r"no mask row 'de-em'.*did you mean 'de-en'"):
        GateBank(network, masks(), ROWS).select("de-em")


def test_masks_follow_the_type_of_the_network():
    network = ffn_network().eval()
    bank = GateBank(network, masks().numpy(), ROWS)
    bank.select("de-en")
    assert gate_points(network)["encoder.0.ffn"].gate.dtype == torch.float32
    network.double()
    bank.select("de-en")
    assert gate_points(network)["encoder.0.ffn"].gate.dtype == torch.float64
