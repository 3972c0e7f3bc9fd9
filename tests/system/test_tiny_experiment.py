"""A tiny experiment through every rule, for real: two invented languages, 2+2 layers, one mask."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tiny_experiment import CONFIG, DIRECTIONS, LONGEST, SYSTEMS, TRAINED
from workflow_scripts.config.load import load_experiment
from workflow_scripts.operate.disk_plan import Job
from workflow_scripts.operate.earlier_training import earlier_training
from workflow_scripts.operate.past_runs import past_trainings

ROOT = Path(__file__).resolve().parents[2]
VENVS = Path(os.environ.get("NEURONSPEC_VENVS", ROOT / ".venvs"))


def run(folder: Path, *arguments: str, config: str = "tiny.yaml") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    command += ["--configfile", str(folder / config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results" / "tiny"


def test_cleaned_text_lies_in_two_shards(results: Path) -> None:
    """What went and what is left adds up, through the card to the shards."""
    card = read(results / "data" / "card.json")
    for pair, size in (("en-ka", 3000), ("en-ke", 1500)):
        entry = card["subsets"]["train"][pair]
        sides = [(results / f"data/toy/train.{pair}.{x}").read_text().splitlines() for x in pair.split("-")]
        pairs = [
            (a, b) for a, b in zip(*sides, strict=True) if max(map(len, (a.split(), b.split()))) <= LONGEST
        ]
        assert 0 < size - len(pairs) == entry["dropped"]["too_long"]
        assert len(pairs) - len(set(pairs)) == entry["dropped"]["duplicate"]
        assert entry["sentences"] + sum(entry["dropped"].values()) == size
        parts = [read(results / f"data/bin/shard{shard}/train.{pair}.en.json") for shard in (0, 1)]
        assert sum(part["sentences"] for part in parts) == entry["sentences"]
        assert 0 <= parts[0]["sentences"] - parts[1]["sentences"] <= 1
        assert (results / f"data/bin/shard1/valid.{pair}.en.bin").is_file()
    log = (results / "logs" / "train_baseline" / "s1.log").read_text()
    assert "epoch 1 reads results/tiny/data/bin/shard0" in log
    assert "epoch 2 reads results/tiny/data/bin/shard1" in log


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_second_run_has_nothing_to_do(results: Path) -> None:
    again = run(results.parents[1])
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_finished_trainings_are_known_as_the_config_has_them(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are the trainer's: what `make why`, `make plan` and the disk check read of them."""
    monkeypatch.chdir(results.parents[1])
    baseline = Job("train_baseline", {"seed": "1"}, [])
    jobs = [baseline, *(Job("finetune", {"finetuned": name, "seed": "1"}, []) for name in SYSTEMS[1:])]
    for changes, found in (
        ({}, [(400, 0), (20, 0), (20, 0)]),
        ({"model": {**CONFIG["model"], "max_positions": 255}}, [(0, 400), (0, 20), (0, 20)]),
    ):
        earlier = [earlier_training(load_experiment({**CONFIG, **changes}), results, job) for job in jobs]
        assert [one and (one.updates, one.left) for one in earlier] == found
    assert {one.system for one in past_trainings(results.parent)} == set(SYSTEMS)


def test_how_a_training_runs_and_what_it_logs_reruns_nothing(results: Path) -> None:
    """The same effective batch in smaller pieces, other threads, other logs."""
    execution = {
        "max_tokens": 1000,
        "update_freq": 2,
        "threads": 1,
        "log_interval": 10,
        "keep_checkpoints": 2,
    }
    again = run(results.parents[1], "--dry-run", "--config", f"train={execution}", f"finetune={execution}")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing to be done" in again.stdout + again.stderr


