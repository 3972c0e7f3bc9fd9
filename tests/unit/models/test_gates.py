"""Gates: the masked forward of spec 3.4 by hand, its exact equivalences, and that no gate is silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.fairseq.sites import sites, taps
from workflow_scripts.models.linear import Delta, Linear
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.vocabulary import Vocabulary

ROWS = ("de-en", "en-de")
SHAPE = Architecture(2, 1, 8, 16, 2, dropout=0.0)
FFN = model_space(SHAPE.to_dict())


def tiny_ffn() -> tuple[Linear, nn.Linear]:
    fc1, fc2 = Linear(2, 3), nn.Linear(3, 1)
    with torch.no_grad():
        fc1.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, -1.0], [-2.0, 1.0]]))
        fc1.bias.copy_(torch.tensor([0.5, -4.0, 2.0]))
        fc2.weight.copy_(torch.tensor([[1.0, 10.0, 100.0]]))
        fc2.bias.copy_(torch.tensor([0.25]))
    return fc1, fc2


def ffn_network(pre_norm: bool = True, dtype: torch.dtype = torch.float32) -> nn.Module:
    torch.manual_seed(11)
    network = build_network(Architecture(2, 1, 8, 16, 2, pre_norm=pre_norm, dropout=0.0), 12)
    # Large biases, so that the constants of masked units are felt.
    for point in (*network.encoder.layers, *network.decoder.layers):
        nn.init.uniform_(point.fc1.bias, -1.0, 1.0)
    return network.to(dtype)


def masks() -> MaskTable:
    keep = torch.rand(2, 48, generator=torch.Generator().manual_seed(5)) < 0.5
    return MaskTable(ROWS, keep.numpy(), FFN, {})


def row_of(keep: np.ndarray, kinds: tuple[str, ...] = ("ffn",)) -> MaskTable:
    return MaskTable(["row"], keep[None, :], model_space(SHAPE.to_dict(), kinds), {})


def gate_points(network: nn.Module) -> dict[str, Linear]:
    return {key: site.rows for key, site in sites(network).items() if site.rows is not None}


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
            gated = Linear(16, 32, dtype=torch.float64)
            gated.weight, gated.bias = nn.Parameter(w1.detach()), nn.Parameter(b1.detach())
            w1, b1 = gated.weight, gated.bias
            gated.gate = keep.double()
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
    bank = Gates(network, masks())
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
    bank = Gates(network, masks())
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
    table = masks()
    bank = Gates(network, table)
    with bank.use_rows(["en-de"] * 3) if mixed else bank.use("en-de"):
        logits(network).square().sum().backward()
    for key, part in FFN.slices().items():
        point = gate_points(network)[key]
        row = torch.from_numpy(table.row("en-de")[part])
        assert not point.weight.grad[~row].any()
        assert point.weight.grad[row].any(dim=1).sum() > 0
        # The bias of a masked unit still learns: it is the unit's constant.
        positive = ~row & (point.bias > 0)
        assert point.bias.grad[positive].ne(0).all()


def test_gating_changes_neither_state_dict_nor_parameters():
    network = ffn_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    identity = {name: id(parameter) for name, parameter in network.named_parameters()}
    bank = Gates(network, masks())
    bank.select("de-en")
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert {name: id(parameter) for name, parameter in network.named_parameters()} == identity


def test_all_ones_and_cleared_gates_are_the_plain_network():
    network = ffn_network().eval()
    with torch.no_grad():
        plain = logits(network)
        bank = Gates(network, row_of(np.ones(48, dtype=bool)))
        with bank.use("row"):
            assert torch.equal(logits(network), plain)
        with Gates(network, masks()).use("de-en"):
            assert not torch.equal(logits(network), plain)
        assert torch.equal(logits(network), plain)
        assert all(point.gate is None for point in gate_points(network).values())


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("grad", [True, False])
def test_every_gate_fires_and_matters_in_eval_mode(pre_norm, grad):
    """After loading, a post-norm encoder in eval mode would take torch's fused path."""
    network = ffn_network(pre_norm)
    network.load_state_dict(network.state_dict())
    network.eval()
    for key, part in FFN.slices().items():
        keep = np.ones(48, dtype=bool)
        keep[part] = False
        with torch.set_grad_enabled(grad):
            plain = logits(network)
            with Gates(network, row_of(keep)).use("row"):
                changed = logits(network)
        assert (changed - plain).abs().max() > 1e-4, key


