"""EC30 under the SLURM profile: jobs, and what each asks for; the table of docs/how-to/cluster.md.

``python -m tests.workflow.cluster_page`` writes it; `test_cluster_page` holds the page against a dry run.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests import forked
from tests.workflow.test_presets import EXPERIMENTS, ROOT, placeholders
from workflow_scripts.workflow.stages import STAGES

PAGE = ROOT / "docs" / "how-to" / "cluster.md"
PROFILE = ROOT / "profiles" / "slurm"
BEGIN, END = "<!-- jobs of ec30 -->", "<!-- end -->"
#: The rules as they follow each other; a dry run lists them in any order.
CHAIN = (
    "prepare_text",
    "train_subwords",
    "binarise",
    "round_trip",
    "score_ceiling",
    "write_card",
    "train_baseline",
    "count_activations",
    "select_masks",
    "finetune",
    "decode",
    "rebuild_references",
    "score",
    "fetch_comet",
    "score_comet",
    "compare",
    "compare_comet",
    "train_identifier",
    "identify",
    "strongest_units",
    "mask_control",
    "overlap",
    "tabulate",
    "tabulate_units",
    "plot_training",
    "plot_tables",
    "plot_masks",
    "plot_off_target",
    "write_answer",
)
_RULE = re.compile(r"^\s*rule (\w+):$")


@dataclass(frozen=True)
class Asked:
    """What a job asks for: partition ("" on the login node), CPUs, MB, minutes, GPUs."""

    partition: str
    cpus: int
    mem_mb: int
    minutes: int
    gpus: int


#: Jobs of each rule, what they ask for, and their groups.
Plan = tuple[Counter[str], dict[str, set[Asked]], dict[str, set[str]]]


def planned(folder: Path) -> Plan:
    """Return the plan of EC30 on placeholder text."""
    config = yaml.safe_load((EXPERIMENTS / "ec30.yaml").read_text(encoding="utf-8"))
    for file in placeholders("ec30", config):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("a b c\n")
    (folder / "ec30.yaml").write_text(yaml.safe_dump(config))
    command = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "-n"]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), "--profile", str(PROFILE)]
    command += ["--directory", str(folder), "--configfile", str(folder / "ec30.yaml")]
    done = forked.run(folder, *command)
    assert done.returncode == 0, done.stderr[-2000:]
    return read(done.stdout)


def local_rules() -> set[str]:
    """Return the rules that stay on the login node: a dry run does not say so."""
    return {"all", "fetch", *(name for name, stage in STAGES.items() if stage.local or stage.fetches)}


def read(text: str) -> Plan:
    """Read a dry run; the rules of count_activations count as one."""
    jobs: Counter[str] = Counter()
    asked: dict[str, set[Asked]] = {}
    groups: dict[str, set[str]] = {}
    rule, threads, group, local = "", 1, "", local_rules()
    for line in text.splitlines():
        if match := re.match(r"\[.*\] Group job (\w+)", line):
            group = match[1]
        elif match := _RULE.match(line):
            rule, threads = re.sub(r"(count_activations)_\w+", r"\1", match[1]), 1
            group = group if line.startswith(" ") else ""
            if rule in ("all", "fetch"):
                continue
            jobs[rule] += 1
            if group:
                groups.setdefault(rule, set()).add(group)
        elif match := re.match(r"\s+threads: (\d+)", line):
            threads = int(match[1])
        elif (match := re.match(r"\s+resources: (.*)", line)) and rule not in ("all", "fetch"):
            values = dict(word.split("=", 1) for word in match[1].split(", "))
            asked.setdefault(rule, set()).add(
                Asked(
                    "" if rule in local else values["slurm_partition"],
                    threads,
                    int(values["mem_mb"]),
                    int(values["runtime"]),
                    int(values.get("gpu", 0)),
                )
            )
    return jobs, asked, groups


def table(plan: Plan) -> str:
    """Return the page's table."""
    jobs, asked, groups = plan
    lines = [
        "| rule | jobs | where | CPUs | memory, MB | minutes | GPUs |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    assert set(jobs) == set(CHAIN)
    for rule in CHAIN:
        number = jobs[rule]
        assert len(asked[rule]) == 1, f"{rule} asks for different things"
        one = next(iter(asked[rule]))
        if not one.partition:
            lines.append(f"| {rule} | {number} | login node | | | | |")
            continue
        where = one.partition + "".join(f", in group `{name}`" for name in sorted(groups.get(rule, ())))
        gpus = one.gpus or ""
        lines.append(f"| {rule} | {number} | {where} | {one.cpus} | {one.mem_mb} | {one.minutes} | {gpus} |")
    lines.append(f"| **all** | {jobs.total()} | | | | | |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    with tempfile.TemporaryDirectory() as folder:
        new = f"{before}{BEGIN}\n{table(planned(Path(folder)))}\n{END}{rest.split(END)[1]}"
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