def test_every_direction_of_every_system_is_decoded_and_scored(results: Path) -> None:
    rows = list(csv.DictReader((results / "tables" / "scores.csv").open()))
    columns = "experiment,system,seed,testset,profile,direction,metric,score,n,signature"
    assert ",".join(rows[0]) == columns
    assert {(r["system"], r["direction"]) for r in rows} == {(s, d) for s in SYSTEMS for d in DIRECTIONS}
    assert {r["n"] for r in rows} == {"60"}
    scores = {tuple(r[key] for key in ("system", "direction", "metric", "profile")): r["score"] for r in rows}
    # Nothing is lost by binarising this text, so rebuilt references score alike.
    assert {profile for *_, profile in scores} == {"raw", "paper"}
    assert all(
        score == scores[*key, "paper"] for (*key, profile), score in scores.items() if profile == "raw"
    )
    assert all("version:" in r["signature"] for r in rows)
    for row in rows:
        text = results / "translations" / row["system"] / "s1" / "test" / f"{row['direction']}.txt"
        assert text.read_text().count("\n") == 60


def test_the_baseline_has_learned_something(results: Path) -> None:
    rows = csv.DictReader((results / "tables" / "scores.csv").open())
    bleu = {
        r["direction"]: float(r["score"]) for r in rows if (r["system"], r["metric"]) == ("baseline", "bleu")
    }
    assert len(bleu) == 5
    assert sum(bleu[direction] for direction in TRAINED) / 4 > 10


def test_every_system_says_how_likely_the_references_are(results: Path) -> None:
    found = {system: read(results / f"likelihoods/{system}/s1/test.json") for system in SYSTEMS}
    for system, written in found.items():
        assert (written["experiment"], written["system"], written["testset"]) == ("tiny", system, "test")
        assert list(written["directions"]) == DIRECTIONS
        for direction, entry in written["directions"].items():
            assert (entry["n"], entry["skipped"]) == (60, 0)
            # A guess among 250 subwords would cost 5.5 nats.
            assert direction not in TRAINED or entry["nats_per_token"] < 3
    per_token = {system: found[system]["directions"]["ka-ke"]["nats_per_token"] for system in SYSTEMS}
    assert len(set(per_token.values())) == len(SYSTEMS)  # under its own mask row


def test_systems_tell_right_inflections_from_wrong_ones(results: Path) -> None:
    for system in SYSTEMS:
        written = read(results / f"contrastive/{system}/s1/inflection.json")
        assert (written["set"], list(written["directions"])) == ("inflection", DIRECTIONS)
        for direction in TRAINED:
            number = written["directions"][direction]["phenomena"]["number"]
            assert number["n"] == 60 and number["chance"] == 0.5 < number["accuracy"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "evaluation.contrastive.mine: there is no file mine.tsv"),
        ("direction\tid\tsource\n", "mine.tsv, line 1: column 'correct' is missing"),
    ],
)
def test_a_contrastive_set_is_looked_at_before_the_first_job(
    results: Path, content: str | None, said: str
) -> None:
    folder = results.parents[1]
    if content:
        (folder / "mine.tsv").write_text(content)
    evaluation = {**CONFIG["evaluation"], "contrastive": {"mine": "mine.tsv"}}
    done = run(folder, "--dry-run", "--config", f"evaluation={evaluation}")
    assert done.returncode == 1
    assert said in done.stdout + done.stderr


def test_a_mask_fits_its_own_direction(results: Path) -> None:
    """Positive control: untrained, the own mask harms less than a random one of equal size per layer."""
    control = read(results / "analysis" / "mask_control" / "baseline" / "s1" / "k70.json")
    assert set(control["directions"]) == set(TRAINED)
    for direction, losses in control["directions"].items():
        assert losses["own"] < losses["random_mean"], direction
    # Out of the pivot the sources are the same text, so that only the target language differs.
    assert control["control"]["own_below_other_targets"] == {"en-ka": True, "en-ke": True}
    assert control["control"]["passed"] is True


