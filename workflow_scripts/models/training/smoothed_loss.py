"""Label-smoothed cross-entropy with its gradient written out: fairseq's numbers in fewer passes.

With V words and e = epsilon / (V - 1), the loss per token is (1 - epsilon - e) nll + e sum_v(-log p_v). Its
weights add up to 1, so the gradient by the logits is softmax - e - (1 - epsilon - e) onehot, computed in
place in one array of [tokens, V].
"""

from typing import Any

import torch


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
