"""The fused loss against the formula written out and against fairseq's own function."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.models.fairseq.training.criterion import smoothed_loss  # noqa: E402

PAD = 1


def test_worked_out_value() -> None:
    """V = 4, uniform logits: every -log p is log 4, so loss = nll = log 4 for the one real token."""
    logits = torch.zeros(2, 4)
    loss, nll = smoothed_loss(logits, torch.tensor([2, PAD]), 0.1, PAD)
    assert loss.item() == pytest.approx(math.log(4), abs=1e-6)
    assert nll.item() == pytest.approx(math.log(4), abs=1e-6)


def test_equals_fairseq_in_value_and_gradient() -> None:
    from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss

    torch.manual_seed(3)
    plain = (4 * torch.randn(13, 29)).requires_grad_()
    fused = plain.detach().clone().requires_grad_()
    target = torch.randint(2, 29, (13,))
    target[[4, 7]] = PAD
    expected, expected_nll = label_smoothed_nll_loss(
        torch.log_softmax(plain, dim=-1), target, 0.1, ignore_index=PAD
    )
    loss, nll = smoothed_loss(fused, target, 0.1, PAD)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert nll.item() == pytest.approx(expected_nll.item(), rel=1e-5)
    (expected / 3).backward()
    (loss / 3).backward()
    assert torch.allclose(fused.grad, plain.grad, atol=1e-6)
    assert torch.count_nonzero(fused.grad[4]) == 0


def test_half_precision_is_summed_in_single_precision() -> None:
    """4096 words alike, 300 tokens: 300 log 4096 = 2495.33; half precision counts by twos there."""
    logits = torch.zeros(300, 4096, dtype=torch.float16, requires_grad=True)
    loss, nll = smoothed_loss(logits, torch.full((300,), 7), 0.1, PAD)
    assert loss.dtype == nll.dtype == torch.float32
    assert loss.item() == pytest.approx(300 * math.log(4096), abs=0.01)
    assert nll.item() == pytest.approx(300 * math.log(4096), abs=0.01)
    loss.backward()
    assert logits.grad.dtype == torch.float16


def test_improbable_target_does_not_underflow() -> None:
    """A target 200 nats below the best word has probability 0 in float32 but a finite loss."""
    loss, nll = smoothed_loss(torch.tensor([[200.0, 0.0, 0.0]]), torch.tensor([2]), 0.0, PAD)
    assert nll.item() == pytest.approx(200.0, abs=1e-3)
    assert loss.item() == pytest.approx(200.0, abs=1e-3)
