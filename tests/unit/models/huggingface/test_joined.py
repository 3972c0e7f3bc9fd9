"""Parts of one direction each, joined into one system of this port: `each: direction`."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.models.huggingface.trainings import DIRECTIONS, attached, write_texts
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import load
from workflow_scripts.train.join_systems import join_systems
from workflow_scripts.units.system import SystemFolder


def part_of(parent: SystemFolder, out, direction: str, louder: float) -> SystemFolder:
    """A system of one direction, whose biases of one layer are larger than its parent's."""
    shutil.copytree(parent.folder, out)
    tensors = load_file(out / "model.safetensors")
    tensors["model.encoder.layers.0.fc1.bias"] += louder
    save_file(tensors, out / "model.safetensors")
    return SystemFolder.write(
        out,
        system=f"own.{direction}",
        seed=parent.seed,
        languages=parent.languages,
        mask_rows={direction: None},
        architecture=parent.architecture,
        text=parent.text,
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
        port=parent.port,
        files={role: name for role, name in parent.files.items() if name},
    )


def nll(system: SystemFolder, text, direction: str) -> float:
    port = load(system, "cpu")
    batches = port.batches(port.task(text, "valid", direction), 1000)
    with torch.inference_mode(), port.direction(direction):
        return float(sum(port.loss(batch)[0].sum() for batch in batches))


def test_each_direction_has_the_weights_of_its_part(folders, tmp_path):
    parent, text = attached(folders["m2m"], tmp_path / "m2m"), write_texts(tmp_path / "text")
    parts = [
        part_of(parent, tmp_path / direction, direction, number)
        for number, direction in enumerate(DIRECTIONS, start=1)
    ]
    joined = join_systems(parent, parts, "own", tmp_path / "joined")
    joined.verify()
    assert (joined.port, joined.encoder_langtok, joined.directions) == ("huggingface", "src", DIRECTIONS)
    assert joined.files == parent.files
    assert all(path.is_symlink() for path in joined.folder.iterdir() if path.name != "system.json")
    for part, direction in zip(parts, DIRECTIONS, strict=True):
        found = nll(joined, text, direction)
        assert found == pytest.approx(nll(part, text, direction), rel=1e-6)
        assert found != pytest.approx(nll(parent, text, direction), rel=1e-4)


def test_a_part_with_another_tokenizer_is_refused(folders, tmp_path):
    parent = attached(folders["m2m"], tmp_path / "m2m")
    part = part_of(parent, tmp_path / "part", DIRECTIONS[0], 1.0)
    (part.folder / "vocab.json").write_text((part.folder / "vocab.json").read_text() + "\n")
    facts = {"system": part.system, "seed": part.seed, "languages": part.languages}
    part = SystemFolder.write(
        part.folder,
        **facts,
        mask_rows=part.mask_rows,
        architecture=part.architecture,
        text=part.text,
        parent=part.parent,
        port=part.port,
        files={role: name for role, name in part.files.items() if name},
    )
    with pytest.raises(UserError, match="its vocabulary is not that of"):
        join_systems(parent, [part], "own", tmp_path / "joined")
