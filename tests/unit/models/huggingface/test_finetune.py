"""Fine-tuning an attached model through the program: what comes out, what moves, and how it goes on."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.interrupted import after_update
from tests.unit.models.huggingface.trainings import (
    attached,
    plan_of,
    trained,
    training_of,
    weights,
    write_masks,
    write_texts,
)
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import load
from workflow_scripts.models.training.checkpoints import reached, read_checkpoint
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.slices import TIME_LIMIT, SliceEnded
from workflow_scripts.units.system import SystemFolder

WITH_ALL: dict[str, Any] = {"dropout": 0.1, "weight_decay": 0.1, "clip_norm": 1.0}
#: What decay alone leaves after six updates at rates of 0, then 0.01 / u ** 0.5: 1 - 0.1 x rate in each.
DECAYED = 0.99677241


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


def same(one: SystemFolder, other: SystemFolder) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def continued(parent: SystemFolder, text: Path, tmp_path_factory: pytest.TempPathFactory) -> SystemFolder:
    """Six updates without masks, with dropout and weight decay."""
    return trained(parent, text, tmp_path_factory.mktemp("continued"), **WITH_ALL)


def test_masks_that_keep_all_are_continued_training_to_the_bit(parent, text, continued, tmp_path):
    masks = write_masks(parent, tmp_path / "all.npz", lambda direction, size: np.True_)
    out = trained(parent, text, tmp_path, masks=masks, **WITH_ALL)
    assert same(out, continued)
    assert set(out.mask_rows.values()) == {"en-de", "en-fr"}
    assert out.masks is not None and out.masks.is_file()


def test_a_specialised_training(parent, text, continued, tmp_path):
    """Unit 1 of every four is kept by no direction: its row has no momentum and decays alone; its bias moves.
    The likelihoods of the exported system are those of the last validation."""
    masks = write_masks(parent, tmp_path / "masks.npz", lambda direction, size: np.arange(size) % 4 != 1)
    out = trained(parent, text, tmp_path, masks=masks, **WITH_ALL)
    before, after = weights(parent), weights(out)
    for name in (f"model.{stack}.layers.{layer}.fc1" for stack in ("encoder", "decoder") for layer in (0, 1)):
        one, other = before[f"{name}.weight"], after[f"{name}.weight"]
        torch.testing.assert_close(other[1::4], one[1::4] * DECAYED, rtol=1e-6, atol=0.0)
        assert (other[0::4] != one[0::4]).any(dim=1).all()
        assert (before[f"{name}.bias"] != after[f"{name}.bias"]).all()
    port = load(out, "cpu")
    with port.direction("en-de"):
        batches = port.batches(port.task(text, "valid", "en-de"), 1000)
        nll, tokens = map(sum, zip(*(map(sum, port.loss(one, True)) for one in batches), strict=True))
    rows = [row.split(",") for row in (tmp_path / "training/validation.csv").read_text().splitlines()]
    (last,) = (row for row in rows if row[:2] == [str(out.training["best_update"]), "en-de"])
    assert float(nll / tokens) / math.log(2) == pytest.approx(float(last[3]), abs=1e-4)
    assert not same(out, continued)


def test_masked_gradients_leave_rows_as_they_were(parent, text, tmp_path):
    masks = write_masks(parent, tmp_path / "masks.npz", lambda direction, size: np.arange(size) % 4 != 1)
    method = {"train": "gradients", "momentum": "own", "parameters": "ffn"}
    out = trained(parent, text, tmp_path, masks=masks, method=method, **WITH_ALL)
    before, after = weights(parent), weights(out)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if ".fc1." in name or ".fc2." in name}
    stays = (before["model.decoder.layers.1.fc1.weight"] == after["model.decoder.layers.1.fc1.weight"]).all(1)
    assert stays.tolist() == [number % 4 == 1 for number in range(48)]
    assert out.masks is None and (out.folder / "masks.npz").is_file()


def next_slice(plan: TrainingPlan) -> tuple[str, int] | None:
    """Why and where a slice ended whose time is up after an update; None at the training's end."""
    began = reached(Path(plan.folder))
    training = training_of(plan, end_is_near=lambda _: training.progress.updates > began)
    try:
        training.run()
    except SliceEnded as end:
        return end.reason, end.update
    return None


