"""The rows of adapters that an update of half precision leaves alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import workflow_scripts.models.fairseq.compat  # noqa: E402, F401  isort:skip

from fairseq.optim.adam import FairseqAdam, FairseqAdamConfig  # noqa: E402
from fairseq.optim.fp16_optimizer import FP16Optimizer  # noqa: E402

from workflow_scripts.models.adapters import shapes_of, train_adapters  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.sites import adapter_places  # noqa: E402
from workflow_scripts.models.training.adapted import AdapterTraining  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402

SHAPE = Architecture(1, 1, 8, 16, 2, dropout=0.0)


def in_half(parameters: list[Any]) -> FP16Optimizer:
    """fairseq's optimiser, as on a GPU: it steps on one float32 array of all parameters."""
    copy = torch.nn.Parameter(torch.cat([one.detach().float().flatten() for one in parameters]))
    copy.grad = torch.zeros_like(copy)
    settings = SimpleNamespace(
        optimizer=None,
        common=SimpleNamespace(fp16_scale_window=None, model_parallel_size=1, bf16=True),
        optimization=SimpleNamespace(update_freq=[1]),
        distributed_training=SimpleNamespace(distributed_world_size=1),
    )
    config = FairseqAdamConfig(adam_betas="(0.9, 0.98)", adam_eps=1e-8, weight_decay=0.0, lr=[0.1])
    return FP16Optimizer(settings, parameters, FairseqAdam(config, [copy]), {None: copy})


@pytest.mark.parametrize("held", [True, False])
def test_a_row_that_no_batch_used_does_not_move_in_half_precision(held: bool) -> None:
    """Its gradient is zero there, not absent, and Adam goes on by its momentum."""
    torch.manual_seed(1)
    network = build_network(SHAPE, 12)
    places = adapter_places(network)
    train_adapters(network, shapes_of(places, "lora", 2), ["half", "to"])
    network.bfloat16()
    rows = {"de-en": "to", "en-de": "to", "fr-en": "half"}
    training = AdapterTraining(network, places, rows, list(rows))
    optimizer = in_half([one for one in network.parameters() if one.requires_grad])
    states = []
    for number in (1, 2):
        optimizer.zero_grad()
        training.begin_update()
        training.select(number)
        logits = network(torch.tensor([[7, 8, 2]]), torch.tensor([3]), torch.tensor([[2, 10]]))[0]
        optimizer.backward(logits.float().square().sum())
        training.adapters.check_fired()
        training.learn(number)
        if held:
            with training.holding(optimizer):
                optimizer.step()
        else:
            optimizer.step()
        states.append([{name: one.clone() for name, one in row.items()} for row in network.adapters])
    (half, to), (half_after, to_after) = states
    assert all(torch.equal(to[name], to_after[name]) for name in to) == held
    # The row of the second batch moves; the first one was zero until then.
    up = "decoder_0_cross_v_up"
    assert half_after[up].any() and to[up].any() and not half[up].any()
