"""How a training of several processes is started: what the profile's resources become in the command."""

from __future__ import annotations

import hashlib
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from tests.workflow.test_job_counts import ROOT, TINY, lay_down_text, snakemake


def commands(folder: Path, *resources: str) -> dict[str, list[str]]:
    """What starts the jobs of each training rule, by a dry run."""
    lay_down_text(folder)
    options = ["--set-resources", *resources] if resources else []
    done = snakemake(folder, TINY, "-n", "--printshellcmds", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = {"train_baseline": [], "finetune": []}
    for rule, rest in re.findall(
        r"run-in fairseq workflow_scripts\.\w+\.(\w+)(.*)$", done.stdout, re.MULTILINE
    ):
        if rule in found:
            words = shlex.split(rest.partition(" >> ")[0])
            starts = [after for word, after in pairwise(words) if word == "--start-with"]
            found[rule].append("".join(starts))
    return found


def test_one_process_is_started_by_itself(tmp_path: Path) -> None:
    assert commands(tmp_path) == {"train_baseline": [""], "finetune": ["", "", ""]}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (["tasks_per_node=4"], "--nodes=1 --ntasks=4 --cpus-per-task=2"),
        (["tasks_per_node=4", "nodes=2"], "--nodes=2 --ntasks=8 --cpus-per-task=2"),
        (["tasks=2", "nodes=2", "cpus_per_task=3"], "--nodes=2 --ntasks=2 --cpus-per-task=3"),
    ],
)
def test_several_processes_are_started_by_srun(resources: list[str], expected: str, tmp_path: Path) -> None:
    """The other rule keeps its one process."""
    found = commands(tmp_path, *(f"train_baseline:{one}" for one in ["mpi=srun", *resources]))
    assert found["train_baseline"] == [f"srun {expected} --kill-on-bad-exit=1 --wait=0"]
    assert found["finetune"] == ["", "", ""]


#: As Snakemake compares them with those of finished trainings: SHA-256 of the text.
COMMANDS = {
    "train_baseline": "7e5e35f968df1418fcd3071ce313becc832a5c93fe7e065871905708801034cb",
    "finetune": "cdaff914cb7896a580a962be92c02f9ae15f0aaf7c6dc825e28afd6d85152cee",
}


@pytest.mark.parametrize("rule", COMMANDS)
def test_the_commands_of_trainings_stay_as_they_are(rule: str) -> None:
    """To Snakemake a command is code: another one exports every finished training, and decodes all, anew.

    Options are added to the value of `code` instead (`code_and_start`).
    """
    text = (ROOT / "rules/training.smk").read_text(encoding="utf-8")
    command = text.split(f"rule {rule}:")[1].split("shell:")[1].split("\n\n\n")[0].split("\nfor ")[0]
    assert hashlib.sha256("".join(re.findall(r'"(.*)"', command)).encode()).hexdigest() == COMMANDS[rule]
