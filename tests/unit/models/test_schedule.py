"""The learning rate at each update is that of fairseq's schedulers."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import workflow_scripts.models.fairseq.compat  # noqa: E402, F401  isort:skip

from fairseq.optim.adam import FairseqAdam, FairseqAdamConfig  # noqa: E402
from fairseq.optim.lr_scheduler import build_lr_scheduler  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.training.schedule import learning_rate  # noqa: E402

#: What fairseq's schedulers ask for besides.
MORE: dict[str, dict[str, Any]] = {
    "inverse_sqrt": {"warmup_init_lr": -1.0},
    "polynomial_decay": {
        "force_anneal": None,
        "end_learning_rate": 0.0,
        "power": 1.0,
        "total_num_update": 12.0,
    },
    "cosine": {
        "warmup_init_lr": -1.0,
        "min_lr": 0.0,
        "t_mult": 1.0,
        "lr_period_updates": -1.0,
        "lr_shrink": 0.1,
        "max_update": 12,
    },
    "fixed": {"force_anneal": None, "lr_shrink": 0.1},
}


def test_by_hand() -> None:
    settings = {"lr": 0.8, "max_updates": 12, "warmup_updates": 4}
    expected = {
        "inverse_sqrt": {0: 0.0, 3: 0.6, 4: 0.8, 16: 0.4},
        "polynomial_decay": {0: 0.0, 3: 0.6, 4: 0.8, 8: 0.4, 12: 0.0},
        "cosine": {0: 0.0, 3: 0.6, 4: 0.8, 8: 0.4, 12: 0.0},
        "fixed": {0: 0.2, 3: 0.8, 9: 0.8},
    }
    for scheduler, rates in expected.items():
        for updates, rate in rates.items():
            found = learning_rate({**settings, "scheduler": scheduler}, updates)
            assert found == pytest.approx(rate, abs=1e-12), (scheduler, updates)


@pytest.mark.parametrize("warmup", [0, 1, 4])
@pytest.mark.parametrize("scheduler", MORE)
def test_as_fairseq_has_it(scheduler: str, warmup: int) -> None:
    settings = {"lr": 0.8, "max_updates": 12, "warmup_updates": warmup, "scheduler": scheduler}
    if scheduler == "inverse_sqrt" and not warmup:
        with pytest.raises(UserError, match="needs warmup_updates of at least 1"):
            learning_rate(settings, 0)
        return
    config = OmegaConf.create({"_name": scheduler, "lr": [0.8], "warmup_updates": warmup, **MORE[scheduler]})
    adam = FairseqAdamConfig(adam_betas="(0.9, 0.98)", adam_eps=1e-8, weight_decay=0.0, lr=[0.8])
    optimizer = FairseqAdam(adam, [torch.nn.Parameter(torch.zeros(1))])
    theirs = build_lr_scheduler(config, optimizer)
    theirs.step_begin_epoch(1)
    for updates in range(12):
        theirs.step_update(updates)
        assert learning_rate(settings, updates) == pytest.approx(optimizer.get_lr(), abs=1e-12), updates
