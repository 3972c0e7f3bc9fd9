"""Ways to train beside the published one: what moves in each, what stays to the bit, and what is exported."""

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
    ARCHITECTURE,
    DIRECTIONS,
    baseline_arguments,
    finetune_arguments,
    write_world,
)
from workflow_scripts.models.fairseq.network import build_network  # noqa: E402
from workflow_scripts.models.training.checkpoints import read_checkpoint  # noqa: E402
from workflow_scripts.train.finetune import main  # noqa: E402
from workflow_scripts.units.architecture import Architecture  # noqa: E402
from workflow_scripts.units.mask_sets import mask_rows  # noqa: E402
from workflow_scripts.units.mask_table import MaskTable  # noqa: E402
from workflow_scripts.units.system import SystemFolder  # noqa: E402

#: Units of each FFN: two in the encoder, then two in the decoder.
WIDTH = 24
#: No direction keeps these; one direction keeps unit 50 alone, one unit 51.
NOWHERE = {0, 5, 23, 48, 95}
SETTINGS = {"weight_decay": 0.1, "max_updates": 12, "warmup_updates": 2, "validate_interval_updates": 6}
#: One update at a rate of nothing.
STANDING = {"lr": 1e-30, "max_updates": 1, "warmup_updates": 1, "weight_decay": 0.0}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def parent(world: Path) -> Path:
    from workflow_scripts.train.train_baseline import main as train_baseline

    arguments = baseline_arguments(world, world / "training", world / "baseline", max_updates=8)
    train_baseline(arguments)
    return world / "baseline"


@pytest.fixture(scope="module")
def masks(world: Path, parent: Path) -> Path:
    keep = np.ones((len(DIRECTIONS), 4 * WIDTH), dtype=np.bool_)
    keep[:, list(NOWHERE)] = False
    keep[1:, 50] = keep[:-1, 51] = False
    system = SystemFolder.read(parent)
    table = MaskTable(
        DIRECTIONS, keep, system.space_of(["ffn"]), {"rule": "test", "weights_sha256": system.weights_sha256}
    )
    table.write(world / "masks.npz")
    return world / "masks.npz"


def trained(
    world: Path,
    parent: Path,
    masks: Path | None,
    folder: Path,
    method: dict[str, Any],
    *more: str,
    **settings: Any,
) -> Path:
    """The system of a fine-tuning, exported."""
    arguments = finetune_arguments(
        world, parent, masks, folder / "training", folder / "system", **{**SETTINGS, **settings}
    )
    main([*arguments, *([f"--method={json.dumps(method)}"] if method else []), *more])
    return folder / "system"


def weights(system: Path) -> dict[str, Any]:
    found: dict[str, Any] = load_file(system / "model.safetensors")
    return found


def last_weights(folder: Path) -> dict[str, Any]:
    """Those of the last checkpoint: the export takes what was not trained from the parent."""
    found: dict[str, Any] = read_checkpoint(folder / "training/checkpoint_last.pt")["model"]
    return found


def moved_rows(after: dict[str, Any], parent: Path, part: str = "fc1.weight") -> set[int]:
    """The flat ids of units whose row (whose bias) is another one than the parent's."""
    before = weights(parent)
    names = [f"{stack}.layers.{layer}.{part}" for stack in ("encoder", "decoder") for layer in (0, 1)]
    moved = torch.cat([(after[name] != before[name]).reshape(WIDTH, -1).any(dim=1) for name in names])
    return set(moved.nonzero().flatten().tolist())


def test_masked_gradients_freeze_rows_that_no_direction_keeps(
    world: Path, parent: Path, masks: Path, tmp_path: Path
) -> None:
    """Twelve updates with decay and momentum: the input weights of such units are the parent's to the bit.
    Their biases move; so does every other row. The system translates without masks."""
    out = trained(world, parent, masks, tmp_path, {"train": "gradients"})
    for found in (weights(out), last_weights(tmp_path)):
        assert moved_rows(found, parent) == set(range(4 * WIDTH)) - NOWHERE
        assert moved_rows(found, parent, "fc1.bias") == set(range(4 * WIDTH))
    system = SystemFolder.read(out)
    assert system.masks is None and set(system.mask_rows.values()) == {None}
    assert "masks.npz" not in system.sha256 and (system.folder / "masks.npz").is_file()
    assert system.training is not None and system.training["method"] == {"train": "gradients"}


