"""What the processes of trainings in tests/forked.py find imported; nothing here may start a thread."""

from __future__ import annotations

import workflow_scripts.models.training
import workflow_scripts.specialize.finetune
import workflow_scripts.train.train_baseline

# isort: split
import torch._dynamo  # by torch's optimisers, with the first update

__all__ = ["torch", "workflow_scripts"]