def test_a_gate_that_did_not_fire_is_named():
    network = ffn_network().eval()
    bank = Gates(network, masks())
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
    bank = Gates(network, masks())
    with pytest.raises(ZeroDivisionError), bank.use("de-en"):
        raise ZeroDivisionError
    assert all(point.gate is None for point in gate_points(network).values())


def test_masks_of_other_units_and_unknown_names_are_refused():
    network = ffn_network()
    space = model_space({**SHAPE.to_dict(), "ffn_dim": 4})
    with pytest.raises(ValueError, match=r"no group of 4 units of encoder\.0\.ffn"):
        Gates(network, MaskTable(ROWS, np.ones((2, space.size), dtype=bool), space, {}))
    with pytest.raises(UserError, match=r"no mask row 'de-em'.*did you mean 'de-en'"):
        Gates(network, masks()).select("de-em")


def test_masks_follow_the_type_of_the_network():
    network = ffn_network().eval()
    bank = Gates(network, masks())
    bank.select("de-en")
    assert gate_points(network)["encoder.0.ffn"].gate.dtype == torch.float32
    network.double()
    bank.select("de-en")
    assert gate_points(network)["encoder.0.ffn"].gate.dtype == torch.float64


HEADS = model_space(SHAPE.to_dict(), ("head",))
#: encoder.0: two heads, encoder.1: two, decoder.0: self two, cross two.
WITHOUT = np.array([True, False, True, True, False, True, True, False])


def zeroed(network: nn.Module) -> nn.Module:
    """The network whose heads outside WITHOUT have zero columns in their projection."""
    for site, keep in zip(HEADS.groups, WITHOUT.reshape(4, 2), strict=True):
        weight = sites(network)[site.key].module.weight
        with torch.no_grad():
            weight[:, np.repeat(~keep, 4)] = 0.0
    return network


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_a_removed_head_is_zeroed_columns_of_its_projection(pre_norm, training):
    network, other = (ffn_network(pre_norm).train(training) for _ in range(2))
    plain = logits(network)
    with Gates(network, row_of(WITHOUT, ("head",))).use("row"):
        removed = logits(network)
    assert (removed - plain).abs().max() > 1e-3
    torch.testing.assert_close(removed, logits(zeroed(other)), rtol=0, atol=1e-6)
    assert torch.equal(logits(network), plain)


def test_removed_heads_in_beam_search():
    vocabulary = Vocabulary("abcdef", ["de", "en"])
    search = {"beam": 3, "length_penalty": 1.0, "max_length": 8, "batch_tokens": 100}
    sources = [[10, a, b, 4, 2] for a in (5, 6, 7) for b in (8, 9)]

    def network() -> nn.Module:
        torch.manual_seed(3)
        made = build_network(replace(SHAPE, share_decoder_embeddings=False), 12).eval()
        for parameter in made.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.6)
        return made

    port, other = FairseqPort(network(), vocabulary), FairseqPort(zeroed(network()), vocabulary)
    plain = list(port.generate(sources, 11, **search))
    with port.intervene(row_of(WITHOUT, ("head",))).use("row"):
        removed = list(port.generate(sources, 11, **search))
    assert removed == list(other.generate(sources, 11, **search)) != plain


