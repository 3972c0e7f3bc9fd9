"""Cleaning trainings: what is listed, what goes, what is protected; bytes counted by hand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.workflow.trainings import CONFIG as BASE
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.training_files import KEPT_WEIGHTS, restore_weights
from workflow_scripts.workflow.run.clean_training import main, readable
from workflow_scripts.workflow.run.results_lock import release, take

CONFIG = {**BASE, "systems": {"continued": {"masks": "all"}}}
ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4, "dropout": 0.1}
WEIGHTS = b"w" * 40


def write_training(root: Path, system: str, *, finished: bool = True) -> Path:
    """A training of 300 bytes in three checkpoints, and its export."""
    training = root / "results/x/training" / system / "s1"
    training.mkdir(parents=True)
    for name in ("checkpoint_best.pt", "checkpoint_last.pt", "checkpoint_1_20.pt"):
        (training / name).write_bytes(b"c" * 100)
    (training / "validation.csv").write_text("12345")
    if not finished:
        return training
    identity = {"seed": 1, "languages": ["en", "de"], "directions": ["de-en"], "architecture": ARCHITECTURE}
    write_json(training / "finished.json", {"updates": 20, "identity": identity})
    out = root / "results/x/systems" / system / "s1"
    out.mkdir(parents=True)
    (out / "model.safetensors").write_bytes(WEIGHTS)
    for name in ("dict.txt", "spm.model"):
        (out / name).write_text(name)
    SystemFolder.write(
        out, system=system, seed=1, languages=["en", "de"], mask_rows={"de-en": None}, text={},
        # A dropout of the training's own is no other training.
        architecture={**ARCHITECTURE, "dropout": 0.3},
        training={"updates": 20, "best_update": 10, "best_valid_loss": 2.5},
    )  # fmt: skip
    return training


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main(["--configfile", "config.yaml", *arguments])
    return capsys.readouterr().out.splitlines()


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (15_800_000, "15.8 MB"), (999_600_000, "1 GB"),
     (1_010_000_000_000, "1.01 TB")],
)  # fmt: skip
def test_readable(count: int, text: str) -> None:
    assert readable(count) == text


def test_it_lists_and_deletes_nothing_without_confirmation(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_training(place, "baseline")
    write_training(place, "continued")
    old = place / "results/x/training/continued/s1.replaced-1"
    old.mkdir()
    (old / "checkpoint_best.pt").write_bytes(b"o" * 50)
    before = tree(place)
    lines = said(capsys)
    assert [line.split("  ")[0] for line in lines[:3]] == [
        f"results/x/training/{name}" for name in ("baseline/s1", "continued/s1", "continued/s1.replaced-1")
    ]
    assert "300 B to delete: optimiser states and old checkpoints" in lines[0]
    assert lines[2].endswith("holds 50 B  50 B to delete: replaced by a training with other settings")
    assert lines[3] == "650 B can be deleted; nothing was: to delete it, add CONFIRM=yes"
    assert tree(place) == before


def test_a_users_file_in_a_replaced_training_stays(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_training(place, "baseline")
    old = place / "results/x/training/baseline/s1.replaced-1"
    (old / "tensorboard").mkdir(parents=True)
    for name in ("checkpoint_best.pt", "fingerprint.json", "tensorboard/events", ".owner.lock"):
        (old / name).write_bytes(b"o" * 50)
    for name in ("notes.md", "plot.png"):
        (old / name).write_bytes(b"mine")
    line = said(capsys, "--confirm")[1].split("  ")
    assert line[1:] == [
        "holds 208 B",
        "200 B to delete: replaced by a training with other settings; notes.md (and 1 more) stays: no"
        " training wrote it",
    ]
    assert sorted(path.name for path in old.iterdir()) == ["notes.md", "plot.png"]
    assert said(capsys, "--confirm")[1].split("  ")[1:] == [
        "holds 8 B", "kept: no training wrote what is in it"
    ]  # fmt: skip
    (old / "notes.md").unlink()
    (old / "plot.png").rename(old / "checkpoint_last.pt")
    said(capsys, "--confirm")
    assert not old.exists()


def test_nothing_is_deleted_while_a_run_is_on(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be about to go on with a finished training, whose budget has grown."""
    write_training(place, "baseline")
    before = tree(place / "results/x/training")
    assert take(place / "results/x", place) is None
    with pytest.raises(UserError, match=r"^results/x: a run has been on since "):
        said(capsys, "--confirm")
    assert tree(place / "results/x/training") == before
    release(place / "results/x")
    assert said(capsys, "--confirm")[-1].startswith("300 B deleted")


