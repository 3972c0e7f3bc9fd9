"""A finished training as a system: the weights of its best update, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.training_settings import training_settings  # noqa: E402
from tests.unit.models.loaded import load_network  # noqa: E402
from workflow_scripts.common.files import read_json, write_json  # noqa: E402
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.training.checkpoints import save_checkpoint  # noqa: E402
from workflow_scripts.models.training.plan import TrainingPlan  # noqa: E402
from workflow_scripts.train.export import export_system  # noqa: E402
from workflow_scripts.train.training_folder import TrainingFolder  # noqa: E402
from workflow_scripts.train.training_settings import settings_by_class  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_table import RENEWED, MaskTable  # noqa: E402
from workflow_scripts.units.space import model_space  # noqa: E402

ARCHITECTURE = Architecture(1, 1, 8, 16, 2)
SETTINGS = training_settings()


def checkpoint(path: Path, update: int, loss: float, best: float, **more: Any) -> Any:
    """A checkpoint of random weights by its update; return the network."""
    torch.manual_seed(update)
    network = build_network(ARCHITECTURE, 9)
    extra = {"val_loss": loss, "best": best, **more}
    history = [{"num_updates": update}]
    save_checkpoint({"model": network.state_dict(), "optimizer_history": history, "extra_state": extra}, path)
    return network


def plan_of(root: Path, path: Path, **more: Any) -> TrainingPlan:
    """A training in one direction, with the files of its vocabulary."""
    path.mkdir()
    (root / "dict.txt").write_text("a 1\nb 1\nc 1\n")
    (root / "spm.model").write_bytes(b"pieces")
    return TrainingPlan(
        system="baseline",
        seed=3,
        languages=["en", "de"],
        directions=["de-en"],
        architecture=ARCHITECTURE.to_dict(),
        settings=SETTINGS,
        text={},
        data_bin="",
        dictionary=str(root / "dict.txt"),
        subwords=str(root / "spm.model"),
        folder=str(path),
        **more,
    )


def test_the_best_update_is_exported_and_named(tmp_path: Path) -> None:
    """Trained to update 40; the best was 20, and memory ran out once on the way."""
    path, out = tmp_path / "training", tmp_path / "out"
    plan = plan_of(tmp_path, path)
    best = checkpoint(path / "checkpoint_best.pt", 20, 2.0, 2.0)
    checkpoint(path / "checkpoint_last.pt", 40, 2.5, 2.0)
    folder = TrainingFolder(path, settings_by_class(SETTINGS, 1))
    folder.finish(40, "max_updates")
    attempts = [{"execution": {"max_tokens": size}} for size in (2400, 1200)]
    write_json(
        path / "history.json",
        {"seconds": 60.0, "gpu_hours": 0.5, "peak_memory_mb": 100.0, "attempts": attempts},
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


def test_masks_are_those_that_the_best_update_was_validated_under(tmp_path: Path) -> None:
    """Made again after 10 and after 30 updates; the best was 20. Bits are packed from the left."""
    path, out = tmp_path / "training", tmp_path / "out"
    masks = tmp_path / "masks.npz"
    keep = np.ones((1, 32), dtype=bool)
    MaskTable(["de-en"], keep, model_space(ARCHITECTURE.to_dict()), {"rule": "mass", "k": "90"}).write(masks)
    plan = plan_of(tmp_path, path, masks=str(masks), method={"renew": 10})
    folder = TrainingFolder(path, settings_by_class(SETTINGS, 1))
    folder.finish(40, "max_updates")
    for name, update, loss, renewed, last in (("best", 20, 2.0, 10, 1), ("last", 40, 2.5, 30, 2)):
        bits = torch.tensor([[255, 255, 255, last]], dtype=torch.uint8)
        state = {"bits": bits, "renewed": renewed, "noted": {"note": [str(last)]}}
        checkpoint(path / f"checkpoint_{name}.pt", update, loss, 2.0, masks=state)
    export_system(plan, folder, out)
    table = MaskTable.read(out / "masks.npz")
    assert table.row("de-en").tolist() == [True] * 24 + [False] * 7 + [True]
    assert [table.manifest[name] for name in ("k", RENEWED, "note")] == ["90", 10, ["1"]]