def test_kept_heads_on_the_unfused_path_are_the_same_to_the_bit():
    """A row that keeps all installs no gate: the fused path; beside a tap, the unfused one."""
    network = ffn_network().eval()
    gates = Gates(network, row_of(np.ones(8, dtype=bool), ("head",)))
    with gates.use("row"):
        assert not any(module._forward_pre_hooks for module in network.modules())
    with taps(network, HEADS, lambda *_: None):
        unfused = logits(network)
        with gates.use("row"):
            assert torch.equal(logits(network), unfused)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(
    ("kind", "gate", "expected"),
    [
        ("ffn", "zero", [0.0, 2.0, 0.0, 3.0]),
        ("ffn", "scale:0.5", [0.5, 2.0, 2.0, 3.0]),
        ("ffn", "mean", [7.0, 2.0, 9.0, 3.0]),
        ("head", "zero", [0.0, 0.0, 3.0, 4.0]),
        ("head", "scale:-2", [-2.0, -4.0, 3.0, 4.0]),
        ("head", "mean", [7.0, 8.0, 3.0, 4.0]),
        ("resid", "zero", [0.0, 2.0, 0.0, 4.0]),
        ("resid", "scale:3", [3.0, 2.0, 9.0, 4.0]),
        ("resid", "mean", [7.0, 2.0, 9.0, 4.0]),
    ],
)
def test_gates_by_hand(kind, gate, expected, mixed):
    """Constant layers, of two heads and four units; units 0 and 2, or head 0, are not kept."""
    network = build_network(Architecture(1, 1, 4, 4, 2, pre_norm=False), 12).eval()
    layer = network.decoder.layers[0]
    part, bias = {
        "ffn": (layer.fc1, [1.0, 2.0, 4.0, 3.0]),
        "head": (layer.self_attn.v_proj, [1.0, 2.0, 3.0, 4.0]),
        "resid": (layer.final_layer_norm, [1.0, 2.0, 3.0, 4.0]),
    }[kind]
    with torch.no_grad():
        torch.nn.init.zeros_(part.weight)
        part.bias.copy_(torch.tensor(bias))
    groups = FairseqPort(network, None).space((kind,)).part(stacks=["decoder"]).groups[:1]
    space = type(FFN)(groups)
    keep = np.array([[False, True, False, True][: space.size], [True] * space.size])
    means = {groups[0].key: torch.tensor([7.0, 8.0, 9.0, 10.0]).reshape(space.size, -1)}
    gates = Gates(network, MaskTable(["some", "all"], keep, space, {}), {kind: gate}, means)
    values = {}
    with (
        torch.no_grad(),
        gates.use_rows(["all", "some", "all"]) if mixed else gates.use("some"),
        taps(network, space, lambda group, v, _: values.update({group.key: v})),
    ):
        logits(network)
    (found,) = values.values()
    gated = torch.tensor(expected)
    torch.testing.assert_close(found[:, 1].flatten(1), gated.expand(3, 4), rtol=0, atol=1e-6)
    first = torch.tensor(bias) if mixed else gated
    torch.testing.assert_close(found[:, 0].flatten(1), first.expand(3, 4), rtol=0, atol=1e-6)


@pytest.mark.parametrize("mixed", [False, True])
def test_a_gradient_gate_changes_no_output_and_stops_the_rows_gradient(mixed):
    network, table = ffn_network(), masks()
    plain = logits(network)
    plain.square().sum().backward()
    gradients = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
    network.zero_grad()
    gates = Gates(network, table, {"ffn": "gradient"})
    with gates.use_rows(["en-de"] * 3) if mixed else gates.use("en-de"):
        out = logits(network)
        out.square().sum().backward()
    torch.testing.assert_close(out, plain, rtol=0, atol=1e-6 if mixed else 0)
    for key, part in FFN.slices().items():
        stack, layer, _ = key.split(".")
        name = f"{stack}.layers.{layer}.fc1.weight"
        keep = torch.from_numpy(table.row("en-de")[part])
        gradients[name][~keep] = 0.0
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-5, atol=1e-5)


def test_gates_that_cannot_be_laid_are_refused():
    network = ffn_network()
    heads = row_of(WITHOUT, ("head",))
    for gate, message in (
        ("row", "row.* is for FFN neurons"),
        ("mean", r"gate 'mean' needs the means of encoder\.0\.self"),
        ("zeros", "did you mean 'zero'"),
    ):
        with pytest.raises(UserError, match=message):
            Gates(network, heads, {"head": gate})
    with pytest.raises(
        UserError, match=r"gate.ffn: 'gradient_qkvo' is for attention heads; write 'gradient'"
    ):
        Gates(network, masks(), {"ffn": "gradient_qkvo"})
    stream = row_of(np.ones(24, dtype=bool), ("resid",))
    with pytest.raises(UserError, match=r"gate 'gradient' cannot be laid on encoder\.0\.resid: use 'zero'"):
        Gates(network, stream, {"resid": "gradient"})


