"""Fine-tuning through masks: what moves, what must not, and the control that masks nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from tests.training.toy_world import (  # noqa: E402
    DIRECTIONS,
    baseline_arguments,
    finetune_arguments,
    write_world,
)
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.train.finetune import main  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def parent(world: Path) -> Path:
    from workflow_scripts.train.train_baseline import main as train_baseline

    train_baseline(baseline_arguments(world, world / "baseline_training", world / "baseline"))
    return world / "baseline"


def write_masks(path: Path, parent: Path, keep: np.ndarray, rows: tuple[str, ...] = DIRECTIONS) -> Path:
    system = SystemFolder.read(parent)
    MaskTable(
        rows, keep, system.space_of(["ffn"]), {"rule": "test", "weights_sha256": system.weights_sha256}
    ).write(path)
    return path


def all_kept() -> np.ndarray:
    return np.ones((len(DIRECTIONS), 96), dtype=np.bool_)


def first_layers(system: Path, part: str) -> torch.Tensor:
    """Return all fc1 weights [96, 16] or biases [96], in unit order."""
    tensors = load_file(system / "model.safetensors")
    names = [f"{stack}.layers.{layer}.fc1.{part}" for stack in ("encoder", "decoder") for layer in (0, 1)]
    return torch.cat([tensors[name] for name in names])


def test_rows_masked_in_every_direction_do_not_move(world: Path, parent: Path, tmp_path: Path) -> None:
    """Their biases do where positive: a masked unit is the constant ReLU(b1), and that is trained."""
    bias = first_layers(parent, "bias")
    positive, negative = (
        (bias > 0.05).nonzero().flatten().tolist(),
        (bias < -0.05).nonzero().flatten().tolist(),
    )
    nowhere = {*positive[:2], positive[-1], *negative[:2], negative[-1]}
    keep = all_kept()
    keep[:, list(nowhere)] = False
    keep[1:, [positive[3], negative[3]]] = False  # one direction keeps these
    masks = write_masks(tmp_path / "masks.npz", parent, keep)
    main(finetune_arguments(world, parent, masks, tmp_path / "folder", tmp_path / "out"))
    moved = (first_layers(tmp_path / "out", "weight") != first_layers(parent, "weight")).any(dim=1)
    assert set(range(96)) - set(moved.nonzero().flatten().tolist()) == nowhere
    moved_bias = first_layers(tmp_path / "out", "bias") != bias
    assert {unit: bool(moved_bias[unit]) for unit in nowhere} == {unit: unit in positive for unit in nowhere}

    system = SystemFolder.read(tmp_path / "out")
    assert system.mask_rows == {direction: direction for direction in DIRECTIONS}
    assert (system.masks.read_bytes()) == masks.read_bytes()
    assert system.parent == {
        "system": "baseline",
        "weights_sha256": SystemFolder.read(parent).weights_sha256,
    }
    assert system.masks_of("en-de").row("en-de").tolist() == keep[DIRECTIONS.index("en-de")].tolist()


def test_all_kept_is_the_unmasked_fine_tune_to_the_bit(world: Path, parent: Path, tmp_path: Path) -> None:
    """The control differs from NS in its masks alone; with every unit kept nothing differs at all."""
    masks = write_masks(tmp_path / "masks.npz", parent, all_kept())
    main(finetune_arguments(world, parent, masks, tmp_path / "f1", tmp_path / "control"))
    main(finetune_arguments(world, parent, None, tmp_path / "f2", tmp_path / "plain"))
    one, two, start = (
        load_file(folder / "model.safetensors")
        for folder in (tmp_path / "control", tmp_path / "plain", parent)
    )
    assert all(torch.equal(one[name], two[name]) for name in start)
    assert not any(torch.equal(one[name], start[name]) for name in start)
    validations = [(tmp_path / name / "validation.csv").read_text() for name in ("f1", "f2")]
    assert validations[0] == validations[1]
    assert SystemFolder.read(tmp_path / "plain").mask_rows == dict.fromkeys(DIRECTIONS)


def test_validation_uses_each_directions_own_mask(world: Path, parent: Path, tmp_path: Path) -> None:
    """With a learning rate of nothing the weights stay: only the masked direction's loss can differ."""
    keep = all_kept()
    keep[DIRECTIONS.index("fr-en"), :] = False
    options = {"lr": 1e-30, "max_updates": 1, "warmup_updates": 1}
    texts = []
    for name, table in (("masked", keep), ("kept", all_kept())):
        masks = write_masks(tmp_path / f"{name}.npz", parent, table)
        main(finetune_arguments(world, parent, masks, tmp_path / name, tmp_path / f"{name}_out", **options))
        texts.append((tmp_path / name / "validation.csv").read_text().splitlines())
    differing = [one.split(",")[1] for one, two in zip(*texts, strict=True) if one != two]
    assert differing == ["fr-en", "all"]


