"""Fine-tuning with adapters: what is trained and exported, and that a row of no batch does not move."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from tests.training.interrupted import killed_after, same_weights  # noqa: E402
from tests.training.toy_world import (  # noqa: E402
    ARCHITECTURE,
    baseline_arguments,
    finetune_arguments,
    write_world,
)
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.port import load  # noqa: E402
from workflow_scripts.train.finetune import main  # noqa: E402
from workflow_scripts.units.adapters import adapter_shapes  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402

#: By language: both directions of a pair have one.
ROWS = {"de-en": "to", "en-de": "to", "en-fr": "half", "fr-en": "half"}
SIZE = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def parent(world: Path) -> Path:
    from workflow_scripts.train.train_baseline import main as train_baseline

    train_baseline(baseline_arguments(world, world / "training", world / "baseline", max_updates=8))
    return world / "baseline"


def train(world: Path, parent: Path, folder: Path, kind: str, **settings: Any) -> Path:
    """The system of a fine-tuning, exported."""
    method = {"adapters": {"kind": kind, "size": SIZE, "rows": ROWS}}
    changed = {"max_updates": 8, "warmup_updates": 2, "validate_interval_updates": 4, "lr": 0.05, **settings}
    arguments = finetune_arguments(world, parent, None, folder / "training", folder / "system", **changed)
    main([*arguments, f"--method={json.dumps(method)}"])
    return folder / "system"


def adapters(system: Path) -> dict[str, Any]:
    found: dict[str, Any] = load_file(system / "adapters.safetensors")
    return found


@pytest.mark.parametrize("kind", ["lora", "bottleneck"])
def test_only_adapters_are_trained_and_each_direction_has_its_row(
    kind: str, world: Path, parent: Path, tmp_path: Path
) -> None:
    out = train(world, parent, tmp_path, kind)
    assert (out / "model.safetensors").read_bytes() == (parent / "model.safetensors").read_bytes()
    shapes = adapter_shapes(ARCHITECTURE, kind, SIZE)
    found = adapters(out)
    assert {name: tuple(one.shape) for name, one in found.items()} == {
        f"{row}.{name}": shape for row in ("half", "to") for name, shape in shapes.items()
    }
    assert all(one.any() for name, one in found.items() if ".up" in name)
    system = SystemFolder.read(out)
    assert (system.adapter_rows, system.adapters) == (
        ROWS,
        {"file": "adapters.safetensors", "kind": kind, "size": SIZE},
    )
    port = load(system, "cpu")
    task = port.pairs("de-en", ("de", "en"), [([4, 5, 6], [4, 5, 6])])
    (batch,) = port.batches(task, 50)
    found = {}
    for direction in ("de-en", "en-de", "fr-en"):
        with torch.inference_mode(), port.direction(direction):
            found[direction] = float(port.loss(batch)[0])
    assert found["de-en"] == found["en-de"] != found["fr-en"]


def test_a_resumed_training_is_the_undisturbed_one_and_its_adapters_are_kept(
    world: Path, parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(world, parent, tmp_path / "whole", "lora")
    with killed_after(6, monkeypatch):
        train(world, parent, tmp_path / "cut", "lora", keep_optimizer=False)
    cut = train(world, parent, tmp_path / "cut", "lora", keep_optimizer=False)
    expected, again = adapters(whole), adapters(cut)
    assert all(torch.equal(expected[name], again[name]) for name in expected)
    # Its checkpoints are gone: what is exported again is what was kept.
    assert not [*(tmp_path / "cut/training").glob("checkpoint*")]
    shutil.rmtree(cut)
    train(world, parent, tmp_path / "cut", "lora", keep_optimizer=False)
    assert same_weights(cut, whole)
    assert (cut / "adapters.safetensors").read_bytes() == (whole / "adapters.safetensors").read_bytes()
    shutil.rmtree(cut)
    (tmp_path / "cut/training/kept.adapters.safetensors").unlink()
    with pytest.raises(UserError, match=r"no kept\.adapters\.safetensors\); put one back"):
        train(world, parent, tmp_path / "cut", "lora", keep_optimizer=False)
