"""A checkout in a folder whose name a shell would take apart."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "rules", "config", "envs", "profiles", "workflow_scripts")
CONFIG = """
experiment: x
languages: [en, de]
pivot: en
data:
  source:
    {type: files, train: "it's/train.{lang}", valid: "it's/valid.{lang}", tests: {one: "it's/one.{lang}"}}
"""


def run(folder, *options):
    folder.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "it's").mkdir()
    for subset in ("train", "valid", "one"):
        for lang in ("de", "en"):
            (folder / f"it's/{subset}.{lang}").write_text(f"{subset} {lang}\ntwo {lang}\n")
    (folder / "my x.yaml").write_text(CONFIG)
    words = ["--cores", "1", "--configfile", "my x.yaml", "--until", "prepare_text", *options]
    command = [sys.executable, "-m", "workflow_scripts.workflow.run.start", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_name_that_a_shell_would_take_apart(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("NEURONSPEC_VENVS", str(Path(sys.executable).parents[2]))
    folder = tmp_path / 'a project\'s [folder] & $HOME `x` "y" (é)'
    done = run(folder)
    assert done.returncode == 0, done.stderr
    text = folder / "results/x/data/text/one/de-en.de.txt"
    assert text.read_text() == "one de\ntwo de\n"


@pytest.mark.parametrize("character", [":", "{", "}"])
def test_what_cannot_be_in_it_is_told_before_the_first_job(character, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    folder = tmp_path / f"a{character}b"
    done = run(folder)
    assert done.returncode == 1
    said = f"'{folder}': the checkout's path must not hold '{character}': move it, or rename the folder"
    assert said in done.stderr
    assert not (folder / "results").exists()


@pytest.mark.parametrize("name", ["a{2}", "a{lang}"])
def test_braces_in_the_working_directory_are_told(name, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    there = tmp_path / name
    there.mkdir()
    done = run(tmp_path / "checkout", "--directory", str(there))
    assert done.returncode == 1
    assert (
        f"'{there}': the working directory's path must not hold '{{': take another, or rename" in done.stderr
    )
    assert "Traceback" not in done.stderr and not (there / "results").exists()