@pytest.mark.parametrize("way", ["masks", "lora"])
def test_a_training_in_slices_is_the_undisturbed_one(way, parent, text, tmp_path):
    """It ends after every single update, also where a validation is due, and goes on from there."""
    masks, method = None, {}
    if way == "masks":
        masks = write_masks(
            parent, tmp_path / "masks.npz", lambda name, size: np.arange(size) % 3 != len(name) % 2
        )
    else:
        rows = {"en-de": "west", "en-fr": "south"}
        method = {"adapters": {"kind": "lora", "size": 2, "rows": rows}}
    settings = {**WITH_ALL, "max_updates": 4, "validate_interval_updates": 2}
    plans = [plan_of(parent, text, tmp_path / name, masks, method, **settings) for name in ("one", "two")]
    training_of(plans[0]).run()
    # Each update ends a slice; the last one is complete when the slice after it finds it.
    ended = [next_slice(plans[1]) for _ in range(5)]
    assert ended == [*((TIME_LIMIT, update) for update in range(1, 5)), None]
    one, two = (read_checkpoint(tmp_path / name / "checkpoint_best.pt") for name in ("one", "two"))
    assert one["optimizer_history"] == two["optimizer_history"]
    parts = {"model": one["model"], **one.get("adapters", {})}
    for part, tensors in parts.items():
        other = two["model"] if part == "model" else two["adapters"][part]
        assert all(torch.equal(tensors[name], other[name]) for name in tensors)
    rows = [(tmp_path / name / "validation.csv").read_text() for name in ("one", "two")]
    assert rows[0] == rows[1] and rows[0].count("\n") == 7


def test_sigterm_ends_a_slice_at_the_very_update(parent, text, continued, tmp_path, monkeypatch):
    def terminate():
        os.kill(os.getpid(), signal.SIGTERM)

    with after_update(2, terminate, monkeypatch), pytest.raises(SliceEnded) as ended:
        trained(parent, text, tmp_path, **WITH_ALL)
    assert (ended.value.reason, ended.value.update) == ("SIGTERM", 2)
    assert same(trained(parent, text, tmp_path, **WITH_ALL), continued)
    attempts = json.loads((tmp_path / "training/history.json").read_text())["attempts"]
    assert [one["outcome"] for one in attempts] == ["SIGTERM", "finished"]


def test_adapters_are_exported_and_laid(parent, text, tmp_path):
    """The shared weights stay; a direction's likelihoods are those of the training's last validation."""
    rows = {"en-de": "west", "en-fr": "south"}
    for kind in ("lora", "bottleneck"):
        method = {"adapters": {"kind": kind, "size": 2, "rows": rows}}
        folder = tmp_path / kind
        out = trained(parent, text, folder, method=method, lr=0.05)
        before, after = weights(parent), weights(out)
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert out.adapter_rows == rows
        port = load(out, "cpu")
        (batch,) = port.batches(port.task(text, "valid", "en-de"), 1000)
        with port.direction("en-de"):
            nll, tokens = map(sum, port.loss(batch, True))
        lines = (folder / "training/validation.csv").read_text().splitlines()
        assert out.training is not None
        (found,) = (one for one in lines if one.startswith(f"{out.training['best_update']},en-de,"))
        assert float(nll / tokens) / math.log(2) == pytest.approx(float(found.split(",")[3]), abs=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"valid_bleu": True},
            "valid_bleu in the training settings is not supported by the port 'huggingface'",
        ),
        ({"precision": "bf16"}, "precision bf16 in the training settings needs a GPU; use auto or fp32"),
        (
            {"scheduler": "inverse_sqrt", "warmup_updates": 0},
            "scheduler inverse_sqrt .* needs warmup_updates",
        ),
    ],
)
def test_settings_that_it_lacks_are_a_line(change, said, parent, text, tmp_path):
    with pytest.raises(UserError, match=f"^{said}"):
        trained(parent, text, tmp_path, **change)


def test_adapters_in_mixed_batches_are_a_line(parent, text, tmp_path):
    method = {"adapters": {"kind": "lora", "size": 2, "rows": {"en-de": "west", "en-fr": "south"}}}
    with pytest.raises(UserError, match=r"^sampler 'mixed' .* adapters need 'by_direction', one direction"):
        trained(parent, text, tmp_path, method=method, sampler="mixed")


def test_masks_of_single_weights_are_a_line(parent, text, tmp_path):
    masks = write_masks(parent, tmp_path / "m.npz", lambda direction, size: np.True_, "weight")
    with pytest.raises(UserError, match=r"m\.npz: units of kind weight are not supported by the port"):
        trained(parent, text, tmp_path, masks=masks)


def test_missing_text_is_a_line(parent, text, tmp_path):
    with pytest.raises(UserError, match=r"valid/en-de\.en\.txt: no such file, for valid of en-de$"):
        shutil.copytree(text / "train", tmp_path / "data/train")
        trained(parent, tmp_path / "data", tmp_path)