def test_masked_gradients_see_the_whole_network(
    world: Path, parent: Path, masks: Path, tmp_path: Path
) -> None:
    """At a rate of nothing the losses of validation are those without masks."""
    lines = []
    for table, method in ((masks, {"train": "gradients"}), (None, {}), (masks, {})):
        folder = tmp_path / str(len(lines))
        trained(world, parent, table, folder, method, **STANDING)
        lines.append((folder / "training/validation.csv").read_text())
    assert lines[0] == lines[1] != lines[2]


def test_masks_that_keep_all_change_no_way(world: Path, parent: Path, masks: Path, tmp_path: Path) -> None:
    """To the bit over 20 updates with masks that keep every unit: the published way, and masked gradients
    with own momentum, are continued training."""
    table = MaskTable.read(masks)
    all_kept = tmp_path / "all.npz"
    MaskTable(DIRECTIONS, np.ones_like(table.keep), table.space, table.manifest).write(all_kept)
    method = {"train": "gradients", "momentum": "own"}
    one = trained(world, parent, all_kept, tmp_path / "one", method, max_updates=20)
    two = trained(world, parent, all_kept, tmp_path / "two", {}, max_updates=20)
    continued = trained(world, parent, None, tmp_path / "continued", {}, max_updates=20)
    assert same_weights(one, continued)
    assert same_weights(two, continued)


def test_the_published_way_lets_them_decay(world: Path, parent: Path, masks: Path, tmp_path: Path) -> None:
    out = trained(world, parent, masks, tmp_path, {})
    assert moved_rows(weights(out), parent) == set(range(4 * WIDTH))
    described = SystemFolder.read(out)
    assert described.training is not None and {"method", "start"}.isdisjoint(described.training)


def test_ffns_alone(world: Path, parent: Path, tmp_path: Path) -> None:
    """All weights and biases of FFNs move, nothing else does, and nothing else has an optimiser's state."""
    trained(world, parent, None, tmp_path, {"parameters": "ffn"})
    after, before = last_weights(tmp_path), weights(parent)
    moved = {name for name in before if not torch.equal(after[name], before[name])}
    assert moved == {name for name in before if ".fc1." in name or ".fc2." in name}
    state = read_checkpoint(tmp_path / "training/checkpoint_last.pt")["last_optimizer_state"]
    assert len(state["state"]) == len(moved) == 4 * 4


def test_a_random_subset_of_ffns(world: Path, parent: Path, masks: Path, tmp_path: Path) -> None:
    """Masked gradients of FFNs alone: of the first weights the kept rows, of FFNs the rest, nothing else."""
    trained(world, parent, masks, tmp_path, {"train": "gradients", "parameters": "ffn"})
    after, before = last_weights(tmp_path), weights(parent)
    moved = {name for name in before if not torch.equal(after[name], before[name])}
    assert moved == {name for name in before if ".fc1." in name or ".fc2." in name}
    assert moved_rows(last_weights(tmp_path), parent) == set(range(4 * WIDTH)) - NOWHERE


#: Of twelve heads, two of each attention: no direction keeps the second of the encoder's first layer, and the
#: first of the decoder's first cross-attention; one direction alone keeps the first of its last.
NO_HEAD, ONE_HEAD = {1, 6}, 10
ATTENTIONS = [
    *(f"encoder.layers.{layer}.self_attn" for layer in (0, 1)),
    *(f"decoder.layers.{layer}.{name}" for layer in (0, 1) for name in ("self_attn", "encoder_attn")),
]


@pytest.fixture(scope="module")
def head_masks(world: Path, parent: Path) -> Path:
    system = SystemFolder.read(parent)
    keep = np.ones((len(DIRECTIONS), 12), dtype=np.bool_)
    keep[:, list(NO_HEAD)] = keep[1:, ONE_HEAD] = False
    facts = {"rule": "test", "weights_sha256": system.weights_sha256}
    MaskTable(DIRECTIONS, keep, system.space_of(["head"]), facts).write(world / "heads.npz")
    return world / "heads.npz"


def moved_heads(after: dict[str, Any], parent: Path, part: str) -> set[int]:
    """The heads of which any weight in a projection is another one than the parent's; one head is eight rows,
    of the output projection eight columns."""
    before, moved = weights(parent), set()
    for number, attention in enumerate(ATTENTIONS):
        changed = after[f"{attention}.{part}"] != before[f"{attention}.{part}"]
        changed = changed.t() if part.startswith("out") else changed
        halves = changed.reshape(2, -1).any(dim=1).tolist()
        moved |= {2 * number + head for head, moves in enumerate(halves) if moves}
    return moved


PROJECTIONS = [f"{part}_proj.{kind}" for part in "qkv" for kind in ("weight", "bias")]