def test_confirmed_it_keeps_the_systems_and_the_best_weights(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = write_training(place, "baseline")
    systems = tree(place / "results/x/systems")
    lines = said(capsys, "--confirm")
    assert lines[-1] == "300 B deleted; the systems are untouched, and the best weights kept"
    assert tree(place / "results/x/systems") == systems
    assert sorted(path.name for path in training.iterdir()) == [
        "finished.json", "kept.json", "kept.safetensors", "validation.csv",
    ]  # fmt: skip
    assert read_json(training / "kept.json") == {
        "weights_sha256": hashlib.sha256(WEIGHTS).hexdigest(), "best_update": 10, "best_valid_loss": 2.5,
    }  # fmt: skip
    # A second name of the same file: no bytes of its own, and there when the exported name is gone.
    exported = place / "results/x/systems/baseline/s1/model.safetensors"
    assert exported.samefile(training / KEPT_WEIGHTS)
    exported.unlink()
    os.utime(training / KEPT_WEIGHTS, (1, 1))
    assert restore_weights(training, exported.parent) == {"best_update": 10, "best_valid_loss": 2.5}
    assert exported.read_bytes() == WEIGHTS
    assert exported.stat().st_mtime > 1  # newer than the job's inputs, or Snakemake would make it for ever
    assert said(capsys) == [
        f"{training.relative_to(place)}  holds {readable(sum(map(len, tree(training).values())))}"
        "  kept: no checkpoints",
        "results/x: no training holds anything to delete",
    ]


def test_weights_are_copied_where_there_are_no_hard_links(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not here")

    training = write_training(place, "baseline")
    monkeypatch.setattr(os, "link", refuse)
    said(capsys, "--confirm")
    exported = place / "results/x/systems/baseline/s1/model.safetensors"
    assert (training / KEPT_WEIGHTS).read_bytes() == WEIGHTS
    assert not exported.samefile(training / KEPT_WEIGHTS)


def spoil(place: Path, how: str) -> None:
    training, system = (place / f"results/x/{name}/baseline/s1" for name in ("training", "systems"))
    if how == "no export":
        (system / "system.json").unlink()
    elif how == "no weights":
        (system / "model.safetensors").unlink()
    elif how == "changed":
        (system / "model.safetensors").write_bytes(b"x" * 40)
    elif how == "other training":
        write_json(training / "finished.json", {**read_json(training / "finished.json"), "updates": 30})
    elif how == "unfinished":
        (training / "finished.json").unlink()
    else:
        (training / "owner.json").write_text("{}")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("no export", "no system here (system.json is missing)"),
        ("no weights", "model.safetensors"),
        ("changed", "the file was changed after the system was written"),
        (
            "other training",
            "exported from another training than results/x/training/baseline/s1 (updates differ)",
        ),
        ("unfinished", "not finished (finished.json is missing)"),
        ("owned", "a process is writing it, or was killed"),
    ],
)
def test_a_training_is_left_whole_unless_its_export_is_sound(
    place: Path, capsys: pytest.CaptureFixture[str], how: str, reason: str
) -> None:
    write_training(place, "baseline")
    write_training(place, "continued")
    spoil(place, how)
    before = tree(place / "results/x/training/baseline")
    lines = said(capsys, "--confirm")
    assert "kept: " in lines[0] and reason in lines[0]
    assert tree(place / "results/x/training/baseline") == before
    assert lines[-1].startswith("300 B deleted")  # the other training's


@pytest.mark.parametrize(
    ("name", "trained"),
    [
        ("seed", 2),
        ("languages", ["de", "en"]),
        ("directions", ["en-de"]),
        ("architecture", {**ARCHITECTURE, "ffn_dim": 8}),
    ],
)
def test_a_system_of_another_training_protects_no_checkpoint(
    name: str, trained: Any, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of as many updates, but of other settings: its weights are not these checkpoints'."""
    training = write_training(place, "baseline")
    finished = read_json(training / "finished.json")
    finished["identity"][name] = trained
    write_json(training / "finished.json", finished)
    before = tree(training)
    lines = said(capsys, "--confirm")
    assert f"exported from another training than {training.relative_to(place)} ({name} differ)" in lines[0]
    assert tree(training) == before


def test_kept_weights_that_are_gone_or_changed_are_named(place: Path) -> None:
    training = write_training(place, "baseline")
    with pytest.raises(UserError, match=r"best weights are gone \(no checkpoint_best.pt, no kept"):
        restore_weights(training, place / "out")
    write_json(training / "kept.json", {"weights_sha256": "0" * 64, "best_update": 1, "best_valid_loss": 1.0})
    (training / KEPT_WEIGHTS).write_bytes(WEIGHTS)
    with pytest.raises(UserError, match=r"changed since kept\.json was written"):
        restore_weights(training, place / "out")


def test_another_working_directory(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = write_training(place, "baseline")
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    main(["--configfile", "../config.yaml", "--directory", "..", "--confirm"])
    assert "300 B deleted" in capsys.readouterr().out
    assert not list(training.glob("*.pt"))
