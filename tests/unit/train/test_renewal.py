"""Masks made again every few updates: by which network, when, and after an interruption."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from tests.training.interrupted import killed_after, same_weights  # noqa: E402
from tests.training.toy_world import (  # noqa: E402
    DIRECTIONS,
    baseline_arguments,
    finetune_arguments,
    write_pair,
    write_world,
)
from workflow_scripts.activations.count_activations import count_direction, count_subset  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.port import load  # noqa: E402
from workflow_scripts.models.training.checkpoints import read_checkpoint  # noqa: E402
from workflow_scripts.models.training.masked import masks_of_state  # noqa: E402
from workflow_scripts.train.finetune import main  # noqa: E402
from workflow_scripts.train.renewal import select_again  # noqa: E402
from workflow_scripts.units.mask_table import RENEWED, MaskTable  # noqa: E402
from workflow_scripts.units.select_masks import read_scores  # noqa: E402
from workflow_scripts.units.selection import Selection  # noqa: E402
from workflow_scripts.units.space import ffn_space  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402
from workflow_scripts.units.uninformative import ACCEPTED  # noqa: E402

SELECTION = Selection("mass:60")
#: Validations at 4, 8 and 12; masks made again after 3, 6 and 9 updates.
SETTINGS = {"max_updates": 12, "warmup_updates": 2, "validate_interval_updates": 4, "lr": 1e-2}


def test_scores_that_say_nothing_are_noted(world: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A network whose neurons are all active everywhere: it would not be refused, for it is being trained."""
    port = load(SystemFolder.read(world / "baseline"))
    network: Any = port.network  # type: ignore[attr-defined]
    for layer in (*network.encoder.layers, *network.decoder.layers):
        torch.nn.init.constant_(layer.fc1.bias, 1e3)
    keep, noted = select_again(port, MaskTable.read(world / "masks.npz"), str(world / "bin"), DIRECTIONS)
    assert keep.shape == (4, 96)
    assert noted[ACCEPTED][0].startswith(
        "masks made again: saturated: 100.0% of the units of encoder.0.ffn are active at 99% of the positions"
    )
    assert caplog.messages == ["\n".join(noted[ACCEPTED])]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline, and masks of its counts."""
    from workflow_scripts.train.train_baseline import main as train_baseline

    root = write_world(tmp_path_factory.mktemp("world"))
    train_baseline(baseline_arguments(root, root / "training", root / "baseline", max_updates=8))
    system = SystemFolder.read(root / "baseline")
    for table in count_subset(system, root / "bin", "valid", DIRECTIONS):
        table.write(root / f"counts/{table.rows[0]}.npz")
    SELECTION.masks(read_scores(root / "counts", DIRECTIONS)).write(root / "masks.npz")
    return root


def test_what_was_accepted_of_the_first_masks_is_not_said_of_those_made_again() -> None:
    facts = {"rule": "mass", "weights_sha256": "w", ACCEPTED: ["counts: tied: 3 of the 4 units"]}
    first = MaskTable(["de-en"], np.array([[True, False]]), ffn_space(1, 1, 1), facts)
    bits = torch.tensor([[0b01000000]], dtype=torch.uint8)
    state: dict[str, Any] = {"bits": bits, "renewed": 3, "noted": {}}
    again = masks_of_state(first, ["de-en"], state)
    assert again.keep.tolist() == [[False, True]] and again.manifest[RENEWED] == 3
    assert ACCEPTED not in again.manifest
    noted = masks_of_state(first, ["de-en"], {**state, "noted": {ACCEPTED: ["now: tied"]}})
    assert noted.manifest[ACCEPTED] == ["now: tied"]
    # Not yet made again: as they were.
    assert masks_of_state(first, ["de-en"], {**state, "renewed": 0}) is first


def arguments(world: Path, folder: Path, renew: int, **settings: Any) -> list[str]:
    words = finetune_arguments(
        world,
        world / "baseline",
        world / "masks.npz",
        folder / "training",
        folder / "system",
        **{**SETTINGS, **settings},
    )
    return [*words, f"--method={json.dumps({'renew': renew})}"]


def test_masks_are_those_of_the_network_at_that_update(world: Path, tmp_path: Path) -> None:
    """Those of four updates, counted on the system that these give; the eighth was validated under them."""
    four = {"max_updates": 4, "warmup_updates": 2, "lr": 1e-2}
    main(arguments(world, tmp_path / "four", 4, **four))
    assert (tmp_path / "four/system/masks.npz").read_bytes() == (world / "masks.npz").read_bytes()
    port = load(SystemFolder.read(tmp_path / "four/system"))
    tasks = [port.task(world / "bin", "valid", name) for name in DIRECTIONS]
    counts = [count_direction(port, task)[0].numpy() for task in tasks]
    rows = zip(DIRECTIONS, counts, strict=True)
    expected = np.stack([SELECTION.row(name, scores, port.space()) for name, scores in rows])
    first = MaskTable.read(world / "masks.npz")
    assert (expected != first.keep).any()

    main(arguments(world, tmp_path / "eight", 4, max_updates=8, validate_interval_updates=8))
    system = SystemFolder.read(tmp_path / "eight/system")
    assert system.training is not None and system.training["best_update"] == 8 and system.masks is not None
    made = MaskTable.read(system.masks)
    assert np.array_equal(made.keep, expected) and made.rows == DIRECTIONS
    assert made.manifest == {**first.manifest, RENEWED: 4}
    assert system.masks_of("de-en") is not None


def test_a_resumed_training_is_the_undisturbed_one(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left off after ten updates, and goes on from the eighth, under the masks of the sixth."""
    main(arguments(world, tmp_path / "straight", 3))
    with killed_after(10, monkeypatch):
        main(arguments(world, tmp_path / "resumed", 3))
    saved = read_checkpoint(tmp_path / "resumed/training/checkpoint_last.pt")["extra_state"]["masks"]
    assert saved["renewed"] == 6
    main(arguments(world, tmp_path / "resumed", 3))
    one, two = (tmp_path / name for name in ("straight", "resumed"))
    assert same_weights(one / "system", two / "system")
    states = [
        read_checkpoint(folder / "training/checkpoint_last.pt")["extra_state"]["masks"]
        for folder in (one, two)
    ]
    assert states[0]["renewed"] == states[1]["renewed"] == 9
    assert torch.equal(states[0]["bits"], states[1]["bits"])
    assert (one / "system/masks.npz").read_bytes() == (two / "system/masks.npz").read_bytes()
    assert (one / "training/validation.csv").read_text() == (two / "training/validation.csv").read_text()