def test_a14_heads_that_no_direction_keeps_are_frozen_to_the_bit(
    world: Path, parent: Path, head_masks: Path, tmp_path: Path
) -> None:
    """Twelve updates with decay and momentum. Query, key and value of such heads are the parent's to the bit;
    the columns of their output projection move, and all that is no head's. It translates without masks."""
    out = trained(world, parent, head_masks, tmp_path, {"train": "gradients"})
    for found in (weights(out), last_weights(tmp_path)):
        for part in PROJECTIONS:
            assert moved_heads(found, parent, part) == set(range(12)) - NO_HEAD, part
        assert moved_heads(found, parent, "out_proj.weight") == set(range(12))
        assert moved_rows(found, parent) == set(range(4 * WIDTH))
    system = SystemFolder.read(out)
    assert system.masks is None and set(system.mask_rows.values()) == {None}


def test_a14_heads_alone_are_trained(world: Path, parent: Path, head_masks: Path, tmp_path: Path) -> None:
    """Of selected heads query, key and value move, with qkvo their columns of the output projection, and
    nothing else does, nor has the optimiser a state of it."""
    method = {"train": "gradients", "parameters": "heads", "head_weights": "qkvo", "momentum": "own"}
    trained(world, parent, head_masks, tmp_path, method)
    after, before = last_weights(tmp_path), weights(parent)
    for part in (*PROJECTIONS, "out_proj.weight"):
        assert moved_heads(after, parent, part) == set(range(12)) - NO_HEAD, part
    moved = {name for name in before if not torch.equal(after[name], before[name])}
    assert moved == {f"{one}.{part}" for one in ATTENTIONS for part in (*PROJECTIONS, "out_proj.weight")}
    state = read_checkpoint(tmp_path / "training/checkpoint_last.pt")["last_optimizer_state"]
    assert len(state["state"]) == len(moved) == 6 * 7


def test_heads_of_other_directions_are_trained_in_a_new_one(
    world: Path, parent: Path, head_masks: Path, tmp_path: Path
) -> None:
    """Transfer: heads that at least two of three directions select, trained in the fourth alone, whose own
    row, with all heads, does not count. Heads 1 and 6 nobody selects, head 10 one of the three."""
    given = MaskTable.read(head_masks)
    keep = given.keep.copy()
    keep[3] = True
    like = MaskTable(DIRECTIONS, keep, given.space, given.manifest)
    table = mask_rows("majority", like, DIRECTIONS, rows_of=DIRECTIONS[:3])
    table.write(tmp_path / "others.npz")
    arguments = finetune_arguments(
        world, parent, tmp_path / "others.npz", tmp_path / "training", tmp_path / "system", **SETTINGS
    )
    first = arguments.index("--directions")
    arguments[first + 1 : first + 5] = [DIRECTIONS[3]]
    main([*arguments, f"--method={json.dumps({'train': 'gradients', 'parameters': 'heads'})}"])
    after = last_weights(tmp_path)
    for part in PROJECTIONS:
        assert moved_heads(after, parent, part) == set(range(12)) - NO_HEAD - {ONE_HEAD}
    system = SystemFolder.read(tmp_path / "system")
    assert list(system.directions) == [DIRECTIONS[3]] and moved_rows(after, parent) == set()


def test_own_momentum_of_ffns_resumes_to_the_bit(
    world: Path, parent: Path, masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = {"parameters": "ffn", "momentum": "own"}
    out = trained(world, parent, masks, tmp_path / "straight", method)
    assert moved_rows(last_weights(tmp_path / "straight"), parent) == set(range(4 * WIDTH)) - NOWHERE
    folder = tmp_path / "resumed"
    arguments = finetune_arguments(world, parent, masks, folder / "training", folder / "system", **SETTINGS)
    arguments.append(f"--method={json.dumps(method)}")
    with killed_after(9, monkeypatch):
        main(arguments)
    main(arguments)
    assert same_weights(out, folder / "system")


def test_from_random_weights(world: Path, parent: Path, tmp_path: Path) -> None:
    """Those that the seed draws, in the parent's architecture; at a rate of nothing they stay."""
    out = trained(world, parent, None, tmp_path, {}, "--start", "random", **STANDING)
    torch.manual_seed(3)
    drawn = build_network(Architecture.from_dict(ARCHITECTURE), 27).state_dict()
    after = weights(out)
    assert all(torch.equal(tensor, drawn[name]) for name, tensor in after.items())
    described = SystemFolder.read(out)
    assert described.parent is not None and described.parent["system"] == "baseline"
    assert described.training is not None and described.training["start"] == "random"
