"""What a user of the test cluster has: a copy of the profile with its first block edited; and watched jobs.

Every job that starts leaves a line in a file: module, arguments, and what SLURM gave it. A job can be made to
fail at its first start, as on a bad node: the interpreter, not the workflow, is what fails.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.slurm.controller import GPU_MODEL

ROOT = Path(__file__).resolve().parents[2]
VENVS = Path(os.environ.get("NEURONSPEC_VENVS", ROOT / ".venvs"))
PROFILE = ROOT / "profiles" / "slurm" / "config.yaml"
#: A user's edits of the first block: what the one node of the test cluster has.
EDITS: dict[str, Any] = {
    "cpu_minutes": 120,
    "cpu_mem_mb": 12000,
    "gpu_minutes": 60,
    "gpu_mem_mb": 6000,
    "gpu_model": GPU_MODEL,
}
#: Seconds that any run of these tests may take.
LIMIT = 900.0

WATCHED = """#!/bin/sh
# Say that a job starts, and as what; then be the interpreter.
module=none
for word in "$@"; do case $word in workflow_scripts.*) module=$word; break;; esac; done
if [ $module != none ]; then
    printf '%s\\t%s\\t%s\\t%s\\n' "$module" "${{SLURM_JOB_ID:-}}" \\
        "${{CUDA_VISIBLE_DEVICES-unset}}" "$*" >> {records}
    case "$*" in *{fails}*) if mkdir {failed} 2>/dev/null; then exit 3; fi;; esac
fi
exec {python} "$@"
"""

#: The plugin looks for ends of jobs 10 s later after each look that found none: most of what runs would take.
IMPATIENT = f"""
include: "{ROOT}/Snakefile"
workflow.default_target = "all"

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 2, lambda self, seconds: None)
"""


@dataclass(frozen=True)
class Start:
    """One start of a job's program: module, SLURM's job, GPUs ("unset": none said), its words."""

    module: str
    job: str
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

    ``patient``: ends of jobs are looked for as seldom as a user's run does.
    """

    folder: Path
    config: Mapping[str, Any]
    edits: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    fails: str = "no such words"
    patient: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        # The status of a job is looked at often: the tests wait for it.
        quick = {
            "slurm-init-seconds-before-status-checks: 20": (
                "slurm-init-seconds-before-status-checks: 2\nseconds-between-status-checks: 2"
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
                    records=self.folder / "starts.tsv",
                    fails=re.sub(r"([^\w.-])", r"\\\1", self.fails),
                    failed=self.folder / "failed-once",
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

    def begin(self, *options: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a run in a session of its own."""
        command = [
            sys.executable,
            "-m",
            "workflow_scripts.operate.run",
            "--snakefile",
            str((ROOT if self.patient else self.folder) / "Snakefile"),
        ]
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--profile", str(self.profile)]
        command += [
            "--configfile",
            str(self.folder / "config.yaml"),
            "--directory",
            str(self.folder),
            *options,
        ]
        variables = {**os.environ, "NEURONSPEC_VENVS": str(self.folder / "venvs"), **(environment or {})}
        with (self.folder / "run.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a run's end, which must be a good one."""
        status = process.wait(timeout=LIMIT)
        assert status == 0, "\n".join(self.said.splitlines()[-60:])

    def refused(self, *options: str, environment: Mapping[str, str] | None = None) -> None:
        """Run what must end soon, and badly."""
        process = self.begin(*options, environment=environment)
        try:
            assert process.wait(timeout=120) == 1
        finally:
            process.kill()

    def starts(self, module: str) -> list[Start]:
        """Return the starts of a module's jobs, in order."""
        file = self.folder / "starts.tsv"
        lines = file.read_text().splitlines() if file.exists() else []
        return [one for one in (Start(*line.split("\t", 3)) for line in lines) if one.module == module]

    def history(self, system: str) -> list[dict[str, Any]]:
        """Return the attempts of a training."""
        file = self.results / "training" / system / "s1" / "history.json"
        return list(json.loads(file.read_text())["attempts"]) if file.exists() else []


def wait_until(condition: Callable[[], Any], what: str, process: subprocess.Popen[bytes]) -> Any:
    """Return the condition's first true value; the run must not end before."""
    end = time.monotonic() + LIMIT
    while not (value := condition()):
        assert process.poll() is None, f"the run ended before {what}"
        assert time.monotonic() < end, f"no {what} in {LIMIT} s"
        time.sleep(0.2)
    return value


@dataclass(frozen=True)
class SlurmJob:
    """A job as the controller remembers it: number (of an array's task: "7_2"), rule, memory, state."""

    number: str
    rule: str
    memory: str
    state: str


def slurm_jobs() -> list[SlurmJob]:
    """Return all jobs that the controller remembers (MinJobAge)."""
    command = ["squeue", "--array", "--states=all", "--noheader", "--format=%i|%k|%m|%T"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    fields = [line.split("|") for line in done.stdout.splitlines()]
    return [SlurmJob(n, k.removeprefix("rule_").partition("_wildcards_")[0], m, t) for n, k, m, t in fields]
