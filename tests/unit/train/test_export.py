"""A finished training as a system: the weights of its best update, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.training_settings import training_settings  # noqa: E402
from workflow_scripts.common.files import read_json, write_json  # noqa: E402
from workflow_scripts.models.fairseq.artifact import load_network  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.fairseq.training.checkpoints import save_checkpoint  # noqa: E402
from workflow_scripts.models.fairseq.training.training_plan import TrainingPlan  # noqa: E402
from workflow_scripts.train.export import export_system  # noqa: E402
from workflow_scripts.train.training_folder import TrainingFolder  # noqa: E402
from workflow_scripts.train.training_settings import settings_by_class  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 16, 2)
SETTINGS = training_settings()


def checkpoint(path: Path, update: int, loss: float, best: float) -> Any:
    """A checkpoint of random weights by its update; return the network."""
    torch.manual_seed(update)
    network = build_network(ARCHITECTURE, 9)
    extra = {"val_loss": loss, "best": best}
    history = [{"num_updates": update}]
    save_checkpoint({"model": network.state_dict(), "optimizer_history": history, "extra_state": extra}, path)
    return network


def test_the_best_update_is_exported_and_named(tmp_path: Path) -> None:
    """Trained to update 40; the best was 20, and memory ran out once on the way."""
    path, out = tmp_path / "training", tmp_path / "out"
    path.mkdir()
    (tmp_path / "dict.txt").write_text("a 1\nb 1\nc 1\n")
    (tmp_path / "spm.model").write_bytes(b"pieces")
    best = checkpoint(path / "checkpoint_best.pt", 20, 2.0, 2.0)
    checkpoint(path / "checkpoint_last.pt", 40, 2.5, 2.0)
    folder = TrainingFolder(path, settings_by_class(SETTINGS, 1))
    folder.finish(40, "max_updates")
    attempts = [{"execution": {"max_tokens": size}} for size in (2400, 1200)]
    write_json(
        path / "history.json",
        {"seconds": 60.0, "gpu_hours": 0.5, "peak_memory_mb": 100.0, "attempts": attempts},
    )
    plan = TrainingPlan(
        system="baseline",
        seed=3,
        languages=["en", "de"],
        directions=["de-en"],
        architecture=ARCHITECTURE.to_dict(),
        settings=SETTINGS,
        text={},
        data_bin="",
        dictionary=str(tmp_path / "dict.txt"),
        subwords=str(tmp_path / "spm.model"),
        folder=str(path),
    )
    export_system(plan, folder, out)
    said = read_json(out / "system.json")
    assert said["training"] == {
        "updates": 40,
        "best_update": 20,
        "best_valid_loss": 2.0,
        "seconds": 60.0,
        "gpu_hours": 0.5,
        "peak_memory_mb": 100.0,
        "attempts": 2,
        "max_tokens": 1200,
    }
    assert (said["system"], said["seed"], said["parent"]) == ("baseline", 3, None)
    state = load_network(out).state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in best.state_dict().items())