def test_the_positive_control_catches_masks_of_the_wrong_direction(results: Path, tmp_path: Path) -> None:
    """The rows of the two languages swapped: the control must not pass."""
    script = """
import sys
import numpy as np
from workflow_scripts.units.mask_table import MaskTable
table = MaskTable.read(sys.argv[1])
swap = {"en-ka": "en-ke", "en-ke": "en-ka", "ka-en": "ke-en", "ke-en": "ka-en"}
keep = np.stack([table.row(swap.get(row, row)) for row in table.rows])
MaskTable(table.rows, keep, table.space, table.manifest).write(sys.argv[2])
"""
    masks = tmp_path / "swapped.npz"
    python = [str(VENVS / "fairseq/bin/python")]
    subprocess.run(
        [*python, "-c", script, str(results / "masks/baseline/s1/k70.npz"), str(masks)], cwd=ROOT, check=True
    )
    command = [*python, "-m", "workflow_scripts.analyse.mask_control", "--masks", str(masks)]
    command += [
        "--system",
        str(results / "systems/baseline/s1"),
        "--data-bin",
        str(results / "data/bin/shard0"),
    ]
    command += ["--subset", "test", "--directions", *TRAINED, "--seed", "1", "--max-sentences", "60"]
    subprocess.run([*command, "--out", str(tmp_path / "o.json")], cwd=ROOT, check=True, capture_output=True)
    control = read(tmp_path / "o.json")["control"]
    assert control["passed"] is False
    assert control["own_below_other_targets"] == {"en-ka": False, "en-ke": False}


def test_systems_are_complete_and_name_their_masks(results: Path) -> None:
    for system in SYSTEMS:
        folder = results / "systems" / system / "s1"
        described = read(folder / "system.json")
        assert described["system"] == system
        assert set(described["directions"]) == set(TRAINED)
        for file in filter(None, described["files"].values()):
            assert (folder / file).is_file()
    assert read(results / "systems/baseline/s1/system.json")["directions"]["en-ka"]["mask_row"] is None
    assert read(results / "systems/ns-k70/s1/system.json")["directions"]["en-ka"]["mask_row"] == "en-ka"


def test_every_rule_left_its_log_and_its_benchmark(results: Path) -> None:
    logs = {path.name for path in (results / "logs").iterdir()}
    assert logs == {path.name for path in (results / "benchmarks").iterdir()}
    assert {"train_baseline", "finetune", "count_activations", "select_masks", "decode", "score"} <= logs


def test_translate_takes_raw_text(results: Path) -> None:
    source = (results / "data/text/test/en-ka.ka.txt").read_text().splitlines()[:3]
    command = [str(VENVS / "text/bin/python"), "-m", "workflow_scripts.translate.translate"]
    command += ["--system", str(results / "systems/ns-k70/s1"), "--direction", "ka-en"]
    done = subprocess.run(
        command, input="\n".join(source) + "\n", capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    decoded = (results / "translations/ns-k70/s1/test/ka-en.txt").read_text().split("\n")[:3]
    assert done.stdout.split("\n")[:3] == decoded


def test_one_deleted_hypothesis_is_made_again_and_is_the_same(results: Path) -> None:
    path = results / "translations/ns-k70/s1/test/en-ke.txt"
    before = path.read_bytes()
    path.unlink()
    again = run(results.parents[1], "--verbose")
    assert again.returncode == 0, again.stderr
    assert path.read_bytes() == before
    # No limit on submissions: under one, waiting jobs are looked at every second (rules/common.smk).
    assert f"'_job_count': {sys.maxsize}" in again.stderr
    assert "'_job_count': 100" not in again.stderr


def verify(folder: Path, config: str = "tiny.yaml") -> subprocess.CompletedProcess[str]:
    command = [str(VENVS / "workflow/bin/python"), "-m", "workflow_scripts.operate.verify"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "--configfile", config],
        capture_output=True,
        text=True,
        cwd=folder,
        env=variables,
        check=False,
    )


