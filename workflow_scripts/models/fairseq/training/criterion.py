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

from workflow_scripts.models.training.smoothed_loss import smoothed_loss


@register_criterion("fused_label_smoothing", dataclass=LabelSmoothedCrossEntropyCriterionConfig)
class FusedLabelSmoothing(LabelSmoothedCrossEntropyCriterion):
    """fairseq's criterion of the same definition, on `smoothed_loss`."""

    def compute_loss(
        self, model: Any, net_output: Any, sample: dict[str, Any], reduce: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (loss, nll), summed; what fairseq's `forward` of this class calls."""
        logits = net_output[0]
        target = model.get_targets(sample, net_output)
        return smoothed_loss(
            logits.reshape(-1, logits.size(-1)), target.reshape(-1), self.eps, self.padding_idx
        )