def test_masks_stay_when_checkpoints_go(world: Path, tmp_path: Path) -> None:
    """Those of masked gradients too, which the system does not need to translate."""
    command = arguments(world, tmp_path, 3, keep_optimizer=False)
    command[-1] = f"--method={json.dumps({'train': 'gradients', 'renew': 3})}"
    main(command)
    assert not list((tmp_path / "training").glob("*.pt"))
    masks, weights = (tmp_path / "system" / name for name in ("masks.npz", "model.safetensors"))
    before, tensors = masks.read_bytes(), load_file(weights)
    assert RENEWED in MaskTable.read(masks).manifest
    masks.unlink()
    weights.unlink()
    main(command)
    assert masks.read_bytes() == before
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in load_file(weights).items())


def test_masks_of_another_text_are_refused(world: Path, tmp_path: Path) -> None:
    command = arguments(world, tmp_path, 3)
    other = tmp_path / "bin"
    other.mkdir()
    for path in (world / "bin").iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    write_pair(other, "valid", "en-fr", [[5, 6]])
    command[command.index(f"--data-bin={world / 'bin'}")] = f"--data-bin={other}"
    said = (
        rf"^--method: renew: {world}/masks.npz was selected by another text of en-fr than valid in {other}, "
    )
    with pytest.raises(UserError, match=said):
        main(command)
