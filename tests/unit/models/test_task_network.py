"""The network that a fine-tune begins with: the parent's weights, and every direction's own row of masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq.artifact import save_system_weights  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 4, 2)
SYMBOLS = range(9)


@pytest.fixture
def parent() -> Any:
    torch.manual_seed(4)
    return build_network(ARCHITECTURE, len(SYMBOLS))


def task_of(**plan: Any) -> NeuronspecTranslationTask:
    """A task of two directions, as it is before its network is built."""
    task = NeuronspecTranslationTask.__new__(NeuronspecTranslationTask)
    known = {"architecture": ARCHITECTURE.to_dict(), "initial_weights": None, "masks": None, "method": {}}
    known["settings"] = {"step": "reference"}
    task.__dict__ |= {"plan": known | plan, "directions": ["de-en", "en-de"], "dictionary": SYMBOLS}
    task.masked = None
    return task


def test_it_begins_with_the_parents_weights(parent: Any, tmp_path: Path) -> None:
    save_system_weights(parent, tmp_path / "model.safetensors")
    torch.manual_seed(5)
    network = task_of(initial_weights=str(tmp_path / "model.safetensors")).build_model(None)
    expected = parent.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())


def test_rows_of_masks_go_by_their_names(tmp_path: Path) -> None:
    """In the file the second direction stands first, between others."""
    keep = np.zeros((3, 8), dtype=bool)
    keep[0, :1] = keep[1, :2] = keep[2, :3] = True
    table = MaskTable(["en-de", "fr-en", "de-en"], keep, model_space(ARCHITECTURE.to_dict()), {})
    table.write(tmp_path / "masks.npz")
    task = task_of(masks=str(tmp_path / "masks.npz"))
    network = task.build_model(None)
    kept = []
    for number in range(2):
        task.masked.select(number)
        kept.append(network.encoder.layers[0].fc1.gate.tolist())
    assert kept == [[1, 1, 1, 0], [1, 0, 0, 0]]


def test_masks_say_how_they_act(tmp_path: Path) -> None:
    """Head 1 of the encoder is halved in en-de; a gate that needs more than the masks is refused."""
    space = model_space(ARCHITECTURE.to_dict(), ("head",))
    keep = np.ones((2, 6), dtype=bool)
    keep[1, 1] = False
    table = MaskTable(["de-en", "en-de"], keep, space, {"gate": {"head": "scale:0.5"}})
    table.write(tmp_path / "masks.npz")
    task = task_of(masks=str(tmp_path / "masks.npz"))
    projection = task.build_model(None).encoder.layers[0].self_attn.out_proj
    changed = []
    for number in range(2):
        task.masked.select(number)
        hooks = list(projection._forward_pre_hooks.values())
        changed.append([hook(projection, (torch.ones(1, 1, 8),))[0].tolist() for hook in hooks])
    assert changed == [[], [[[[1.0] * 4 + [0.5] * 4]]]]
    MaskTable(table.rows, keep, space, {"gate": {"head": "mean"}}).write(tmp_path / "masks.npz")
    with pytest.raises(UserError, match=r"gate 'mean' needs the means of encoder\.0\.self"):
        task.build_model(None)


def test_a_head_that_is_left_out_learns_nothing(tmp_path: Path) -> None:
    space = model_space(ARCHITECTURE.to_dict(), ["head"])
    keep = np.ones((2, space.size), dtype=bool)
    keep[0, space.flat("encoder.0.self", 1)] = False
    MaskTable(["de-en", "en-de"], keep, space, {}).write(tmp_path / "masks.npz")
    task = task_of(masks=str(tmp_path / "masks.npz"))
    network = task.build_model(None).train()
    task.masked.select(0)
    sources = torch.tensor([[4, 5, 6, 2], [7, 8, 4, 2]])
    network(sources, torch.tensor([4, 4]), sources[:, :3])[0].square().sum().backward()
    task.masked.gates.check_fired()
    attention = network.encoder.layers[0].self_attn
    # A head has four of the eight dimensions.
    assert not attention.out_proj.weight.grad[:, 4:].any() and attention.out_proj.weight.grad[:, :4].any()
    assert not attention.v_proj.weight.grad[4:].any() and attention.v_proj.weight.grad[:4].any()
