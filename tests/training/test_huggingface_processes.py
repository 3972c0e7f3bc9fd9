"""Two processes of one training in the port of transformers: the same training as one, but for rounding."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from tests.training.several import train
from tests.unit.models.huggingface.folders import model_folder
from tests.unit.models.huggingface.trainings import arguments, attached, trained, weights, write_texts
from workflow_scripts.units.system import SystemFolder

ROWS = {"en-de": "west", "en-fr": "south"}


def test_two_processes_are_one_training(tmp_path: Path) -> None:
    """Of LoRA a process has gradients of the rows of its own batches alone, and all move. An odd batch at an
    epoch's end leaves the second process without one."""
    parent = attached(model_folder("m2m", tmp_path / "model"), tmp_path / "parent")
    text = write_texts(tmp_path / "text", train=13)
    method = {"adapters": {"kind": "lora", "size": 2, "rows": ROWS}}
    alone = trained(parent, text, tmp_path / "alone", method=method)
    command = arguments(parent, text, tmp_path / "together", method=method)
    ended = train("workflow_scripts.train.finetune", [command] * 2, tmp_path / "said", new=True)
    assert [one.status for one in ended] == [0, 0], ended
    together = SystemFolder.read(tmp_path / "together/system")
    attempts = json.loads((tmp_path / "together/training/history.json").read_text())["attempts"]
    assert [one["devices"] for one in attempts] == [["cpu", "cpu"]]
    assert alone.training is not None and together.training is not None
    for fact in ("updates", "best_update"):
        assert alone.training[fact] == together.training[fact]
    lines = [
        (folder / "training/validation.csv").read_text()
        for folder in (tmp_path / "alone", tmp_path / "together")
    ]
    assert lines[0].count("\n") == 7
    for one, other in zip(*(text.splitlines()[1:] for text in lines), strict=True):
        assert one.split(",")[:2] == other.split(",")[:2]
        assert abs(float(one.split(",")[2]) - float(other.split(",")[2])) <= 0.0015
    assert all(torch.equal(one, weights(together)[name]) for name, one in weights(alone).items())
