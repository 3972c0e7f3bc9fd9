"""Adapters and LoRA on the network: at zero they are the network, all of their tensors learn, and by hand."""

import json

import pytest
import torch
from torch import nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.adapters import Adapters, shapes_of, train_adapters
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.sites import adapter_places
from workflow_scripts.models.port import load
from workflow_scripts.models.weights import save_adapters
from workflow_scripts.units.adapters import KINDS, SCALE, adapter_parameters, adapter_shapes
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder

SHAPE = Architecture(2, 1, 8, 16, 2, dropout=0.0)
#: Codes of languages that are methods of torch's modules.
ROWS = ["to", "half"]
SIZE = 3


def network(pre_norm: bool = True) -> nn.Module:
    torch.manual_seed(4)
    return build_network(Architecture(2, 1, 8, 16, 2, pre_norm=pre_norm, dropout=0.0), 12)


def logits(of: nn.Module) -> torch.Tensor:
    source = torch.tensor([[1, 5, 6, 2], [7, 8, 9, 2]])
    return of(source, torch.tensor([3, 4]), torch.tensor([[2, 10, 5], [2, 11, 1]]))[0]


def adapted(kind: str, pre_norm: bool = True) -> tuple[nn.Module, Adapters]:
    made = network(pre_norm)
    places = adapter_places(made)
    train_adapters(made, shapes_of(places, kind, SIZE), ROWS)
    return made, Adapters(made, places, made.adapters.rows())


def drawn(kind: str, seed: int = 1) -> dict[str, torch.Tensor]:
    """A row that is nowhere zero."""
    generator = torch.Generator().manual_seed(seed)
    shapes = adapter_shapes(SHAPE.to_dict(), kind, SIZE)
    return {name: torch.randn(shape, generator=generator) * 0.5 for name, shape in shapes.items()}


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_at_zero_it_is_the_network_to_the_bit(kind, training, pre_norm):
    made, adapters = adapted(kind, pre_norm)
    # Frozen both: torch adds a bias in another way where a weight learns, which is another rounding.
    plain = logits(network(pre_norm).train(training).requires_grad_(False))
    made.train(training)
    with torch.no_grad(), adapters.use("half"):
        assert torch.equal(logits(made), plain)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_rows_tensors_learn_and_all_of_them(kind):
    made, adapters = adapted(kind)
    rows = adapters._rows
    assert list(rows) == ROWS
    with torch.no_grad():  # at zero, what is below ``up`` has no gradient
        for tensor in rows["to"].values():
            tensor += 0.1
    with adapters.use("to"):
        logits(made).square().sum().backward()
    learned = [name for name, tensor in rows["to"].items() if tensor.grad is not None and tensor.grad.any()]
    # Encoder of two layers, decoder of one with self- and cross-attention.
    assert len(learned) == {"lora": 2 * (2 * 6 + 10), "bottleneck": 3 * 6}[kind]
    assert learned == list(adapter_shapes(SHAPE.to_dict(), kind, SIZE))
    assert all(tensor.grad is None for tensor in rows["half"].values())
    trained = {name for name, one in made.named_parameters() if one.requires_grad}
    assert trained == {name for name, _ in made.named_parameters() if name.startswith("adapters.")}
    assert all(one.grad is None for name, one in made.named_parameters() if name not in trained)
    number = sum(one.numel() for one in made.parameters() if one.requires_grad)
    assert number == adapter_parameters(SHAPE.to_dict(), kind, SIZE, len(ROWS))


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_outside_the_batch_does_not_move(kind):
    """Adam moves what once had a gradient on by its momentum, also where the gradient is zero, not None."""
    made, adapters = adapted(kind)
    optimizer = torch.optim.Adam([one for one in made.parameters() if one.requires_grad], lr=0.01)
    states = []
    for row in ("to", "half"):
        optimizer.zero_grad()
        with adapters.use(row):
            logits(made).square().sum().backward()
        optimizer.step()
        states.append({name: tensor.clone() for name, tensor in adapters._rows["to"].items()})
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    up = "encoder.0.fc2.up" if kind == "lora" else "encoder.1.up.weight"
    assert adapters._rows["half"][up].any() and adapters._rows["to"][up].any()


