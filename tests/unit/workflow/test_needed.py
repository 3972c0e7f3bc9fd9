"""The environments of an experiment's jobs: what `make run` and `make fetch` set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_config import BASE
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.software.needed import environments_of, main

MODEL = {"model": "their/m", "revision": "1" * 40}
ATTACHED = {**BASE, "attach": MODEL, "systems": {}}


def test_an_attached_model_needs_no_fairseq() -> None:
    assert {*environments_of(load_experiment(ATTACHED))} == {"hf", "text", "evaluate"}
    assert {*environments_of(load_experiment(BASE))} == {"fairseq", "text", "evaluate"}


def test_what_fetching_needs() -> None:
    assert environments_of(load_experiment(ATTACHED), fetching=True) == ["hf"]
    assert environments_of(load_experiment({**ATTACHED, "attach": {"model": "m"}}), fetching=True) == []
    comet = {"evaluation": {"comet": [{"model": "Unbabel/wmt22-comet-da"}]}}
    assert {*environments_of(load_experiment({**ATTACHED, **comet}), fetching=True)} == {"hf", "comet"}


def test_a_config_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("languages: [")
    for file in ("c.yaml", "gone.yaml"):
        main(["--configfile", str(tmp_path / file)])
        assert capsys.readouterr().out == "text\n"
