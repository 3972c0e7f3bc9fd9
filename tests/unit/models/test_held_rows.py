"""Rows that a step of fairseq's Adam leaves alone, worked out by hand: in single and in half precision."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import workflow_scripts.models.fairseq.compat  # noqa: E402, F401  isort:skip

from fairseq.optim.adam import FairseqAdam, FairseqAdamConfig  # noqa: E402
from fairseq.optim.fp16_optimizer import FP16Optimizer  # noqa: E402

from workflow_scripts.models.training.held_rows import Rows, held_rows  # noqa: E402

SECOND = Rows(torch.tensor([False, True]))


def adam(parameters: list[Any], weight_decay: float = 0.0) -> FairseqAdam:
    betas = "(0.5, 0.5)"
    config = FairseqAdamConfig(adam_betas=betas, adam_eps=0.0, weight_decay=weight_decay, lr=[0.1])
    return FairseqAdam(config, parameters)


def step(optimizer: Any, parameter: Any, *gradient: float) -> None:
    parameter.grad = torch.tensor(gradient, dtype=parameter.dtype)[:, None]
    optimizer.step()


def weights(*values: float) -> Any:
    return torch.nn.Parameter(torch.tensor(values)[:, None])


def test_a_held_row_advances_only_in_its_own_updates() -> None:
    """Both moments are 1/2, 3/4 and 7/8 of a gradient of 1 after one, two and three updates, and so are the
    corrections: a step is 0.1. A row that missed the second has moments of 3/4 in the third, corrected by
    7/8: its step is 0.1 times the root of 6/7."""
    weight = weights(1.0, 2.0)
    optimizer = adam([weight])
    step(optimizer, weight, 1.0, 1.0)
    assert weight.flatten().tolist() == pytest.approx([0.9, 1.9])
    before = weight[1].item()
    with held_rows(optimizer, {weight: SECOND}):
        step(optimizer, weight, 1.0, 0.0)
    assert weight[1].item() == before and weight[0].item() == pytest.approx(0.8)
    step(optimizer, weight, 1.0, 1.0)
    assert weight.flatten().tolist() == pytest.approx([0.7, before - 0.1 * (6 / 7) ** 0.5])


def test_momentum_moves_a_row_that_is_not_held() -> None:
    """Without a gradient the moments halve to 1/4; corrected by 3/4 the step is 0.1 times the root of 1/3."""
    weight = weights(1.0, 2.0)
    optimizer = adam([weight])
    step(optimizer, weight, 1.0, 1.0)
    step(optimizer, weight, 1.0, 0.0)
    assert weight[1].item() == pytest.approx(1.9 - 0.1 * (1 / 3) ** 0.5)


def test_a_row_held_from_the_first_update_neither_decays_nor_has_moments() -> None:
    weight = weights(1.0, 2.0)
    optimizer = adam([weight], weight_decay=0.5)
    for _ in range(3):
        with held_rows(optimizer, {weight: SECOND}):
            step(optimizer, weight, 1.0, 1.0)
    assert weight[1].item() == 2.0 and weight[0].item() < 0.7
    assert [optimizer.optimizer.state[weight][name][1].item() for name in ("exp_avg", "exp_avg_sq")] == [0, 0]
    step(optimizer, weight, 0.0, 1.0)  # and moves when it is held no longer
    assert weight[1].item() < 2.0


def test_a_held_column_keeps_its_weights_and_moments() -> None:
    """Of a weight [2, 2] the second column is held in the second update; the first moves by 0.1 each time."""
    weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    optimizer = adam([weight], weight_decay=0.5)
    for held in ({}, {weight: Rows(torch.tensor([False, True]), dim=1)}):
        before = [weight.detach().clone(), *_moments(optimizer, weight)]
        weight.grad = torch.ones_like(weight)
        with held_rows(optimizer, held):
            optimizer.step()
        after = [weight.detach().clone(), *_moments(optimizer, weight)]
    assert len(after) == 3
    for old, new in zip(before, after, strict=True):
        assert (old == new).tolist() == [[False, True], [False, True]]


def _moments(optimizer: FairseqAdam, weight: Any) -> list[Any]:
    state = optimizer.optimizer.state.get(weight, {})
    return [state[name].clone() for name in ("exp_avg", "exp_avg_sq") if name in state]


@pytest.mark.parametrize("flat", [True, False])
def test_a_held_row_in_half_precision(flat: bool) -> None:
    """fairseq steps on float32 copies, on a GPU one array of all parameters. The second row of the second
    parameter is held; before it lie four other numbers."""
    halves = [torch.nn.Parameter(torch.full((3, 1), 4.0, dtype=torch.bfloat16)), weights(1.0, 2.0)]
    halves[1].data = halves[1].data.bfloat16()
    copies: Any = [torch.nn.Parameter(half.detach().float()) for half in halves]
    if flat:
        copies = {None: torch.nn.Parameter(torch.cat([copy.detach().flatten() for copy in copies]))}
        copies[None].grad = torch.zeros(5)
    common = SimpleNamespace(fp16_scale_window=None, model_parallel_size=1, bf16=True)
    settings = SimpleNamespace(
        optimizer=None,
        common=common,
        optimization=SimpleNamespace(update_freq=[1]),
        distributed_training=SimpleNamespace(distributed_world_size=1),
    )
    masters = list(copies.values()) if flat else copies
    optimizer = FP16Optimizer(settings, halves, adam(masters, weight_decay=0.5), copies)
    for held in (False, True):
        optimizer.zero_grad()
        for half in halves:
            half.grad = torch.ones_like(half)
        optimizer._needs_sync = True
        before = [half.detach().clone() for half in halves]
        with held_rows(optimizer, {halves[1]: SECOND} if held else {}):
            optimizer.step()
        stays = [(half == old).flatten().tolist() for half, old in zip(halves, before, strict=True)]
        assert stays == [[False] * 3, [False, held]]
