"""Processes that tests/forked.py forks say and leave what new ones do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests import forked, started
from tests.forked_includes import includes
from tests.workflow.finished_experiment import CONFIG, ROOT, copied_checkout, lay_down_text

RUN = ("workflow_scripts.workflow.run.start", "--snakefile")
OPTIONS = ("--cores", "2", "--configfile", "config.yaml")


def new(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return started.run([sys.executable, "-m", *words], folder, {"PYTHONPATH": str(ROOT)})


#: What differs from run to run, and the folder that Snakemake was imported in.
CHANGING = re.compile(r"^(\[.*:\d\d \d{4}\]| +(Date|Workflow ID|Run directory|jobid): .*)$", re.MULTILINE)


def said(done: subprocess.CompletedProcess[str]) -> tuple[int, Counter[str], Counter[str]]:
    """Status and the words of stdout and stderr; Snakemake lists jobs and files in any order."""
    out, err = (re.split(r"[,;\s]+", CHANGING.sub("", text)) for text in (done.stdout, done.stderr))
    return done.returncode, Counter(out), Counter(err)


@pytest.mark.parametrize("options", [["--dry-run", "-p"], ["--dry-run", "no/such/target"]])
def test_they_say_what_new_ones_do(options: list[str], tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    words = [*RUN, str(ROOT / "Snakefile"), *OPTIONS, *options]
    assert said(forked.run(tmp_path, *words)) == said(new(tmp_path, *words))


def test_every_file_of_rules_is_found_parsed() -> None:
    ways = includes((ROOT / "Snakefile").read_text(encoding="utf-8"))
    assert len(ways) == 3, "kinds of experiments"
    assert {name for way in ways for name in way} == {f"rules/{one.name}" for one in ROOT.glob("rules/*.smk")}
    assert all((way[0], way[-1]) == ("rules/common.smk", "rules/gpus.smk") for way in ways)


def test_a_mistake_in_the_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("languages: [en")
    words = [*RUN, str(ROOT / "Snakefile"), *OPTIONS]
    assert said(forked.run(tmp_path, *words)) == said(new(tmp_path, *words))


def test_each_has_the_code_of_its_checkout(tmp_path: Path) -> None:
    checkout = copied_checkout(tmp_path / "checkout")
    with (checkout / "workflow_scripts/config/load.py").open("a") as code:
        code.write("\nprint('the copy is read')\n")
    module = "workflow_scripts.workflow.run.start"
    here, there = (
        forked.run(tmp_path, module, "--configfile", "none.yaml", checkout=one) for one in (ROOT, checkout)
    )
    assert "the copy is read" in there.stdout and "the copy is read" not in here.stdout
    assert here.returncode == there.returncode == 1
    assert here.stderr == there.stderr


def test_each_has_its_environment_and_leaves_this_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURONSPEC_DEBUG", "1")
    words = ("workflow_scripts.workflow.run.start", "--configfile", "none.yaml")
    assert "Traceback" in forked.run(tmp_path, *words).stderr
    monkeypatch.delenv("NEURONSPEC_DEBUG")
    assert "Traceback" not in forked.run(tmp_path, *words).stderr