def test_lora_is_a_changed_weight_by_hand():
    made, row = network().eval(), drawn("lora")
    other = network().eval()
    names = {"self": "self_attn", "cross": "encoder_attn"}
    with torch.no_grad():
        for key in {name.rpartition(".")[0] for name in row}:
            stack, layer, name, *part = key.split(".")
            module = getattr(other, stack).layers[int(layer)]
            linear = (
                getattr(getattr(module, names[name]), f"{part[0]}_proj") if part else getattr(module, name)
            )
            linear.weight += SCALE * (row[f"{key}.up"] @ row[f"{key}.down"])
        plain = logits(made)
        with Adapters(made, adapter_places(made), {"to": row}).use("to"):
            changed = logits(made)
        torch.testing.assert_close(changed, logits(other), rtol=0, atol=1e-5)
        assert (changed - plain).abs().max() > 0.1
        assert torch.equal(logits(made), plain)
    # The output projection is the embedding, and neither is changed.
    assert torch.equal(made.decoder.output_projection.weight, network().decoder.output_projection.weight)


@pytest.mark.parametrize("pre_norm", [True, False])
def test_a_bottleneck_after_each_layer_by_hand(pre_norm):
    """x is what the layer gives without an adapter; before a post-norm layer's last norm it is another."""
    made, row = network(pre_norm).eval(), drawn("bottleneck")
    seen: dict[str, torch.Tensor] = {}

    def keep(name):
        def hook(module, inputs, output):
            seen[f"{name} in"], seen[name] = inputs[0], output[0] if isinstance(output, tuple) else output

        return hook

    for place, (layer, _, _) in adapter_places(made).items():
        parts = {place: layer, f"{place} fc2": layer.fc2, f"{place} norm": layer.final_layer_norm}
        for name, module in parts.items():
            module.register_forward_hook(keep(name))
    with torch.no_grad(), Adapters(made, adapter_places(made), {"x": row}).use("x"):
        logits(made)
    assert [place for place in seen if place.count(" ") == 0] == ["encoder.0", "encoder.1", "decoder.0"]
    for place in ("encoder.0", "encoder.1", "decoder.0"):
        w = {name.removeprefix(f"{place}."): one for name, one in row.items() if name.startswith(place)}
        x = seen[f"{place} norm in"] + seen[f"{place} fc2"] if pre_norm else seen[f"{place} norm"]
        centred = (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        inside = torch.relu(
            (centred * w["norm.weight"] + w["norm.bias"]) @ w["down.weight"].t() + w["down.bias"]
        )
        torch.testing.assert_close(seen[place], x + inside @ w["up.weight"].t() + w["up.bias"])
    torch.testing.assert_close(logits(made), logits(network(pre_norm).eval()))


def test_what_was_not_used_is_named():
    made = network().eval()
    for kind, silent in (("lora", r"decoder\.0\.self\.q, .*decoder\.0\.fc2"), ("bottleneck", r"decoder\.0")):
        adapters = Adapters(made, adapter_places(made), {"x": drawn(kind)})
        with (
            torch.no_grad(),
            pytest.raises(RuntimeError, match=f"never used in: {silent}$"),
            adapters.use("x"),
        ):
            made.encoder(torch.tensor([[7, 8, 2]]), torch.tensor([3]))
    with pytest.raises(RuntimeError, match="never used in: any layer"):
        adapters.check_fired()
    with pytest.raises(UserError, match="no adapter row 'y'; there are x"):
        adapters.select("y")


@pytest.mark.parametrize("kind", KINDS)
def test_a_direction_of_a_system_has_its_row(kind, tmp_path):
    (tmp_path / "dict.txt").write_text("".join(f"{word} 1\n" for word in "abcde"))
    (tmp_path / "spm.model").write_text("not read")
    save_system_weights(adapted(kind)[0], tmp_path / "model.safetensors")
    rows = {row: drawn(kind, number) for number, row in enumerate(ROWS)}
    save_adapters(rows, tmp_path / "adapters.safetensors")
    SystemFolder.write(
        tmp_path, system="s", seed=1, languages=["de", "en", "to"], architecture=SHAPE.to_dict(), text={},
        mask_rows=dict.fromkeys(["to-en", "en-to", "de-en"]), adapters={"kind": kind, "size": SIZE},
        adapter_rows={"to-en": "to", "en-to": "to", "de-en": "family"},
    )  # fmt: skip
    port = load(SystemFolder.read(tmp_path), "cpu")
    laid = port.direction("to-en")
    with torch.inference_mode(), laid:
        found = logits(port.network)
    made = network().eval()
    with torch.inference_mode(), Adapters(made, adapter_places(made), rows).use("to"):
        torch.testing.assert_close(found, logits(made), rtol=0, atol=1e-6)
    with pytest.raises(UserError, match="adapter row 'family' has no tensor"), port.direction("de-en"):
        pass
    described = json.loads((tmp_path / "system.json").read_text())
    assert described["adapters"] == {"file": "adapters.safetensors", "kind": kind, "size": SIZE}
