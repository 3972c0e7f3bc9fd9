"""`make explorer`: what the page is asked to have, by the config."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.small_config import BASE
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.run.explore import main

CONFIG = {
    **BASE,
    "directions": {"evaluate_only": ["de-fr"]},
    "train": {"seeds": [3, 4]},
    "masks": {"k": [70, 95]},
    "groups": {"family": {"germanic": ["de"], "romance": ["fr"]}},
}


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    (tmp_path / "my config.yaml").write_text(yaml.safe_dump(CONFIG))
    monkeypatch.chdir(tmp_path)
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, words: commands.append(words))
    return commands


def after(option: str, command: list[str]) -> list[str]:
    """The words of an option."""
    start = command.index(option) + 1
    end = next((n for n in range(start, len(command)) if command[n].startswith("--")), len(command))
    return command[start:end]


def test_everything_that_the_config_makes_is_asked_for(started: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "results/tiny").mkdir(parents=True)
    main(["--configfile", "my config.yaml"])
    (command,) = started
    assert command[0].endswith("envs/bin/run-in")
    assert command[1:3] == ["evaluate", "workflow_scripts.report.explorer.build_explorer"]
    assert after("--systems", command) == ["baseline", "continued", "ns-k70", "ns-k95"]
    assert after("--seeds", command) == ["3", "4"] and after("--testsets", command) == ["news"]
    assert after("--directions", command) == ["en-de", "en-fr", "de-en", "fr-en", "de-fr"]
    assert after("--counted", command) == ["en-de", "en-fr", "de-en", "fr-en"]
    assert after("--masks", command) == [
        "k70=results/tiny/masks/baseline/s{seed}/k70.npz",
        "k95=results/tiny/masks/baseline/s{seed}/k95.npz",
    ]
    assert json.loads(*after("--used-by", command)) == {"ns-k70": "k70", "ns-k95": "k95"}
    assert json.loads(*after("--groups", command)) == {"family": {"germanic": ["de"], "romance": ["fr"]}}
    assert after("--counts", command) == ["results/tiny/activations/baseline/s{seed}/valid"]
    assert command[-3:] == ["--allow-partial", "--out", "results/tiny/report/explorer.html"]


@pytest.mark.parametrize(
    ("kinds", "file"),
    [
        (["paper", "raw"], "results/tiny/data/text/{testset}/{pair}.{target}.txt"),
        (["paper"], "results/tiny/data/references/{testset}.{pair}.{target}.txt"),
    ],
)
def test_the_references_shown_are_of_the_kind_that_was_scored(
    kinds: list[str], file: str, started: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "my config.yaml").write_text(yaml.safe_dump({**CONFIG, "evaluation": {"references": kinds}}))
    (tmp_path / "results/tiny").mkdir(parents=True)
    main(["--configfile", "my config.yaml"])
    assert after("--references", started[0]) == [file]


def test_results_in_another_folder(started: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "the work/results/tiny").mkdir(parents=True)
    main(["--configfile", "my config.yaml", "--directory", "the work"])
    assert after("--scores-root", started[0]) == ["the work/results/tiny/scores"]
    assert started[0][-1] == "the work/results/tiny/report/explorer.html"


def test_an_experiment_of_another_kind_is_refused(started: list[list[str]]) -> None:
    config = Path(__file__).resolve().parents[3] / "config/experiments/iap_glue.yaml"
    with pytest.raises(UserError, match="iap_glue: the explorer shows experiments of translation"):
        main(["--configfile", str(config)])
    assert started == []


def test_without_any_result_there_is_nothing_to_look_at(started: list[list[str]]) -> None:
    with pytest.raises(UserError, match="results/tiny: nothing has run here; 'make run CONFIG=…'"):
        main(["--configfile", "my config.yaml"])
    assert started == []
