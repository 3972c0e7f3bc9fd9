"""Trainings that other code made: which, what they cost, adopted or asked for anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.workflow.trainings import CONFIG as BASE
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.plan.training_code import (
    accept_all,
    changed_trainings,
    current_code,
    in_words,
    main,
    report,
    retrain_requests,
    training_code,
)
from workflow_scripts.workflow.software.closure import closure_hash
from workflow_scripts.workflow.software.environments import environment_identity

CONFIG = {**BASE, "train": {"seeds": [1, 2]}, "systems": {"continued": {"masks": "all"}}}
NOW = {"train_baseline": "aaaa+1111", "finetune": "bbbb+1111"}
RESULTS = Path("results/x")


def training(system: str, seed: int, code: str | None, **history: float) -> Path:
    folder = RESULTS / "training" / system / f"s{seed}"
    write_json(folder / "finished.json", {"updates": 20, "identity": {"lr": 1}, "code": code})
    write_json(folder / "history.json", {"attempts": [], **history})
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main([*arguments, "--configfile", "config.yaml"])
    return capsys.readouterr().out.splitlines()


def said_by_accept(capsys: pytest.CaptureFixture[str], results: Path = RESULTS) -> list[str]:
    """What `make accept` says of trainings."""
    accept_all(load_experiment(CONFIG), results)
    return capsys.readouterr().out.splitlines()


def test_what_changed_is_told_with_its_hours(place: Path) -> None:
    """19,080 s are 5.3 hours; on GPUs their hours count."""
    training("baseline", 1, "aaaa+0000", seconds=19080.0, gpu_hours=0.0)
    training("baseline", 2, "aaaa+1111", seconds=100.0)
    training("continued", 1, "cccc+1111", seconds=3600.0, gpu_hours=4.0)
    training("continued", 2, "cccc+0000", seconds=3600.0)
    changed = changed_trainings(load_experiment(CONFIG, ["config.yaml"]), RESULTS, NOW)
    assert [(one.system, one.seed, one.hours, one.which) for one in changed] == [
        ("baseline", 1, 5.3, "libraries"),
        ("continued", 1, 4.0, "code"),
        ("continued", 2, 1.0, "code and libraries"),
    ]
    assert report(changed) == (
        "training code or libraries changed since these were trained; kept: baseline s1 (5.3 h, libraries),"
        " continued s1 (4.0 GPU h, code), continued s2 (1.0 h, code and libraries); make accept adopts them,"
        " make retrain trains them again"
    )
    assert "continued s2 (1.0 h, code and libraries) and 3 more; make accept" in report([*changed] * 3)


def test_nothing_is_told_of_what_has_not_changed_or_is_not_finished(place: Path) -> None:
    training("baseline", 1, "aaaa+1111")
    write_json(RESULTS / "training/baseline/s2/history.json", {"attempts": [{"code": "old+1111"}]})
    assert changed_trainings(load_experiment(CONFIG, ["config.yaml"]), RESULTS, NOW) == []
    assert report([]) == ""


def test_a_system_that_is_used_is_not_ours(place: Path) -> None:
    training("baseline", 1, "other+1111")
    used = {**CONFIG, "uses": {"experiment": "y", "systems": ["baseline"]}}
    assert changed_trainings(load_experiment(used, ["config.yaml"]), RESULTS, NOW) == []


def test_code_that_was_not_recorded_is_not_taken_for_the_present_one(place: Path) -> None:
    training("baseline", 1, None, seconds=360.0)
    (changed,) = changed_trainings(load_experiment(CONFIG, ["config.yaml"]), RESULTS, NOW)
    assert str(changed) == "baseline s1 (0.1 h, not recorded)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 min"), (1, "1 min"), (61, "2 min"), (359, "6 min"), (360, "0.1 h"), (360_000, "100.0 h")],
)
def test_hours_in_words(seconds: float, text: str) -> None:
    assert in_words(seconds / 3600) == text


def test_the_hash_is_of_the_code_and_of_the_libraries() -> None:
    assert training_code("finetune") == (
        f"{closure_hash('train.finetune')}+{environment_identity('fairseq')}"
    )
    assert set(current_code()) == {"train_baseline", "finetune", "finetune_adapters"}
    assert len(set(current_code().values())) == 2


def test_accept_adopts_and_takes_requests_back(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = training("baseline", 1, "old+old", seconds=7200.0)
    write_json(folder / "retrain.json", {})
    lines = said_by_accept(capsys)
    assert lines == [
        "results/x/training/baseline/s1  is not trained again: the request is taken back",
        "results/x/training/baseline/s1  2.0 h  changed: code and libraries",
        "2.0 h of training adopted: 1 of the present code from now on",
    ]
    finished = read_json(folder / "finished.json")
    assert finished == {"updates": 20, "identity": {"lr": 1}, "code": training_code("train_baseline")}
    assert not (folder / "retrain.json").exists()
    assert said_by_accept(capsys) == [
        "results/x: every finished training is of the present code and libraries"
    ]


def test_accept_takes_a_request_back_when_the_code_is_back_too(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = training("baseline", 1, training_code("train_baseline"))
    write_json(folder / "retrain.json", {})
    begun = training("baseline", 2, training_code("train_baseline"))
    write_json(begun / "retrain.json", {})
    (begun / "finished.json").unlink()  # its job has begun to move the old training aside
    assert said(capsys) == ["results/x: every finished training is of the present code and libraries"]
    assert (folder / "retrain.json").exists()
    assert said_by_accept(capsys) == [
        "results/x/training/baseline/s1  is not trained again: the request is taken back",
        "results/x: every finished training is of the present code and libraries",
    ]
    assert retrain_requests(RESULTS) == ["results/x/systems/baseline/s2/system.json"]


def test_another_working_directory(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place / training("baseline", 1, "old+old", seconds=7200.0)
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    main(["--configfile", "../config.yaml", "--directory", "..", "--confirm"])
    assert capsys.readouterr().out.startswith("../results/x/training/baseline/s1  2.0 h")
    assert (folder / "retrain.json").exists()
    said_by_accept(capsys, Path("..") / RESULTS)
    assert not (folder / "retrain.json").exists()
    assert read_json(folder / "finished.json")["code"] == training_code("train_baseline")


def test_retrain_asks_only_when_confirmed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = training("baseline", 1, "old+old", seconds=7200.0)
    training("continued", 2, "old+old", seconds=3600.0)
    training("baseline", 2, training_code("train_baseline"))
    assert said(capsys)[-1].startswith("3.0 h of training would be done again; nothing was asked")
    assert retrain_requests(RESULTS) == []
    assert said(capsys, "--confirm")[-1].startswith("3.0 h of training will be done again by the")
    assert retrain_requests(RESULTS) == [
        "results/x/systems/baseline/s1/system.json",
        "results/x/systems/continued/s2/system.json",
    ]
    assert read_json(first / "retrain.json")["changed"] == "code and libraries"
    assert read_json(first / "finished.json")["code"] == "old+old"
