"""The disk a plan needs, against figures worked out by hand and against files that a real training wrote."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from tests.small_config import TASKS
from tests.unit.workflow.planned import a_job
from tests.unit.workflow.trainings import SOURCE, experiment_of, write_finished
from workflow_scripts.common.files import write_text
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.config.training import Model
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan import disk_plan
from workflow_scripts.workflow.plan.disk_plan import Need, need_of, parameters, parameters_of, too_small

Usage = namedtuple("Usage", "total used free")

# vocab_size 95 and two languages: 98 symbols of the network.
# An encoder layer: attention 4·(16 + 4) = 80, FFN 2·4·8 + 8 + 4 = 76, two norms 16: 172.
# A decoder layer: 160 + 76 + 24 = 260. Final norms 16. Embeddings 2·98·4 = 784.
PARAMETERS = 172 + 260 + 16 + 784
WEIGHTS = 4 * PARAMETERS  # 4,928 bytes
CHECKPOINT = 3 * WEIGHTS


def experiment(**changes: Any) -> Experiment:
    model = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": 4, "ffn_dim": 8, "heads": 2}
    tests = {**SOURCE, "tests": {"n": "n.{lang}"}}
    config = {"data": {"source": tests}, "subwords": {"vocab_size": 95}, "model": model}
    return experiment_of(**{**config, **changes})


def training(name: str, seed: int = 1) -> PlannedJob:
    if name == "baseline":
        return a_job("train_baseline", {"seed": str(seed)}, [])
    return a_job("finetune", {"finetuned": name, "seed": str(seed)}, [])


def write(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_a_checkpoint_that_alone_says_its_model_has_at_most_a_parameter_for_four_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "c.pt", 4000)
    attach = {"checkpoint": "c.pt", "dictionary": "d.txt", "subwords": "s.model"}
    assert parameters_of(experiment_of(attach=attach)) == 1000
    # Where the config says the model, its vocabulary is the dictionary's: 4 specials, 92 lines, 2 languages.
    write_text(tmp_path / "d.txt", "".join(f"p{number} 1\n" for number in range(92)))
    model = experiment().model.model_dump(exclude_unset=True)
    said = experiment_of(attach=attach, model=model)
    assert parameters_of(said) == parameters_of(experiment()) == PARAMETERS


def test_parameters_are_those_of_the_published_model_and_of_a_stored_one() -> None:
    big = Model.model_validate({"preset": "big"}).architecture()
    body = 176_361_472  # of mT-big, without embeddings
    assert parameters(big, 0) == body
    assert parameters(big, 128_032) == body + 2 * 128_032 * 1024
    assert parameters({**big, "share_all_embeddings": True}, 1000) == body + 1000 * 1024
    assert parameters({**big, "share_decoder_embeddings": False}, 1000) == body + 3 * 1000 * 1024
    assert parameters({**big, "pre_norm": False}, 0) == body - 2 * 2 * 1024
    # Multi30k's model.safetensors has 38,530,888 bytes, its checkpoints 115,698,309.
    small = 4 * parameters(Model.model_validate({"preset": "small"}).architecture(), 8005)
    assert small == 38_516_736
    assert 1.0 <= 38_530_888 / small < 1.001
    assert 1.0 <= 115_698_309 / (3 * small) < 1.002


def test_trainings_hold_best_last_and_interval_checkpoints(tmp_path: Path) -> None:
    jobs = [training("baseline"), training("continued"), training("ns-k95")]
    assert need_of(experiment(), tmp_path, jobs, 1) == Need(3 * 3 * CHECKPOINT, 3 * WEIGHTS, 0)
    more = experiment(train={"keep_checkpoints": 3})
    assert need_of(more, tmp_path, jobs, 1).training == (5 + 3 + 3) * CHECKPOINT


def test_of_adapters_alone_the_optimiser_has_moments(tmp_path: Path) -> None:
    """A layer has norm 8, down 2·4 + 2, up 4·2 + 4: 30 parameters. Two layers, two directions: 120."""
    adapters = {"kind": "bottleneck", "size": 2}
    small = experiment(systems={"small": {"adapters": adapters}})
    job = a_job("finetune_adapters", {"finetuned": "small", "seed": "1"}, [])
    checkpoint = WEIGHTS + 3 * 4 * 120
    assert need_of(small, tmp_path, [job], 1) == Need(3 * checkpoint, WEIGHTS + 4 * 120, 0)
    # Both directions are between the same two languages, and share one row.
    shared = experiment(systems={"small": {"adapters": {**adapters, "by": "language"}}})
    assert need_of(shared, tmp_path, [job], 1).systems == WEIGHTS + 4 * 60


def test_what_is_there_is_subtracted(tmp_path: Path) -> None:
    begun = write_finished(tmp_path / "training/baseline/s1", experiment())
    (begun / "finished.json").unlink()
    write(begun / "checkpoint_best.pt", CHECKPOINT)
    write(tmp_path / "systems/continued/s1/model.safetensors", WEIGHTS - 28)
    done = write_finished(tmp_path / "training/continued/s1", experiment(), "continued")
    write(done / "checkpoint_best.pt", CHECKPOINT)
    jobs = [training("baseline"), training("continued")]
    # the first one goes on, the finished one is only exported again
    assert need_of(experiment(), tmp_path, jobs, 1) == Need(2 * CHECKPOINT, WEIGHTS + 28, 0)
    # with another learning rate it is another training, and the old one is kept aside with its checkpoint
    other = experiment(finetune={"lr": 3e-4})
    assert need_of(other, tmp_path, jobs, 1).training == (2 + 3) * CHECKPOINT


def test_a_training_whose_inputs_are_made_again_may_start_clean(tmp_path: Path) -> None:
    done = write_finished(tmp_path / "training/continued/s1", experiment(), "continued")
    write(done / "checkpoint_best.pt", CHECKPOINT)
    masks = str(write(tmp_path / "masks.npz", 8))
    os.utime(masks, (1, 1))
    finetune = a_job("finetune", {"finetuned": "continued", "seed": "1"}, [masks])
    assert need_of(experiment(), tmp_path, [finetune], 1).training == 0
    select = a_job("select_masks", {}, [], [masks])
    assert need_of(experiment(), tmp_path, [finetune, select], 1).training == 3 * CHECKPOINT


def test_text_that_is_made_again_replaces_itself(tmp_path: Path) -> None:
    source, text, binary = (write(tmp_path / name, 1000) for name in ("s.en", "t.txt", "b.bin"))
    jobs = [
        a_job("prepare_text", {}, [str(source)], [str(text)]),
        a_job("binarise", {}, [str(text)], [str(binary)]),
    ]
    assert need_of(experiment(), tmp_path, jobs, 1).data == 0
    text.unlink()
    assert need_of(experiment(), tmp_path, jobs, 1).data == 1000 + 1000


def test_without_optimiser_states_only_running_trainings_hold_checkpoints(tmp_path: Path) -> None:
    frugal = experiment(finetune={"keep_optimizer": False})
    jobs = [training("baseline"), *(training("ns-k95", seed) for seed in (1, 2, 3))]
    begun = write_finished(tmp_path / "training/ns-k95/s1", frugal, "ns-k95")
    (begun / "finished.json").unlink()
    write(begun / "checkpoint_last.pt", CHECKPOINT)
    assert need_of(frugal, tmp_path, jobs, 1).training == 3 * CHECKPOINT + 3 * CHECKPOINT
    assert need_of(frugal, tmp_path, jobs, 2).training == 3 * CHECKPOINT + 6 * CHECKPOINT
    assert need_of(frugal, tmp_path, jobs, 9).training == 3 * CHECKPOINT + 8 * CHECKPOINT


def test_text_is_counted_from_its_source(tmp_path: Path) -> None:
    plain, packed = write(tmp_path / "t.en", 1000), write(tmp_path / "t.de.gz", 300)
    text = write(tmp_path / "n.txt", 50)
    jobs = [
        a_job("prepare_text", {}, [str(plain), str(packed)]),  # 1000 + 4·300
        a_job("binarise", {}, [str(tmp_path / "to-be-made.txt"), str(plain)]),
        a_job("binarise", {}, [str(text)]),
        a_job("decode", {}, [str(plain)]),
    ]
    assert need_of(experiment(), tmp_path, jobs, 1) == Need(0, 0, 2200 + 2200 + 50)
    large = experiment(subwords={"vocab_size": 70_000})
    assert need_of(large, tmp_path, jobs, 1).data == 2200 + 2 * (2200 + 50)


@pytest.mark.parametrize("ending", ["gz", "xz", "bz2", "zst"])
def test_each_packing_unpacks(ending: str, tmp_path: Path) -> None:
    sides = [write(tmp_path / f"t.{lang}.{ending}", 300) for lang in ("de", "en")]
    job = a_job("prepare_text", {}, [str(file) for file in sides])
    assert need_of(experiment(), tmp_path, [job], 1).data == 2 * (2 * 4 * 300)


def test_text_that_is_not_there_yet_counts_by_its_sentences(tmp_path: Path) -> None:
    given = {"subset": "train", "one": "de", "two": "en"}
    job = a_job("prepare_text", given, [str(tmp_path / "t.de"), str(tmp_path / "t.en")])
    lines = {"path": "t.{lang}", "lines": {"start": 0, "stop": 30}}
    source = {"type": "files", "train": lines, "valid": "v.{lang}", "tests": {"n": "n.{lang}"}}
    # 30 sentences of 100 bytes on two sides: fetched or generated, prepared, binarised.
    known = experiment(data={"source": source})
    assert need_of(known, tmp_path, [job], 1) == Need(0, 0, 3 * 6000)
    assert need_of(experiment(), tmp_path, [job], 1) == Need(0, 0, 0, unknown_text=True)


def test_values_of_probes_count_by_the_sentences_that_are_asked_for(tmp_path: Path) -> None:
    """8 neurons and 4 residual dimensions of a stack, two directions of 30 sentences of 20 words, 2 bytes."""
    probed = experiment(analysis={"probes": {"units": ["ffn", "resid"], "sentences": 30, "percents": [20]}})
    values = tmp_path / "analysis/collect_units/baseline/s1/encoder.npy"
    job = a_job("collect_units", {"system": "baseline", "seed": "1", "stack": "encoder"}, [], [str(values)])
    assert need_of(probed, tmp_path, [job], 1) == Need(0, 0, 0, analysis=2 * 12 * 20 * 30 * 2)
    # What is there is written over.
    write(values, 28_000)
    assert need_of(probed, tmp_path, [job], 1).total == 28_800 - 28_000


def test_the_published_setting(tmp_path: Path) -> None:
    """mT-big with 128,000 pieces and 31 languages, ten k and three seeds: 36 trainings."""
    languages = ["en", *(f"x{chr(ord('a') + number)}" for number in range(26)), "ya", "yb", "yc", "yd"]
    big = {
        "languages": languages,
        "subwords": {"vocab_size": 128_000},
        "model": {"preset": "big"},
        "masks": {"k": list(range(50, 100, 5))},
        "train": {"seeds": [1, 2, 3], "keep_checkpoints": 3},
        "finetune": {"keep_checkpoints": 3},
    }
    plan = experiment(**big)
    jobs = [training(name, seed) for name in plan.all_systems for seed in plan.train.seeds]
    assert len(jobs) == 36
    weights = 4 * 438_571_008
    assert need_of(plan, tmp_path, jobs, 1) == Need(36 * 15 * weights, 36 * weights, 0)
    assert need_of(plan, tmp_path, jobs, 1).total == 1_010_467_602_432
    for key in ("train", "finetune"):
        big[key] = {**big[key], "keep_optimizer": False}
    assert need_of(experiment(**big), tmp_path, jobs, 1).total == (36 + 15) * weights == 89_468_485_632


def test_a_disk_that_is_too_small_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [training("baseline"), training("continued")]
    whole = 2 * 3 * CHECKPOINT + 2 * WEIGHTS  # 98,560 bytes
    results = tmp_path / "results" / "x"  # not there yet
    for free in (whole, whole - 1):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(10**9, 0, free))
        said = too_small(experiment(), results, jobs, 1)
        assert (said is None) == (free == whole)
    assert said == (
        f"disk too small for the plan: {results} will need about 98.6 kB more (trainings 88.7 kB, systems"
        " 9.86 kB, text 0 B), but 98.6 kB are free; train.keep_optimizer and finetune.keep_optimizer false"
        " make it 54.2 kB; fewer seeds, systems or masks.k need less; make clean-training shows what can be"
        " deleted"
    )


def test_folders_on_other_disks_are_counted_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings on a large disk of their own leave the small one the systems only."""
    need = need_of(experiment(), tmp_path, [training("baseline")], 1)
    disks = {"training": (1, 10**9), "systems": (2, need.systems), "data": (2, need.systems)}
    disks["analysis"] = (3, 0)
    monkeypatch.setattr(disk_plan, "free_bytes", lambda folder: disks[folder.name])
    assert too_small(experiment(), tmp_path, [training("baseline")], 1) is None
    disks["data"] = disks["systems"] = (2, need.systems - 1)
    assert "disk too small" in str(too_small(experiment(), tmp_path, [training("baseline")], 1))
    # Values of probes are in a folder of theirs.
    probed = experiment(analysis={"probes": {"sentences": 30, "percents": [20]}})
    job = a_job("collect_units", {"system": "baseline", "seed": "1", "stack": "decoder"})
    disks["data"] = disks["systems"] = (2, need.systems)
    disks["analysis"] = (3, 2 * 8 * 20 * 30 * 2 - 1)
    said = too_small(probed, tmp_path, [training("baseline"), job], 1)
    assert "will need about 19.2 kB more" in str(said) and ", values of units 19.2 kB), but" in str(said)


def test_a_trained_encoder_is_as_large_as_the_attached_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "encoder/model.safetensors", 4000)
    of_tasks = load_experiment(TASKS)
    jobs = [
        a_job("train_encoder", {"learner": "trained", "seed": str(seed)}, outputs=[f"{seed}.safetensors"])
        for seed in (1, 2)
    ]
    assert need_of(of_tasks, tmp_path, jobs, 1).systems == 2 * 4000
    write(tmp_path / "2.safetensors", 4000)
    assert need_of(of_tasks, tmp_path, jobs, 1).systems == 4000
