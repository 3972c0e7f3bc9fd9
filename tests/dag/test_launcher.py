"""How a training of several processes is started: what the profile's resources become in the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dag.test_job_counts import TINY, lay_down_text, snakemake


def commands(folder: Path, *resources: str) -> dict[str, list[str]]:
    """What starts the jobs of each training rule, by a dry run."""
    lay_down_text(folder)
    options = ["--set-resources", *resources] if resources else []
    done = snakemake(folder, TINY, "-n", "--printshellcmds", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = {"train_baseline": [], "finetune": []}
    for before, rule in re.findall(
        r"^(.*)run-in fairseq workflow_scripts\.\w+\.(\w+)", done.stdout, re.MULTILINE
    ):
        if rule in found:
            found[rule].append(before.strip().removeprefix("Shell command:").strip())
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