def test_a_result_changed_by_hand_is_told(results: Path) -> None:
    """The manifest takes it over, but not silently. One file is read by a job, the other by none."""
    folder = results.parents[1]
    for name in ("data/bin/test.en-ka.en.json", "tables/summary.md"):
        path = results / name
        path.write_text(path.read_text() + "\n")
        assert verify(folder).returncode == 1
        again = run(folder)
        assert again.returncode == 0, again.stderr
        told = [line for line in again.stderr.splitlines() if "not by this one" in line]
        assert told == [f"results/tiny/{name}: changed since the last run, and not by this one"]
        assert verify(folder).returncode == 0


def test_the_manifest_follows_a_config_that_reruns_nothing(results: Path) -> None:
    folder = results.parents[1]
    finetune = {**CONFIG["finetune"], "log_interval": 10}
    (folder / "logs.yaml").write_text(yaml.safe_dump({**CONFIG, "finetune": finetune}))
    assert "config: finetune is not what the manifest" in verify(folder, "logs.yaml").stdout
    assert "Nothing to be done" in run(folder, config="logs.yaml").stderr
    done = verify(folder, "logs.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(folder).returncode == 0
    assert verify(folder).returncode == 0


def clean_training(folder: Path, *arguments: str) -> str:
    command = [str(VENVS / "workflow/bin/python"), "-m", "workflow_scripts.operate.clean_training"]
    command += ["--configfile", "tiny.yaml", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=variables, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_trainings_are_cleaned_and_systems_export_again_without_training(results: Path) -> None:
    folder = results.parents[1]
    systems = {path: path.read_bytes() for path in (results / "systems").rglob("*") if path.is_file()}
    assert "to delete it, add CONFIRM=yes" in clean_training(folder)
    assert len(list((results / "training").rglob("*.pt"))) == 9  # three systems: best, last, one more
    assert "the systems are untouched" in clean_training(folder, "--confirm")
    assert not list((results / "training").rglob("*.pt"))
    assert all(path.read_bytes() == content for path, content in systems.items())
    assert "Nothing to be done" in run(folder, "-n").stdout
    weights = results / "systems/continued/s1/model.safetensors"
    weights.unlink()
    again = run(folder, "--keep-going", str(weights.relative_to(folder)))
    assert again.returncode == 0, again.stdout + again.stderr
    assert all(path.read_bytes() == content for path, content in systems.items())
    assert len(read(results / "training/continued/s1/history.json")["attempts"]) == 1
    assert "exporting it again" in (results / "logs/finetune/continued.s1.log").read_text()
    # The exported file is new to Snakemake: what was decoded with it is decoded again, and is the same.
    hypotheses = {path: path.read_bytes() for path in (results / "translations").rglob("*.txt")}
    assert run(folder).returncode == 0
    assert all(path.read_bytes() == content for path, content in hypotheses.items())


def test_another_experiment_uses_its_systems(results: Path) -> None:
    """The baseline and the control are taken as they are; one more threshold is trained from them."""
    folder = results.parents[1]
    uses = {"experiment": "tiny", "systems": ["baseline", "continued"]}
    analysis = {"analysis": {}, "evaluation": {}, "masks": {"k": [85]}}
    config = {**CONFIG, "experiment": "second", "uses": uses, **analysis}
    (folder / "second.yaml").write_text(yaml.safe_dump(config))
    done = run(folder, config="second.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    second = folder / "results" / "second"
    assert [path.name for path in (second / "training").iterdir()] == ["ns-k85"]
    for system in ("baseline", "continued"):
        for direction in DIRECTIONS:
            name = f"translations/{system}/s1/test/{direction}.txt"
            assert (second / name).read_bytes() == (results / name).read_bytes()
    assert (
        read(second / "systems/ns-k85/s1/system.json")["parent"]["weights_sha256"]
        == (read(results / "systems/baseline/s1/system.json")["sha256"]["model.safetensors"])
    )


def test_intermediate_data_may_be_deleted(results: Path) -> None:
    """As docs/how-to/disk.md says."""
    shutil.rmtree(results / "data/toy")
    shutil.rmtree(results / "data/text")
    shutil.rmtree(results / "data/bin")
    done = run(results.parents[1], "-n")
    assert "Nothing to be done" in done.stdout, done.stdout
