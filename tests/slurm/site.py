"""What a user of the test cluster has: a copy of the profile with its first block edited; and watched jobs.

Every job that starts leaves a line in a file: module, arguments, and what SLURM gave it. A job can be made to
fail at its first start, as on a bad node: the interpreter, not the workflow, is what fails.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.slurm.controller import GPU_MODEL
from tests.slurm.programs import begin, call, end_of
from workflow_scripts.workflow.cluster.queue import name_prefix
from workflow_scripts.workflow.software.environments import venvs_folder

ROOT = Path(__file__).resolve().parents[2]
VENVS = venvs_folder()
PROFILE = ROOT / "profiles" / "slurm" / "config.yaml"
#: A user's edits of the first block: what the one node of the test cluster has.
EDITS: dict[str, Any] = {
    "cpu_minutes": 120, "cpu_mem_mb": 12000, "gpu_minutes": 60, "gpu_mem_mb": 6000, "gpu_model": GPU_MODEL,
}  # fmt: skip
#: Seconds that a refusal may take.
REFUSAL_SECONDS = 300.0
#: How far runs stand back for those that most tests wait for.
NICE = 5

WATCHED = """#!/bin/sh
# Say that a job starts, and as what; then be the interpreter.
module=none
for word in "$@"; do case $word in workflow_scripts.*) module=$word; break;; esac; done
if [ $module != none ]; then
    printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$module" "${{SLURM_JOB_ID:-}}" $$ \\
        "${{CUDA_VISIBLE_DEVICES-unset}}" "$*" >> {folder}/starts.tsv
    case "$*" in *{fails}*) if mkdir {folder}/failed-once 2>/dev/null; then exit 3; fi;; esac
fi
exec {python} "$@"
"""

#: The plugin looks for ends of jobs 10 s later after each look that found none: most of what runs would take.
IMPATIENT = f"""
include: "{ROOT}/Snakefile"
workflow.default_target = "all"

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)
"""


@dataclass(frozen=True)
class Start:
    """One start of a job's program: module, SLURM's job, process, GPUs ("unset": none said), its words."""

    module: str
    job: str
    process: str
    gpus: str
    words: str


def edited_profile(folder: Path, edits: Mapping[str, Any], lines: Mapping[str, str]) -> Path:
    """Copy the profile into a folder with variables and whole lines changed; each must be there."""
    text = PROFILE.read_text(encoding="utf-8")
    for name, value in edits.items():
        shown = "null" if value is None else value
        text, number = re.subn(rf"(?m)^  {name}: .*$", f"  {name}: {shown}", text)
        assert number == 1, f"{name} stands {number} times in the profile"
    for old, new in lines.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the profile"
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


@dataclass
class ClusterRun:
    """An experiment in a folder of its own, run on the test cluster as `make run PROFILE=…` does.

    ``fails``: words of the job that fails at its first start. ``nice``: how far it and its jobs stand back
    for others. ``patient``: ends of jobs are looked for as seldom as a user's run does.
    """

    folder: Path
    config: Mapping[str, Any]
    edits: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    fails: str = "no such words"
    nice: int = 0
    patient: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        # The status of a job is looked at often: the tests wait for it.
        quick = {
            "slurm-init-seconds-before-status-checks: 20": (
                "slurm-init-seconds-before-status-checks: 1\nseconds-between-status-checks: 1"
            )
        }
        self.profile = edited_profile(self.folder / "site", {**EDITS, **self.edits}, {**quick, **self.lines})
        (self.folder / "config.yaml").write_text(yaml.safe_dump(dict(self.config)))
        (self.folder / "Snakefile").write_text(IMPATIENT)
        for environment in ("fairseq", "text", "evaluate"):
            python = self.folder / "venvs" / environment / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text(
                WATCHED.format(
                    folder=self.folder,
                    fails=re.sub(r"([^\w.-])", r"\\\1", self.fails),
                    python=VENVS / environment / "bin" / "python",
                )
            )
            python.chmod(0o755)

    @property
    def results(self) -> Path:
        return self.folder / "results" / str(self.config["experiment"])

    @property
    def said(self) -> str:
        return (self.folder / "run.log").read_text(errors="replace")

    @property
    def jobs_are_named(self) -> str:
        return name_prefix(self.folder, str(self.config["experiment"]))

    def jobs(self) -> "list[SlurmJob]":
        return [job for job in slurm_jobs() if job.run == self.jobs_are_named]

    def begin(
        self, *options: str, environment: Mapping[str, str] | None = None, programs: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a run in a session of its own. ``programs``: a folder that comes first in PATH."""
        command = [
            sys.executable, "-m", "workflow_scripts.workflow.run.start", "--snakefile",
            str((ROOT if self.patient else self.folder) / "Snakefile"),
        ]  # fmt: skip
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--profile", str(self.profile)]
        command += [
            "--configfile", str(self.folder / "config.yaml"), "--directory", str(self.folder), *options,
        ]  # fmt: skip
        variables = {"NEURONSPEC_VENVS": str(self.folder / "venvs"), **(environment or {})}
        if programs is not None:
            variables["PATH"] = f"{programs}:{os.environ['PATH']}"
        return begin(command, ROOT, self.folder / "run.log", variables, self.nice)

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        status = end_of(process, f"the run in {self.folder}")
        assert status == 0, "\n".join(self.said.splitlines()[-60:])

    def refused(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        process = self.begin(*options, environment=environment)
        try:
            assert end_of(process, f"the refusal in {self.folder}", REFUSAL_SECONDS) == 1
        finally:
            process.kill()

    def starts(self, module: str) -> list[Start]:
        file = self.folder / "starts.tsv"
        lines = file.read_text().splitlines() if file.exists() else []
        return [one for one in (Start(*line.split("\t", 4)) for line in lines) if one.module == module]

    def history(self, system: str) -> list[dict[str, Any]]:
        file = self.results / "training" / system / "s1" / "history.json"
        return list(json.loads(file.read_text())["attempts"]) if file.exists() else []


@dataclass(frozen=True)
class SlurmJob:
    """A job as the controller remembers it: number (of an array's task: "7_2"), run, rule, memory, state."""

    number: str
    run: str
    rule: str
    memory: str
    state: str


def slurm_jobs() -> list[SlurmJob]:
    said = call("squeue", "--array", "--states=all", "--noheader", "--format=%i|%j|%k|%m|%T")
    return [_job(*line.split("|")) for line in said.splitlines()]


def _job(number: str, name: str, comment: str, memory: str, state: str) -> SlurmJob:
    rule = comment.removeprefix("rule_").partition("_wildcards_")[0]
    return SlurmJob(number, name.partition("_")[0], rule, memory, state)
