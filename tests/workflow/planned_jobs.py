"""Every job of a plan as Snakemake has it: what it reads, what is compared with its last run, its command.

A dry run says neither the params of a job nor which of them make it run again. Here the Snakefile is included
by another one, which writes that down when the plan stands.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import forked

ROOT = Path(__file__).resolve().parents[2]
SNAKEFILE = f"""
include: "{ROOT}/Snakefile"
import atexit
import json

def write_down():
    jobs = [
        {{
            "rule": job.rule.name,
            "wildcards": dict(job.wildcards_dict or {{}}),
            "inputs": [str(file) for file in job.input],
            "outputs": [str(file) for file in job.output],
            "compared": [
                value if isinstance(value, (str, int, float)) else list(value)
                for value in job.non_derived_params
            ],
            "command": job.shellcmd or "",
            "conda": str(job.rule.conda_env or ""),
        }}
        for job in workflow.dag.jobs
    ]
    plan = {{"jobs": jobs, "wildcards": dict(workflow.wildcard_constraints)}}
    Path("plan.json").write_text(json.dumps(plan), encoding="utf-8")

atexit.register(write_down)
"""


@dataclass(frozen=True)
class Job:
    """One job of a plan.

    ``compared``: its params that make it run again when they change.
    """

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]
    outputs: list[str]
    compared: list[Any]
    command: str
    conda: str

    @property
    def started(self) -> tuple[str, str]:
        """The environment and the module of the package that its command starts."""
        _, environment, module = self.command.split(" ", 3)[:3]
        return environment, module.removeprefix("workflow_scripts.")

    @property
    def options(self) -> dict[str, str]:
        """Option → its values on the command line, as the module gets them."""
        found: dict[str, list[str]] = {}
        for word in shlex.split(self.command.partition(" > ")[0].partition(" >> ")[0])[3:]:
            if word.startswith("--") and " " not in word:
                name = word
                found.setdefault(name, [])
            else:
                found[name].append(word)
        return {name: " ".join(values) for name, values in found.items()}


@dataclass(frozen=True)
class Plan:
    """All jobs for the rule ``all``, that rule's own among them; what wildcards may be."""

    jobs: list[Job]
    wildcards: dict[str, str]

    def job(self, rule: str, **wildcards: str) -> Job:
        """Return the job of a rule with these wildcards."""
        [job] = [job for job in self.jobs if job.rule == rule and wildcards.items() <= job.wildcards.items()]
        return job

    def of(self, rule: str) -> list[Job]:
        """Return the jobs of a rule."""
        return [job for job in self.jobs if job.rule == rule]


def plan(folder: Path, config: Mapping[str, Any], cores: int = 2) -> Plan:
    """Return the plan of an experiment that has not begun; its text lies in ``folder``."""
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(config), sort_keys=False))
    (folder / "Snakefile").write_text(SNAKEFILE)
    options = [
        "--cores",
        str(cores),
        "--configfile",
        "config.yaml",
        "--dry-run",
        "--quiet",
        "all",
        "--",
        "all",
    ]
    done = forked.run(folder, "snakemake", *options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return Plan([Job(**job) for job in said["jobs"]], said["wildcards"])
