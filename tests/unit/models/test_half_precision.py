"""The loss and its gradients in half precision, against float32 on the same numbers, within bounds that
follow from how often something is rounded.

Rounding is by at most u of a number: 2^-9 in bfloat16, 2^-11 in float16. States and weights are numbers of
the half precision, so that only what is computed is rounded.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")

from tests.unit.models.test_fast_step import TASK, gates_of, gradients, network_of  # noqa: E402
from workflow_scripts.models.fairseq.training.criterion import ProjectedLabelSmoothing  # noqa: E402
from workflow_scripts.models.training.smoothed_loss import projected_loss  # noqa: E402

ROUNDED = {torch.bfloat16: 2.0**-9, torch.float16: 2.0**-11}
#: float32's own rounding of sums, and half precision's of numbers that are too small for it.
SMALL = 1e-6
TOKENS, WORDS, WIDTH, EPSILON = 700, 30, 8, 0.1
HALVES = pytest.mark.parametrize("half", list(ROUNDED), ids=["bf16", "fp16"])


class Found(NamedTuple):
    loss: Any
    nll: Any
    states: Any
    weight: Any


def drawn(half: Any) -> tuple[Any, Any, Any]:
    """States [T, C] and a weight [V, C] in float32, that half precision has exactly; targets [T]."""
    random = torch.Generator().manual_seed(5)
    states = torch.randn(TOKENS, WIDTH, generator=random).to(half).float()
    weight = (torch.randn(WORDS, WIDTH, generator=random) * 0.3).to(half).float()
    return states, weight, torch.randint(0, WORDS, (TOKENS,), generator=random)


def computed(states: Any, weight: Any, target: Any, cast: Any = None) -> Found:
    """Loss and gradients; ``cast``: computed in this type by autocast."""
    states, weight = (one.clone().requires_grad_() for one in (states, weight))
    with nullcontext() if cast is None else torch.autocast("cpu", cast):
        loss, nll = projected_loss(states, weight, None, target, EPSILON)
    loss.backward()
    return Found(loss.detach(), nll, states.grad.float(), weight.grad.float())


@HALVES
@pytest.mark.parametrize("cast", [False, True], ids=["whole", "autocast"])
def test_the_loss_in_half_precision_is_that_of_float32(half: Any, cast: bool) -> None:
    """A logit is rounded once, by at most d = u max |z|. The weights of a token's logits in its loss add up
    to at most 2 in size, and to at most 2 in its -log p: so both move by at most 2 d."""
    states, weight, target = drawn(half)
    logits = states @ weight.t()
    u, d = ROUNDED[half], ROUNDED[half] * float(logits.abs().max())
    exact = computed(states, weight, target)
    found = (
        computed(states, weight, target, half) if cast else computed(states.to(half), weight.to(half), target)
    )
    assert found.loss.dtype == found.nll.dtype == torch.float32
    for one, expected in ((found.loss, exact.loss), (found.nll, exact.nll)):
        assert abs(float(one - expected)) <= TOKENS * (2 * d + SMALL)
    # Summed in half precision, numbers as large are multiples of this.
    assert float(exact.nll) > 2048 and abs(float(found.nll - exact.nll)) < u * 2048
    # A probability changes by a factor of at most exp(2 d); the gradient by a logit is rounded once more, and
    # so are the sums that are made of it.
    changed = torch.softmax(logits, dim=1) * math.expm1(2 * d) + u * 1.1
    bounds = {
        "states": changed @ weight.abs() + u * 1.1 * exact.states.abs() + SMALL,
        "weight": changed.t() @ states.abs() + u * 1.1 * exact.weight.abs() + SMALL,
    }
    for name, bound in bounds.items():
        difference = (getattr(found, name) - getattr(exact, name)).abs()
        assert (difference <= bound).all(), name
        assert difference.any(), "nothing was in half precision"


def test_gradients_of_float16_are_rounded_after_the_loss_is_scaled() -> None:
    """Two words, logits 0 and -15, smoothing 0: the second one's probability is 3.06e-7. Multiples of 2^-24 =
    6e-8 are all that float16 has there; scaled by 2^10 it has eleven bits, as of any number."""
    states = torch.tensor([[1.0, 0.0]], dtype=torch.float16, requires_grad=True)
    weight = torch.tensor([[0.0, 0.0], [-15.0, 0.0]], dtype=torch.float16, requires_grad=True)
    loss, _ = projected_loss(states, weight, None, torch.tensor([0]), 0.0)
    (loss * 1024).backward()
    probability = 1 / (1 + math.exp(15.0))
    assert weight.grad[1, 0].item() / 1024 == pytest.approx(probability, rel=2**-10)
    assert states.grad[0, 0].item() / 1024 == pytest.approx(-15 * probability, rel=2**-9)


@pytest.mark.parametrize("masked", [False, True])
def test_a_network_in_bfloat16_has_the_gradient_of_float32(masked: bool) -> None:
    """FFNs that lose enough are cut. From the loss to the first layer and back about 120 results follow one
    another (11 of an encoder layer, 18 of a decoder layer, each once more backwards). Each is rounded by u,
    independently: together by sqrt(120) u = 0.021 of the gradient."""
    found = []
    for half in (False, True):
        network = network_of().bfloat16()
        network = network if half else network.float()
        criterion = ProjectedLabelSmoothing(TASK, False, 0.1)
        gates = gates_of(network, slices=True) if masked else None
        named = gradients(network, criterion, gates)
        assert all(named.pop(name).dtype == torch.float32 for name in ("loss", "nll"))
        named.pop("tokens")
        assert {one.dtype for one in named.values()} == {torch.bfloat16 if half else torch.float32}
        found.append(torch.cat([one.double().flatten() for one in named.values()]))
    exact, rounded = found
    difference = float((rounded - exact).norm() / exact.norm())
    assert 0 < difference < math.sqrt(120) * 2**-9
