"""The fast step is plain fairseq's: loss and gradients in float64, and what its Adam does with them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.network import build_network  # noqa: E402  (before fairseq)

# isort: split
import fairseq.utils  # noqa: E402
from fairseq.criterions.label_smoothed_cross_entropy import (  # noqa: E402
    LabelSmoothedCrossEntropyCriterion,
)
from fairseq.optim.adam import Adam  # noqa: E402

from workflow_scripts.models.fairseq.sites import sites, sites_of  # noqa: E402
from workflow_scripts.models.fairseq.training.adam import _FusedAdam  # noqa: E402
from workflow_scripts.models.fairseq.training.criterion import ProjectedLabelSmoothing  # noqa: E402
from workflow_scripts.models.gates import Gates  # noqa: E402
from workflow_scripts.models.sliced import SLICED_SHARE  # noqa: E402
from workflow_scripts.models.training import smoothed_loss  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

WORDS, PAD = 40, 1
TASK = SimpleNamespace(target_dictionary=SimpleNamespace(pad=lambda: PAD))


def network_of(pre_norm: bool = True, shared: bool = True) -> Any:
    """In training mode without dropout; biases are large, so that the constants of masked units are felt."""
    torch.manual_seed(2)
    shape = Architecture(2, 2, 8, 20, 2, pre_norm=pre_norm, share_all_embeddings=shared, dropout=0.0)
    network = build_network(shape, WORDS)
    for layer in (*network.encoder.layers, *network.decoder.layers):
        torch.nn.init.uniform_(layer.fc1.bias, -1.0, 1.0)
    return network.double().train()


def batch() -> dict[str, Any]:
    """Four sentences; sources are padded on the left, targets on the right."""
    drawn = torch.Generator().manual_seed(3)
    source, target = (torch.randint(4, WORDS, (4, 7), generator=drawn) for _ in range(2))
    lengths, targets = torch.tensor([7, 7, 5, 4]), torch.tensor([7, 3, 6, 1])
    for row in range(4):
        source[row, : 7 - lengths[row]] = PAD
        target[row, targets[row] :] = PAD
    previous = torch.cat([torch.full((4, 1), 2), target[:, :-1]], dim=1)
    inputs = {"src_tokens": source, "src_lengths": lengths, "prev_output_tokens": previous}
    return {"net_input": inputs, "target": target, "ntokens": int(targets.sum())}


def gates_of(network: Any, slices: bool) -> Gates:
    """Of each of four FFNs 20 neurons: 3, 8, all and 17 are left out."""
    space = model_space(Architecture(2, 2, 8, 20, 2).to_dict())
    keep = np.ones((1, space.size), dtype=bool)
    for start, gone in zip(range(0, 80, 20), (3, 8, 20, 17), strict=True):
        keep[0, np.random.default_rng(start).permutation(20)[:gone] + start] = False
    return Gates(network, sites_of(network, space), MaskTable(["en-de"], keep, space, {}), slices=slices)


def gradients(network: Any, criterion: Any, gates: Gates | None) -> dict[str, Any]:
    if gates is not None:
        gates.select("en-de")
    loss, tokens, logged = criterion(network, batch())
    (loss / 3).backward()
    if gates is not None:
        gates.check_fired()
        gates.clear()
    found = {name: one.grad for name, one in network.named_parameters()}
    return {**found, "loss": loss.detach(), "nll": logged["nll_loss"], "tokens": torch.tensor(tokens)}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [{}, {"pre_norm": False, "shared": False}], ids=["pre-norm", "post-norm"])
def test_loss_and_gradients_are_those_of_plain_fairseq(
    masked: bool, shape: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Masked by gates, or cut out. Blocks of five tokens; seventeen are real."""
    monkeypatch.setattr(smoothed_loss, "BLOCK", 5)
    # fairseq's are in float32.
    monkeypatch.setattr(fairseq.utils, "log_softmax", lambda x, dim, **_: torch.log_softmax(x, dim))
    found = []
    for of, slices in ((LabelSmoothedCrossEntropyCriterion, False), (ProjectedLabelSmoothing, True)):
        network = network_of(**shape)
        criterion = of(TASK, False, 0.1)
        found.append(gradients(network, criterion, gates_of(network, slices) if masked else None))
    plain, fast = found
    assert plain.keys() == fast.keys() and int(fast["tokens"]) == 17
    for name, one in plain.items():
        torch.testing.assert_close(fast[name], one, rtol=1e-12, atol=1e-12)
        # The FFN that loses all its neurons is a constant.
        assert fast[name].any() or (masked and name.startswith("decoder.layers.0.f")), name


def test_only_an_ffn_that_loses_enough_is_cut() -> None:
    """At most four fifths are kept in those with 8, 20 and 17 of 20 left out; never with dropout between."""
    network = network_of()
    gates = gates_of(network, slices=True)
    gates.select("en-de")
    layers = [*network.encoder.layers, *network.decoder.layers]
    assert [layer.fc1.instead is not None for layer in layers] == [False, True, True, True]
    assert [layer.fc1.gate is not None for layer in layers] == [True, False, False, False]
    assert SLICED_SHARE == 0.8
    # What taps would read: the second one has twelve neurons left.
    seen: list[Any] = []
    handle = layers[1].fc2.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[-1]))
    network(**batch()["net_input"])
    handle.remove()
    assert seen == [12]
    gates.clear()
    assert all(one.instead is None for layer in layers for one in (layer.fc1, layer.fc2))
    layers[1].activation_dropout_module.p = 0.1
    there = sites(network)
    assert [there[f"encoder.{number}.ffn"].plain is None for number in (0, 1)] == [False, True]


def test_gates_of_sentences_are_not_cut() -> None:
    network = network_of()
    gates = gates_of(network, slices=True)
    gates.select_rows(["en-de"] * 4)
    network(**batch()["net_input"])
    gates.check_fired()
    assert all(layer.fc1.instead is None for layer in (*network.encoder.layers, *network.decoder.layers))


@pytest.mark.parametrize("eps", [1e-8, 1e-6])
def test_the_fused_adam_is_fairseqs(eps: float) -> None:
    """200 updates of two parameters, of which the second has no gradient in every third; small gradients, for
    which eps counts. Uncorrected eps would move them apart by 1e-3."""
    torch.manual_seed(0)
    start = [torch.randn(30, 8) * 0.05, torch.randn(20) * 0.05]
    options = {"lr": 5e-4, "betas": (0.9, 0.98), "eps": eps, "weight_decay": 0.01}
    both = []
    for kind in (Adam, _FusedAdam):
        parameters = [torch.nn.Parameter(one.clone()) for one in start]
        both.append((parameters, kind(parameters, **options)))
    for update in range(200):
        drawn = [torch.randn_like(one) * 1e-5 for one in start]
        for parameters, adam in both:
            for number, one in enumerate(parameters):
                one.grad = None if number and update % 3 == 0 else drawn[number].clone()
            adam.step()
    for one, other, first in zip(both[0][0], both[1][0], start, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-7)
        assert (one - first).abs().max() > 1e-3
    assert [state["step"] for state in both[1][1].state.values()] == [200, 133]
