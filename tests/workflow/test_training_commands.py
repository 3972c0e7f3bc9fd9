"""How a training of several processes is started: what the profile's resources become in the command."""

from __future__ import annotations

import hashlib
import json
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
        r"run-in fairseq workflow_scripts\.(?:\w+\.)+(\w+)(.*)$", done.stdout, re.MULTILINE
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
    "train_baseline": "0d59022957861b292fa1524e2f0373a1e2817398a1467225b072d216c75e3d95",
    "finetune": "1117864b5b4d13191866742f770c9cf47cceec67186e67d6fdb8cdcc2dd7af0f",
}
#: What Snakemake has of the rules' commands.
TEMPLATES = """
include: "{root}/Snakefile"
import json
print("templates:", json.dumps({{rule.name: rule.shellcmd for rule in workflow.rules}}), file=sys.stderr)
"""


def test_the_commands_of_trainings_stay_as_they_are(tmp_path: Path) -> None:
    """To Snakemake a command is code: another one exports finished trainings and decodes all again.

    Only `make accept` would prevent that. Options are added to params (`identity`, `how_started`) instead.
    """
    lay_down_text(tmp_path)
    (tmp_path / "Snakefile").write_text(TEMPLATES.format(root=ROOT))
    done = snakemake(tmp_path, TINY, "-n", "fetch", "--snakefile", str(tmp_path / "Snakefile"))
    [said] = re.findall(r"^templates: (.*)$", done.stderr, re.MULTILINE)
    templates = json.loads(said)
    assert {rule: hashlib.sha256(templates[rule].encode()).hexdigest() for rule in COMMANDS} == COMMANDS
