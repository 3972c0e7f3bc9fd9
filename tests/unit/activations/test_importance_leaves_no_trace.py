"""Importance is read off a network and changes nothing of it: no gradient, weight or optimiser state."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unit.api.experiment import write_experiment
from workflow_scripts.activations.score_importance import importance
from workflow_scripts.models.port import load
from workflow_scripts.units.system import SystemFolder


def test_a14_importance_leaves_no_gradient(tmp_path: Path) -> None:
    """Gradients that are left behind would come into the next update, and a network left in eval mode would
    learn without dropout (defects of published code). Here the next update is the one without it, and a
    network that trains is refused as it is."""
    write_experiment(tmp_path)
    moved = []
    for scored in (True, False):
        port = load(SystemFolder.read(tmp_path / "systems/baseline/s1"))
        network = port.network  # type: ignore[attr-defined]
        optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
        batches = port.batches(port.task(tmp_path / "data/bin", "valid", "en-na"), 4096)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        if scored:
            assert importance(port, batches, port.space(["head"]))[0].any()
            assert not optimizer.state
            assert all(torch.equal(before[name], one) for name, one in network.state_dict().items())
            network.train()
            with pytest.raises(RuntimeError, match="the network is in training mode"):
                importance(port, batches, port.space(["head"]))
            assert all(module.training for module in network.modules())
            assert all(parameter.grad is None for parameter in network.parameters())
            assert not any(module._forward_pre_hooks for module in network.modules())
            network.eval()
        with torch.enable_grad():
            port.loss(next(iter(batches)))[0].sum().backward()
        optimizer.step()
        moved.append(network.state_dict())
    assert all(torch.equal(moved[0][name], moved[1][name]) for name in moved[0])
    assert any(not torch.equal(before[name], moved[0][name]) for name in before)
