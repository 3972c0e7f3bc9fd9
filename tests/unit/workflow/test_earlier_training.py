"""What a training's next job finds: its own training, another one, or none; and when only its inputs tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.planned import a_job
from tests.unit.workflow.trainings import DATA, SOURCE, experiment_of, write_finished
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.run.earlier_training import Earlier, earlier_training

SETTINGS = {"max_updates": 1000, "max_tokens": 2000, "lr": 0.001, "warmup_updates": 100}
JOB = a_job("train_baseline", {"seed": "1"}, [])


def experiment(**keys: Any) -> Experiment:
    return experiment_of(**{"model": {"preset": "tiny"}, "train": SETTINGS, **keys})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_finished(tmp_path / "training/baseline/s1", experiment())


def test_the_same_training_is_only_exported_again(folder: Path, tmp_path: Path) -> None:
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(1000, 0)
    assert earlier_training(experiment(), tmp_path, a_job("train_baseline", {"seed": "2"}, [])) is None
    # How it runs makes no other training, and a dropout of its own that is the model's own is none either.
    same = {**SETTINGS, "max_tokens": 1000, "update_freq": 2, "threads": 7, "dropout": 0.1}
    assert earlier_training(experiment(train=same), tmp_path, JOB) == Earlier(1000, 0)


@pytest.mark.parametrize(
    "keys",
    [
        {"model": {"preset": "tiny", "ffn_dim": 512}},
        {"train": {**SETTINGS, "lr": 0.002}},
        {"train": {**SETTINGS, "dropout": 0.3}},
        {"train": {**SETTINGS, "update_freq": 2}},
        # Less than the model's 256 positions: longer sentences are left out.
        {"train": {**SETTINGS, "max_tokens": 200, "update_freq": 10}},
        # Fewer than were trained.
        {"train": {**SETTINGS, "max_updates": 999}},
        {"directions": {"train": ["en-de"]}},
        {"languages": ["en", "de", "fr"]},
        {"data": {"source": SOURCE, "shards": 2}},
    ],
    ids=str,
)
def test_another_training_starts_clean(folder: Path, tmp_path: Path, keys: dict[str, Any]) -> None:
    now = experiment(**keys)
    assert earlier_training(now, tmp_path, JOB) == Earlier(0, now.train.max_updates)


def test_what_an_earlier_version_of_training_has_made(tmp_path: Path) -> None:
    """Finished it stays, but does not go on; with the step of that version it does."""
    write_finished(tmp_path / "training/baseline/s1", experiment(), training_version=1)
    longer = {**SETTINGS, "max_updates": 1500}
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(1000, 0)
    assert earlier_training(experiment(train=longer), tmp_path, JOB) == Earlier(0, 1500)
    reference = experiment(train={**longer, "step": "reference"})
    assert earlier_training(reference, tmp_path, JOB) == Earlier(1000, 500)


def test_of_another_seed_or_of_other_shards(tmp_path: Path) -> None:
    write_finished(tmp_path / "training/baseline/s2", experiment())
    assert earlier_training(experiment(), tmp_path, a_job("train_baseline", {"seed": "2"}, [])) == Earlier(
        0, 1000
    )
    data = {f"shard{n}/{name}": "0a" for n in (0, 1) for name in DATA if n == 0 or name.startswith("train")}
    write_finished(tmp_path / "training/baseline/s1", experiment(), data=data)
    sharded = experiment(data={"source": SOURCE, "shards": 2})
    assert earlier_training(sharded, tmp_path, JOB) == Earlier(1000, 0)


def test_a_request_to_train_anew(folder: Path, tmp_path: Path) -> None:
    (folder / "retrain.json").write_text("{}")
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(0, 1000)


def test_a_larger_budget_goes_on(folder: Path, tmp_path: Path) -> None:
    longer = experiment(train={**SETTINGS, "max_updates": 1500})
    assert earlier_training(longer, tmp_path, JOB) == Earlier(1000, 500)


def test_a_training_that_patience_ended(tmp_path: Path) -> None:
    write_finished(tmp_path / "training/baseline/s1", experiment(), updates=400)
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(400, 0)
    # With more of it the training goes on.
    patient = experiment(train={**SETTINGS, "patience": 30})
    assert earlier_training(patient, tmp_path, JOB) == Earlier(400, 600)


def test_inputs_that_are_made_again_decide(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "train.bin"
    data.write_text("x")
    job = a_job("train_baseline", {"seed": "1"}, [str(data)])
    read = (folder / "fingerprint.json").stat().st_mtime
    os.utime(data, (read, read - 1))
    assert earlier_training(experiment(), tmp_path, job, {"other"}) == Earlier(1000, 0)
    assert earlier_training(experiment(), tmp_path, job, {str(data)}) == Earlier(1000, 0, sure=False)
    os.utime(data, (read, read + 1))
    assert earlier_training(experiment(), tmp_path, job) == Earlier(1000, 0, sure=False)
    data.unlink()
    assert earlier_training(experiment(), tmp_path, job) == Earlier(1000, 0, sure=False)
    # Whatever they hold, with another learning rate it is another training.
    other = experiment(train={**SETTINGS, "lr": 0.1})
    assert earlier_training(other, tmp_path, job) == Earlier(0, 1000)


def test_an_interrupted_training_goes_on_from_its_last_update(folder: Path, tmp_path: Path) -> None:
    (folder / "finished.json").unlink()
    assert earlier_training(experiment(), tmp_path, JOB) is None  # nothing is trained yet
    log = tmp_path / "logs/train_baseline/s1.log"
    log.parent.mkdir(parents=True)
    log.write_text("12:00 update 250/1000 | loss 4.0 | 900 words/s | 0.50 s/update | left\n")
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(250, 750)
    # The trainer moves checkpoints aside that it cannot tell whose they are.
    (folder / "fingerprint.json").write_text("{")
    assert earlier_training(experiment(), tmp_path, JOB) is None
    (folder / "checkpoint_last.pt").touch()
    assert earlier_training(experiment(), tmp_path, JOB) == Earlier(0, 1000)


def test_a_fine_tuning_has_its_own_settings_folder_and_log(tmp_path: Path) -> None:
    tuned = experiment(finetune={"max_updates": 400, "dropout": 0.3})
    job = a_job("finetune", {"finetuned": "ns-k95", "seed": "1"}, [])
    folder = tmp_path / "training/ns-k95/s1"
    architecture = {**tuned.model.architecture(), "dropout": 0.3}
    write_finished(folder, tuned, "ns-k95", 400, architecture=architecture)
    assert earlier_training(tuned, tmp_path, job) == Earlier(400, 0)
    (folder / "finished.json").unlink()
    log = tmp_path / "logs/finetune/ns-k95.s1.log"
    log.parent.mkdir(parents=True)
    log.write_text("12:00 update 50/400 | loss 4.0 | 900 words/s | 0.50 s/update | left\n")
    assert earlier_training(tuned, tmp_path, job) == Earlier(50, 350)


def test_a_fine_tuning_of_a_baseline_whose_checkpoint_alone_says_its_model(tmp_path: Path) -> None:
    attach = {"checkpoint": "c.pt", "dictionary": "d.txt", "subwords": "s.model"}
    job = a_job("finetune", {"finetuned": "continued", "seed": "1"}, [])
    said = experiment(attach=attach, model={"preset": "tiny", "ffn_dim": 512})
    folder = tmp_path / "training/continued/s1"
    write_finished(folder, said, system="continued")
    unsaid = experiment_of(train=SETTINGS, attach=attach)
    assert earlier_training(unsaid, tmp_path, job) == earlier_training(said, tmp_path, job)
    assert earlier_training(unsaid, tmp_path, job) == Earlier(unsaid.finetune.max_updates, 0)
    other = experiment(attach=attach)
    assert earlier_training(other, tmp_path, job) == Earlier(0, other.finetune.max_updates)