def test_a_fine_tune_resumes_its_own_checkpoint(
    world: Path, parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the parent's weights again, as --restore-file would load them at each start."""
    from workflow_scripts.models.progress_log import ProgressLog

    masks = write_masks(tmp_path / "masks.npz", parent, all_kept())
    main(finetune_arguments(world, parent, masks, tmp_path / "f1", tmp_path / "straight"))
    plain = ProgressLog.update

    def breaking(self: ProgressLog, number: int, *rest: object) -> None:
        plain(self, number, *rest)  # type: ignore[arg-type]
        if number == 14:
            raise KeyboardInterrupt

    arguments = finetune_arguments(world, parent, masks, tmp_path / "f2", tmp_path / "resumed")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ProgressLog, "update", breaking)
        main(arguments)
    main(arguments)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("straight", "resumed"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_other_languages_than_the_parents_are_refused(world: Path, parent: Path, tmp_path: Path) -> None:
    arguments = finetune_arguments(world, parent, None, tmp_path / "f", tmp_path / "o")
    arguments[arguments.index("--languages") + 1] = "xx"
    with pytest.raises(UserError, match=r"--languages xx de fr: .* was trained with en de fr, in this order"):
        main(arguments)


def test_a_parent_whose_weights_were_changed_is_refused(world: Path, parent: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(parent, tmp_path / "parent")
    weights = bytearray((changed / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (changed / "model.safetensors").write_bytes(weights)
    with pytest.raises(UserError, match=rf"^{changed}/model.safetensors: SHA-256 is .* export it again"):
        main(finetune_arguments(world, changed, None, tmp_path / "f", tmp_path / "o"))
    assert not (tmp_path / "f").exists()


def test_masks_refuse_mixed_batches(world: Path, parent: Path, tmp_path: Path) -> None:
    masks = write_masks(tmp_path / "masks.npz", parent, all_kept())
    with pytest.raises(UserError, match=r"sampler 'mixed' .* masks need 'by_direction'"):
        main(finetune_arguments(world, parent, masks, tmp_path / "f", tmp_path / "o", sampler="mixed"))


def test_a_direction_without_a_row_is_named(world: Path, parent: Path, tmp_path: Path) -> None:
    masks = write_masks(tmp_path / "masks.npz", parent, all_kept()[:3], DIRECTIONS[:3])
    with pytest.raises(UserError, match="no mask row 'fr-en'"):
        main(finetune_arguments(world, parent, masks, tmp_path / "f", tmp_path / "o"))


def test_masks_of_another_model_are_refused(world: Path, parent: Path, tmp_path: Path) -> None:
    space = SystemFolder.read(parent).space_of(["ffn"])
    MaskTable(DIRECTIONS, all_kept(), space, {"rule": "test", "weights_sha256": "0" * 64}).write(
        tmp_path / "masks.npz"
    )
    with pytest.raises(UserError, match="masks were made from weights 000000000000"):
        main(finetune_arguments(world, parent, tmp_path / "masks.npz", tmp_path / "f", tmp_path / "o"))
