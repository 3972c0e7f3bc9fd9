"""A finished experiment whose fine-tunings run again with an interpreter that writes down what it sees.

Snakemake itself starts the jobs; their Python is a script that computes nothing and fails.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests import forked
from tests.workflow.finished_experiment import CONFIG, ROOT
from workflow_scripts.workflow.software.environments import venvs_folder

VENVS = venvs_folder()
TRAININGS = ("continued", "ns-k70", "ns-k95")


def script(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
    return path


def prepare(finished: Path, folder: Path, training: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out an experiment without its fine-tunings, and ``training``, the lines run in their place.

    They append to the file ``seen``. ``bin`` of the folder is on PATH.
    """
    shutil.copytree(finished, folder / "here")
    for name in TRAININGS:
        shutil.rmtree(folder / "here" / "results" / "small" / "systems" / name)
    python = f"""case "$*" in
  *workflow.run.lease*) exec {sys.executable} "$@" ;;
  "-P -m workflow_scripts.train.finetune"*) {training}
    exit 1 ;;
esac
"""
    script(folder / "venvs" / "fairseq" / "bin" / "python", python)
    for name in ("text", "evaluate", "workflow"):
        (folder / "venvs" / name).symlink_to(VENVS / name)
    (folder / "bin").mkdir()
    monkeypatch.setenv("NEURONSPEC_VENVS", str(folder / "venvs"))
    monkeypatch.setenv("NEURONSPEC_LEASES", str(folder / "leases"))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def run(folder: Path, *options: str) -> tuple[list[str], str]:
    """Run the fine-tunings with Snakemake; return the lines of ``seen``, and what Snakemake said."""
    here = folder / "here"
    (here / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    command = ["workflow_scripts.workflow.run.start", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "16", "--configfile", "config.yaml", "--profile", str(ROOT / "profiles/default")]
    targets = [f"results/small/systems/{name}/s1/system.json" for name in TRAININGS]
    done = forked.run(here, *command, *options, "--", *targets)
    seen = here / "seen"
    return seen.read_text().splitlines() if seen.exists() else [], done.stdout + done.stderr
