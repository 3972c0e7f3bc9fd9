"""Label-smoothed cross-entropy with its gradient written out: fairseq's numbers in fewer passes.

With V words and e = epsilon / (V - 1), the loss per token is (1 - epsilon - e) nll + e sum_v(-log p_v). Its
weights add up to 1, so the gradient by the logits is softmax - e - (1 - epsilon - e) onehot. `smoothed_loss`
computes it in place in one array of [tokens, V]; `projected_loss` makes the logits of a block of tokens, and
all their gradients, at a time.
"""

from typing import Any

import torch
import torch.nn.functional as F

#: Tokens whose logits `projected_loss` has at one time: fewer make the matrix products slower.
BLOCK = 512


class _SmoothedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: torch.Tensor, target: torch.Tensor, epsilon: float, pad: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        values = logits.float()
        probabilities = torch.softmax(values, dim=-1)
        # The largest probability is at least 1 / V: its logarithm is exact, a rare word's would underflow.
        normaliser = values.amax(dim=-1) - probabilities.amax(dim=-1).log()
        real = target.ne(pad)
        each = epsilon / (logits.size(-1) - 1)
        nll = normaliser - values.gather(1, target[:, None]).squeeze(1)
        smooth = normaliser * logits.size(-1) - values.sum(dim=-1)
        nll_sum = nll[real].sum()
        loss = (1.0 - epsilon - each) * nll_sum + each * smooth[real].sum()
        ctx.probabilities, ctx.dtype, ctx.epsilon, ctx.each = probabilities, logits.dtype, epsilon, each
        ctx.save_for_backward(target, real)
        ctx.mark_non_differentiable(nll_sum)
        return loss, nll_sum

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        target, real = ctx.saved_tensors
        gradient = ctx.probabilities
        ctx.probabilities = None
        gradient.sub_(ctx.each)
        kept = gradient.new_full((len(target), 1), ctx.epsilon + ctx.each - 1.0)
        gradient.scatter_add_(1, target[:, None], kept)
        gradient.mul_((real.to(gradient.dtype) * gradients[0])[:, None])
        return gradient.to(ctx.dtype), None, None, None


def smoothed_loss(
    logits: torch.Tensor, target: torch.Tensor, epsilon: float, pad: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (loss, nll) summed over the tokens that are not `pad`; logits [tokens, V], target [tokens]."""
    loss, nll = _SmoothedLoss.apply(logits, target, epsilon, pad)
    return loss, nll


class _ProjectedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        target: torch.Tensor,
        epsilon: float,
        learns: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        words = len(weight)
        each = epsilon / (words - 1)
        of_weight = learns and ctx.needs_input_grad[1]
        # A token's logits add up to its state times this, so no pass over the logits is needed for it.
        total, more = weight.sum(dim=0), 0.0 if bias is None else bias.sum()
        by_states = torch.empty_like(states) if learns else None
        by_weight = torch.zeros_like(weight) if of_weight else None
        nll_sum, smooth_sum = states.new_zeros(()), states.new_zeros(())
        for start in range(0, len(states), BLOCK):
            some, wanted = states[start : start + BLOCK], target[start : start + BLOCK, None]
            logits = F.linear(some, weight, bias)
            likely, highest = logits.gather(1, wanted).squeeze(1), logits.amax(dim=-1)
            gradient = torch.softmax(logits, dim=-1)
            # As above: the largest probability does not underflow.
            normaliser = highest - gradient.amax(dim=-1).log()
            nll_sum += (normaliser - likely).sum()
            smooth_sum += (normaliser * words - some @ total - more).sum()
            if by_states is not None:
                gradient.scatter_add_(1, wanted, gradient.new_full(wanted.shape, epsilon + each - 1.0))
                torch.mm(gradient, weight, out=by_states[start : start + BLOCK])
            if by_weight is not None:
                by_weight.addmm_(gradient.t(), some)
        if by_states is not None:
            by_states -= each * total
        if by_weight is not None:
            by_weight -= each * states.sum(dim=0)
        ctx.gradients = by_states, by_weight
        ctx.mark_non_differentiable(nll_sum)
        return (1.0 - epsilon - each) * nll_sum + each * smooth_sum, nll_sum

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        scaled = [None if one is None else one.mul_(gradients[0]) for one in ctx.gradients]
        ctx.gradients = None
        return *scaled, None, None, None, None


def projected_loss(
    states: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    target: torch.Tensor,
    epsilon: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (loss, nll) summed over tokens, from the states before the projection to the vocabulary.

    ``states`` [tokens, C]; ``weight`` [V, C] and ``bias`` [V] of the projection, the bias a constant;
    ``target`` [tokens], none of them padding. In half precision all logits exist at once: the loss is scaled
    before its gradients are rounded.
    """
    if torch.is_autocast_enabled(states.device.type) or states.dtype in (torch.float16, torch.bfloat16):
        return smoothed_loss(F.linear(states, weight, bias), target, epsilon, pad=-1)
    loss, nll = _ProjectedLoss.apply(states, weight, bias, target, epsilon, torch.is_grad_enabled())
    return loss, nll
