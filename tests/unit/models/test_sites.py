"""Where units are read: every site in every mode, exact values, and the attention that heads make unfused."""

import pytest
import torch
from torch.nn import functional

from workflow_scripts.models.fairseq.network import Network, build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.fairseq.sites import sites, taps
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.space import VALUED, UnitGroup, UnitSpace, model_space
from workflow_scripts.units.vocabulary import Vocabulary

VOCABULARY = Vocabulary("abcdef", ["de", "en"])
SOURCES = [[10, 5, 6, 4, 2], [10, 7, 2]]
SEARCH = {"beam": 3, "length_penalty": 1.0, "max_length": 6, "batch_tokens": 100}


def tiny(pre_norm: bool = True, loaded: bool = True) -> Network:
    torch.manual_seed(11)
    shape = Architecture(2, 2, 8, 6, 2, pre_norm=pre_norm, dropout=0.0)
    network = build_network(shape, len(VOCABULARY))
    if loaded:
        # fairseq's own encoder layer takes torch's fused path once its weights were loaded.
        network.load_state_dict(network.state_dict())
    return network


def example() -> tuple[torch.Tensor, ...]:
    source = torch.tensor([[10, 5, 6, 4, 2], [1, 1, 10, 7, 2]])
    return source, torch.tensor([5, 3]), torch.tensor([[2, 11, 7, 1], [2, 11, 4, 9]])


def whole_space(network: Network, kinds: tuple[str, ...] = VALUED) -> UnitSpace:
    return FairseqPort(network, VOCABULARY).space(kinds)


def seen(network: Network, space: UnitSpace | None = None) -> dict[str, torch.Tensor]:
    values = {}
    with taps(network, space or whole_space(network), lambda group, v, real: values.update({group.key: v})):
        network(*example())
    return values


def test_the_units_of_a_network_are_those_of_its_architecture():
    shape = Architecture(2, 1, 8, 6, 2)
    network = build_network(shape, len(VOCABULARY))
    assert whole_space(network) == model_space(shape.to_dict(), VALUED)
    assert whole_space(network, ("head",)).keys == (
        *("encoder.0.self", "encoder.1.self", "decoder.0.self", "decoder.0.cross"),
    )
    other = UnitSpace([UnitGroup("encoder.0.self", "head", "encoder", 0, 3)])
    with pytest.raises(ValueError, match=r"no group of 3 units of encoder\.0\.self"):
        taps(network, other, print).__enter__()


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("grad", [True, False])
def test_every_site_fires(pre_norm: bool, training: bool, loaded: bool, grad: bool):
    network = tiny(pre_norm, loaded).train(training)
    with torch.set_grad_enabled(grad):
        values = seen(network)
    shapes = {key: tuple(v.shape) for key, v in values.items()}
    times = {"encoder": 5, "decoder": 4}
    layers = [f"{stack}.{layer}" for stack in times for layer in (0, 1)]
    expected = {f"{one}.ffn": (times[one[:7]], 2, 6, 1) for one in layers}
    expected |= {f"{one}.self": (times[one[:7]], 2, 2, 4) for one in layers}
    expected |= {f"decoder.{layer}.cross": (4, 2, 2, 4) for layer in (0, 1)}
    expected |= {f"{one}.resid": (times[one[:7]], 2, 8, 1) for one in layers}
    assert shapes == expected


@pytest.mark.parametrize("pre_norm", [True, False])
def test_every_site_fires_in_beam_search(pre_norm: bool):
    """The decoder runs a step at a time: one position of every hypothesis."""
    network = tiny(pre_norm).eval()
    found: dict[str, set] = {}

    def call(group, values, real):
        found.setdefault(group.key, set()).add((*values.shape, *real.shape))

    port = FairseqPort(network, VOCABULARY)
    plain = list(port.generate(SOURCES, 11, **SEARCH))
    with port.taps(whole_space(network), call):
        assert list(port.generate(SOURCES, 11, **SEARCH)) == plain
    assert found.keys() == set(whole_space(network).keys)
    assert found["encoder.1.self"] == {(5, 2, 2, 4, 5, 2)}
    assert (1, 6, 2, 4, 1, 6) in found["decoder.1.cross"]
    assert {shape[0] for key, shapes in found.items() if key[0] == "d" for shape in shapes} == {1}