WEIGHTS = model_space(SHAPE.to_dict(), ("weight",))


def test_masks_of_weights_are_w_o_m_by_hand():
    """What is masked is zero and gets no gradient; embeddings, norms, biases and output projection stay."""
    keep = np.random.default_rng(2).random(WEIGHTS.size) < 0.7
    network, other = ffn_network(), ffn_network()
    names = {}
    for key, part in WEIGHTS.slices().items():
        linear = sites(other)[key].weights
        names[key] = next(name for name, one in other.named_parameters() if one is linear.weight)
        with torch.no_grad():
            linear.weight *= torch.from_numpy(keep[part].reshape(linear.weight.shape))
    # Two layers of an encoder with four matrices of attention, one of a decoder with eight, and fc1, fc2.
    assert len(set(names.values())) == 2 * 6 + 10
    assert not [name for name in names.values() if "embed" in name or "norm" in name or "output" in name]
    assert names["decoder.0.cross.k"] == "decoder.layers.0.encoder_attn.k_proj.weight"
    expected = logits(other)
    expected.square().sum().backward()
    with Gates(network, row_of(keep, ("weight",))).use("row"):
        found = logits(network)
        found.square().sum().backward()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    plain, gradients = ffn_network(), dict(other.named_parameters())
    assert (found - logits(plain)).abs().max() > 1e-3
    by_name = {name: torch.from_numpy(keep[WEIGHTS.slice_of(key)]) for key, name in names.items()}
    for name, parameter in network.named_parameters():
        wanted = gradients[name].grad
        if name in by_name:
            inside = by_name[name].view(wanted.shape)
            assert not parameter.grad[~inside].any() and parameter.grad[inside].any()
            wanted = wanted * inside
        torch.testing.assert_close(parameter.grad, wanted, rtol=1e-4, atol=1e-5)
    assert all(site.weights.mask is None for site in sites(network).values() if site.weights is not None)
    with pytest.raises(UserError, match="masks of weights are for batches of one direction"):
        Gates(network, row_of(keep, ("weight",))).select_rows(["row"])


def test_a_joint_step_of_two_directions_changes_what_each_keeps():
    """One of plain gradient descent: W - lr (m1 o g1 + m2 o g2), with each gradient taken at W o m."""
    network, lr = ffn_network(), 0.1
    keep = np.random.default_rng(3).random((2, WEIGHTS.size)) < 0.5
    gates = Gates(network, MaskTable(ROWS, keep, WEIGHTS, {}))
    linear = network.decoder.layers[0].encoder_attn.k_proj
    part = WEIGHTS.slice_of("decoder.0.cross.k")
    before, expected = linear.weight.detach().clone(), linear.weight.detach().clone()
    for row, bits in zip(ROWS, keep, strict=True):
        other, mask = ffn_network(), torch.from_numpy(bits)
        for key, span in WEIGHTS.slices().items():
            weight = sites(other)[key].weights.weight
            weight.data *= mask[span].view(weight.shape)
        logits(other).square().sum().backward()
        expected -= lr * mask[part].view(8, 8) * other.decoder.layers[0].encoder_attn.k_proj.weight.grad
        with gates.use(row):
            logits(network).square().sum().backward()
    torch.optim.SGD(network.parameters(), lr=lr).step()
    torch.testing.assert_close(linear.weight.detach(), expected, rtol=1e-5, atol=1e-6)
    neither = ~torch.from_numpy(keep[:, part].any(axis=0)).view(8, 8)
    assert neither.any() and torch.equal(linear.weight[neither], before[neither])


def test_a_mask_lies_on_what_lora_adds_too():
    linear = Linear(2, 1, bias=False)
    linear.weight.data = torch.tensor([[1.0, 2.0]])
    linear.delta = Delta(torch.tensor([[3.0]]), torch.tensor([[1.0, 10.0]]), 2.0)
    # 1 + 2 x 3 x 1 and 2 + 2 x 3 x 10.
    assert linear.weight.tolist() == [[7.0, 62.0]]
    linear.mask = torch.tensor([[True, False]])
    assert linear(torch.tensor([1.0, 1.0])).tolist() == [7.0]
