"""Fine-tuning an attached model through the program: what comes out, what moves, and how it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unit.models.huggingface.trainings import attached, trained, weights, write_texts
from workflow_scripts.models.port import load
from workflow_scripts.units.system import SystemFolder


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_texts(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def parent(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> SystemFolder:
    return attached(folders["m2m"], tmp_path_factory.mktemp("m2m"))


def test_a_continued_training(parent, text, tmp_path):
    out = trained(parent, text, tmp_path)
    assert (out.port, out.architecture, out.text) == ("huggingface", parent.architecture, parent.text)
    assert out.parent == {"system": "m2m", "weights_sha256": parent.weights_sha256}
    assert out.training is not None and out.training["updates"] == 6
    before, after = weights(parent), weights(out)
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == set(before)
    rows = (tmp_path / "training/validation.csv").read_text().splitlines()
    assert [row.rsplit(",", 3)[0] for row in rows] == [
        *("update,direction", "3,en-de", "3,en-fr", "3,all", "6,en-de", "6,en-fr", "6,all")
    ]
    assert load(out, "cpu").task(text, "valid", "en-de").name == "en-de"
