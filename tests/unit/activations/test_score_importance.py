"""The importance of units: equal to what their gates do to the loss, and from scores to a pruned system."""

import numpy as np
import pytest
import torch

from tests.unit.api.experiment import DIRECTIONS, write_experiment
from workflow_scripts.activations.score_importance import importance, main
from workflow_scripts.models.port import load
from workflow_scripts.train.use_masks import use_masks
from workflow_scripts.units import select_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import VALUED
from workflow_scripts.units.system import SystemFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("importance")
    write_experiment(made)
    return made


def test_importance_is_the_slope_of_the_loss_by_each_gate(folder):
    """(loss at 1.01 - loss at 0.99) / 0.02 of each sentence, its absolute value summed, per target token."""
    port = load(SystemFolder.read(folder / "systems/baseline/s1"))
    port.network.double()
    space = port.space(VALUED)
    batches = port.batches(port.task(folder / "data/bin", "valid", "en-na"), 4096)
    found, tokens = importance(port, batches, space)
    assert tokens == 9  # 2, 3 and 1 words, three </s>
    names = [str(unit) for unit in range(space.size)]
    masks = MaskTable(names, ~np.eye(space.size, dtype=bool), space, {})
    losses = []
    with torch.inference_mode():
        for factor in (1.01, 0.99):
            gates = port.intervene(masks, dict.fromkeys(VALUED, f"scale:{factor}"))
            for name in names:
                for batch in batches:
                    with gates.use(name):
                        losses.append(port.loss(batch)[0])
    more, less = torch.cat(losses).reshape(2, space.size, -1)
    assert torch.allclose(((more - less) / 0.02).abs().sum(dim=1) / tokens, found, atol=1e-4, rtol=1e-3)
    assert all(parameter.grad is None for parameter in port.network.parameters())


def test_from_importance_to_a_pruned_system(folder):
    system, scores = folder / "systems/baseline/s1", folder / "importance/head/baseline/s1/valid"
    for direction in DIRECTIONS:
        words = ["--system", system, "--data-bin", folder / "data/bin", "--subset", "valid"]
        main([*map(str, words), "--direction", direction, "--out", str(scores / f"{direction}.npz")])
    table = ScoreTable.read(scores / "en-na.npz")
    assert table.space.keys == ("encoder.0.self", "decoder.0.self", "decoder.0.cross")
    assert (table.values > 0).all() and table.metadata["target_tokens"] == 9
    masks = folder / "masks/baseline/s1/heads.npz"
    words = ["--select", "top:50%@model", "--activations-root", scores, "--directions", *DIRECTIONS]
    select_masks.main([*map(str, words), "--out", str(masks)])
    pruned = use_masks(SystemFolder.read(system), masks, "pruned", folder / "systems/pruned/s1")
    kept = pruned.masks_of("en-na")
    assert kept.space == table.space and kept.select == "top:50%@model"
    best = np.argsort(-table.values[0], kind="stable")[:3]
    assert kept.keep[0].nonzero()[0].tolist() == sorted(best.tolist())
