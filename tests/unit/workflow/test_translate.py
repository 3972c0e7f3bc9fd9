"""`make translate`: which system translates, and where its results lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.small_config import BASE
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.run.translate_lines import main

CONFIG = {**BASE, "directions": {"evaluate_only": ["de-fr"]}, "train": {"seeds": [3, 4]}}
ASKED = ["--configfile", "my config.yaml", "--system", "ns-k95"]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results in another folder than the one that translation is started in."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here/my config.yaml").write_text(yaml.safe_dump(CONFIG))
    system = tmp_path / "the work/results/tiny/systems/ns-k95/s3"
    system.mkdir(parents=True)
    (system / "system.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "the work"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, words: commands.append(words))
    return commands


def after(option: str, command: list[str]) -> str:
    return command[command.index(option) + 1]


def test_results_in_another_folder_are_found(work: Path, started: list[list[str]]) -> None:
    for option in ("--directory", "-d"):
        main([*ASKED, "--direction", "en-de", option, str(work)])
    command, same = started
    assert command == same
    assert after("--system", command) == str(work / "results/tiny/systems/ns-k95/s3")
    assert "--masks" not in command


def test_so_is_the_mask_of_a_direction_that_was_not_trained(work: Path, started: list[list[str]]) -> None:
    main([*ASKED, "--direction", "de-fr", "--directory", "../the work"])
    assert after("--masks", started[0]) == "../the work/results/tiny/masks/baseline/s3/k95/de-fr.npz"


def test_results_in_this_folder_need_no_word(
    work: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "my config.yaml").write_text(yaml.safe_dump(CONFIG))
    monkeypatch.chdir(work)
    main([*ASKED, "--direction", "en-de"])
    assert after("--system", started[0]) == "results/tiny/systems/ns-k95/s3"


@pytest.mark.parametrize("more", [[], ["--directory", "../the work", "--seed", "4"]])
def test_a_system_that_is_not_there_is_told_with_its_folder(more: list[str], work: Path) -> None:
    with pytest.raises(
        UserError, match=r"results/tiny/systems/ns-k95/s[34]: not trained yet;.*'--directory FOLDER'"
    ):
        main([*ASKED, "--direction", "en-de", *more])


def test_a_system_of_adapters_translates_with_fairseq_what_it_was_trained_in(
    work: Path, started: list[list[str]]
) -> None:
    small = {"adapters": {"kind": "bottleneck"}, "directions": ["en-de"]}
    config = {**CONFIG, "systems": {"ns": {"masks": "sweep"}, "small": small}}
    Path("my config.yaml").write_text(yaml.safe_dump(config))
    (work / "results/tiny/systems/small/s3").mkdir(parents=True)
    (work / "results/tiny/systems/small/s3/system.json").write_text("{}")
    asked = ["--configfile", "my config.yaml", "--system", "small", "--directory", str(work)]
    main([*asked, "--direction", "en-de"])
    command = started[0]
    assert (command[1], after("--engine", command), after("--compute-type", command)) == (
        "fairseq", "fairseq", "float32",
    )  # fmt: skip
    with pytest.raises(UserError, match=r"^the system 'small' has no direction 'de-en'; there are en-de"):
        main([*asked, "--direction", "de-en"])
