"""Where a training goes on: its place in an epoch, its patience, and the rows of validations."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")

from workflow_scripts.models.fairseq.training.trainer import (
    NeuronspecTrainer,
    Trainer,
    fairseq_train,
    moved_position,
    patience_is_spent,
)


@pytest.mark.parametrize(
    ("iterations", "old", "new", "position"),
    [
        # Six batches of one process are three of each of two, and the other way round.
        (6, "2400 tokens x 4 x 1", "2400 tokens x 2 x 2", 3),
        (3, "2400 tokens x 2 x 2", "2400 tokens x 4 x 1", 6),
        (6, "2400 tokens x 2 x 4", "2400 tokens x 4 x 2", 12),
        (4, "2400 tokens x 3 x 2", "2400 tokens x 3 x 2", 4),
        # Five are two and a half.
        (5, "2400 tokens x 4 x 1", "2400 tokens x 2 x 2", None),
        # Other batches, or those of a version that did not say.
        (6, "1200 tokens x 4 x 1", "2400 tokens x 2 x 2", None),
        (6, None, "2400 tokens x 2 x 2", None),
        (6, "2400 tokens", "2400 tokens x 2 x 2", None),
    ],
)
def test_the_place_in_an_epoch_with_other_processes(
    iterations: int, old: str | None, new: str, position: int | None
) -> None:
    assert moved_position(iterations, old, new) == position


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Any:
    """fairseq's function that counts validations without a new best."""
    stop = SimpleNamespace()
    monkeypatch.setattr(fairseq_train, "should_stop_early", stop)
    return stop


def resumed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, batching: str, val_loss: float | None = 2.5
) -> tuple[Any, dict[str, Any]]:
    """A trainer after it has loaded a checkpoint of update 20, batch 6 of epoch 3; and what it then says."""
    state = {
        "val_loss": val_loss,
        "batching": "2400 tokens x 4 x 1",
        "patience": {"best": 2.0, "num_runs": 4},
        "train_iterator": {"epoch": 3, "iterations_in_epoch": 6},
    }
    monkeypatch.setattr(Trainer, "load_checkpoint", lambda *_, **__: state)
    monkeypatch.setattr(NeuronspecTrainer, "is_data_parallel_master", True)
    monkeypatch.setattr(NeuronspecTrainer, "get_num_updates", lambda _: 20)
    trainer = object.__new__(NeuronspecTrainer)
    trainer.task = SimpleNamespace(folder=folder, take_masks=lambda extra_state: None)
    trainer.batching = batching
    trainer.progress = SimpleNamespace(resume=lambda update: None)
    rows = "".join(f"{update},all,2.0,1.0,9\n" for update in (10, 20, 30))
    (folder / "validation.csv").write_text(f"update,direction,loss,nll_loss,tokens\n{rows}")
    return trainer, trainer.load_checkpoint(str(folder / "checkpoint_last.pt"))


@pytest.mark.parametrize(
    ("batching", "place"),
    [
        ("2400 tokens x 4 x 1", (3, 6)),  # as before
        ("2400 tokens x 2 x 2", (3, 3)),
        ("2400 tokens x 1 x 4", (4, 0)),  # one and a half of each: the next epoch
        ("1200 tokens x 8 x 1", (4, 0)),
    ],
)
def test_the_epoch_goes_on_where_it_was(
    batching: str, place: tuple[int, int], patience: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iterator = resumed(tmp_path, monkeypatch, batching)[1]["train_iterator"]
    assert (iterator["epoch"], iterator["iterations_in_epoch"]) == place


def test_patience_goes_on(patience: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed(tmp_path, monkeypatch, "2400 tokens x 4 x 1")
    assert (patience.best, patience.num_runs) == (2.0, 4)
    assert [patience_is_spent(most) for most in (None, 0, 3, 4, 5)] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("val_loss", "rows", "completed"),
    [
        (2.5, ["10", "20"], 20),
        # A slice ended before the validation that may have been due: it comes again.
        (None, ["10"], None),
    ],
)
def test_rows_that_will_come_again_are_forgotten(
    val_loss: float | None,
    rows: list[str],
    completed: int | None,
    patience: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer, _ = resumed(tmp_path, monkeypatch, "2400 tokens x 4 x 1", val_loss)
    lines = (tmp_path / "validation.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == rows
    assert trainer.completed == completed
