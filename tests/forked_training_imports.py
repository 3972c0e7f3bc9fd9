"""What the processes of trainings in tests/forked.py find imported; nothing here may start a thread."""

import workflow_scripts.models.fairseq.training.loop
import workflow_scripts.train.finetune
import workflow_scripts.train.train_baseline
import workflow_scripts.train.train_system

# isort: split
import fairseq.data.data_utils_fast
import torch._dynamo  # by torch's optimisers, with the first update
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins

# What fairseq's settings are read with: it looks for its plugins, and learns its grammar while it reads.
Plugins.instance()
OverridesParser.create().parse_overrides(["a.b=1", "a.c='(0.9, 0.98)'", "d=null", "e.f=['x']", "g='{}'"])

__all__ = ["fairseq", "torch", "workflow_scripts"]