def test_values_by_hand():
    """Constant layers: each value is a bias, whatever the words are."""
    network = tiny(pre_norm=False).eval()
    layer = network.decoder.layers[1]
    with torch.no_grad():
        for part, bias in (
            (layer.fc1, [-1.0, 2.0, 0.0, 3.0, -4.0, 5.0]),
            (layer.self_attn.v_proj, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
            (layer.encoder_attn.v_proj, [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
            (layer.final_layer_norm, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]),
        ):
            torch.nn.init.zeros_(part.weight)
            part.bias.copy_(torch.tensor(bias))
        values = seen(network)
    for key, expected in (
        ("decoder.1.ffn", [[0.0], [2.0], [0.0], [3.0], [0.0], [5.0]]),
        ("decoder.1.self", [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]),
        ("decoder.1.cross", [[8.0, 7.0, 6.0, 5.0], [4.0, 3.0, 2.0, 1.0]]),
        ("decoder.1.resid", [[0.5], [1.5], [2.5], [3.5], [4.5], [5.5], [6.5], [7.5]]),
    ):
        # An attention's weights sum to one but for rounding.
        everywhere = torch.tensor(expected).expand(4, 2, -1, -1)
        torch.testing.assert_close(values[key], everywhere, rtol=0, atol=2e-6)
        assert key.endswith(("self", "cross")) or torch.equal(values[key], everywhere)


def test_real_positions_are_those_of_the_stack():
    network = tiny().eval()
    real = {}
    with taps(network, whole_space(network, ("ffn",)), lambda group, _, r: real.update({group.stack: r})):
        network(*example())
    assert real["encoder"].tolist() == [[True, False]] * 2 + [[True, True]] * 3
    assert real["decoder"].tolist() == [[True, True]] * 3 + [[False, True]]


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_unfused_attention_is_the_fused_one_but_for_rounding(pre_norm: bool, training: bool):
    """Output and all gradients; FFN and residual taps leave the attention as it is, to the bit."""
    network = tiny(pre_norm).train(training)

    def run(kinds: tuple[str, ...]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        network.zero_grad()
        with taps(network, whole_space(network, kinds), lambda *_: None):
            out = network(*example())[0]
        out.square().sum().backward()
        return out.detach(), [parameter.grad.clone() for parameter in network.parameters()]

    plain = network(*example())[0]
    (fused, gradients), (unfused, others) = run(("ffn", "resid")), run(("head",))
    assert torch.equal(fused, plain)
    torch.testing.assert_close(unfused, fused, rtol=0, atol=1e-6)
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_any_hook_on_the_projection_is_seen():
    network = tiny().eval()
    fired = []
    for layer in network.encoder.layers:
        layer.self_attn.out_proj.register_forward_hook(lambda module, *_: fired.append(module))
    network(*example())
    assert len(fired) == 2


def test_a_value_keeps_its_gradient():
    """Of a head, the sum of value x gradient is that of its columns of the projection x their gradient."""
    network = tiny().double()
    values = {}

    def call(group, v, real):
        v.retain_grad()
        values[group.key] = v

    with taps(network, whole_space(network, ("head",)), call):
        logits = network(*example())[0]
        functional.cross_entropy(logits.flatten(0, 1), torch.arange(8) + 3).backward()
    for key, site in sites(network).items():
        if site.group.kind == "head":
            by_value = (values[key] * values[key].grad).sum(dim=(0, 1, 3))
            weight = site.module.weight
            by_weight = (weight * weight.grad).sum(dim=0).unflatten(0, (2, 4)).sum(dim=1)
            torch.testing.assert_close(by_value, by_weight, rtol=1e-9, atol=1e-12)
            assert by_value.abs().min() > 0


def test_taps_that_never_fire_are_named_and_hooks_removed():
    network = tiny().eval()
    ffn = whole_space(network, ("ffn",))
    silent = pytest.raises(RuntimeError, match=r"never fired in: decoder\.0\.ffn, decoder\.1\.ffn$")
    with silent, taps(network, ffn, lambda *_: None):
        network.encoder(*example()[:2])
    with pytest.raises(ZeroDivisionError), taps(network, ffn, lambda *_: 1 / 0):
        network(*example())
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in network.modules())
