"""fairseq's label-smoothed cross-entropy on ``models.training.smoothed_loss``."""

from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq.criterions import register_criterion
from fairseq.criterions.label_smoothed_cross_entropy import (
    LabelSmoothedCrossEntropyCriterion,
    LabelSmoothedCrossEntropyCriterionConfig,
)

from workflow_scripts.models.training.smoothed_loss import projected_loss, smoothed_loss


@register_criterion("fused_label_smoothing", dataclass=LabelSmoothedCrossEntropyCriterionConfig)
class FusedLabelSmoothing(LabelSmoothedCrossEntropyCriterion):
    """fairseq's criterion of the same definition, on `smoothed_loss`: that of the reference step."""

    def compute_loss(
        self, model: Any, net_output: Any, sample: dict[str, Any], reduce: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (loss, nll), summed; what fairseq's `forward` of this class calls."""
        logits = net_output[0]
        target = model.get_targets(sample, net_output)
        return smoothed_loss(
            logits.reshape(-1, logits.size(-1)), target.reshape(-1), self.eps, self.padding_idx
        )


@register_criterion("projected_label_smoothing", dataclass=LabelSmoothedCrossEntropyCriterionConfig)
class ProjectedLabelSmoothing(LabelSmoothedCrossEntropyCriterion):
    """fairseq's criterion of the same definition, on `projected_loss`: no logits of padding, no array of all
    logits, and no attention weights, which nobody reads."""

    def forward(self, model: Any, sample: dict[str, Any], reduce: bool = True) -> Any:
        """Return what fairseq's `forward` returns: the loss, the tokens, and what is logged."""
        asked = {**sample["net_input"], "features_only": True, "alignment_layer": -1}
        return super().forward(model, {**sample, "net_input": asked}, reduce)

    def compute_loss(
        self, model: Any, net_output: Any, sample: dict[str, Any], reduce: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (loss, nll), summed, from the decoder's states."""
        projection, target = model.decoder.output_projection, sample["target"].flatten()
        # How many there are is known here: a GPU need not be asked.
        real = target.ne(self.padding_idx).nonzero_static(size=sample["ntokens"]).squeeze(1)
        states = net_output[0].flatten(0, 1).index_select(0, real)
        return projected_loss(
            states, projection.weight, projection.bias, target.index_select(0, real), self.eps
        )
