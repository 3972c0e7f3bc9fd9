"""The EC30 experiment under the SLURM profile: the numbers of docs/how-to/cluster.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.workflow.cluster_page import BEGIN, END, PAGE, PROFILE, Plan, planned, table
from tests.workflow.preset_jobs import EXPECTED, ONCE
from tests.workflow.test_job_counts import TINY, lay_down_text, snakemake
from workflow_scripts.workflow.stages import STAGES


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(tmp_path_factory.mktemp("ec30"))


def test_the_page_is_true_and_complete(plan: Plan) -> None:
    shown = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert shown == table(plan)


def test_jobs_are_those_of_one_machine(plan: Plan) -> None:
    """A profile changes where jobs run, not which; the groups' rules are in their groups."""
    jobs, asked, groups = plan
    counts = {**ONCE, **EXPECTED["ec30"]}
    grouped = sum(counts.pop(name) for name in list(counts) if name.startswith("count_activations_"))
    assert jobs == {**counts, "count_activations": grouped}
    assert groups == {
        "prepare_text": {"text"},
        **{key: {"binarised"} for key in ("binarise", "rebuild_references")},
        **{key: {"scores"} for key in ("score", "identify")},
        "compare": {"tests"},
    }
    on_gpus = {rule for rule, values in asked.items() if any(one.gpus for one in values)}
    assert on_gpus == {
        *("train_baseline", "finetune", "count_activations", "strongest_units"),
        *("mask_control", "score_comet"),
    }


def test_every_rule_of_the_profile_is_one() -> None:
    """A name that no rule has would be passed over in silence."""
    text = (PROFILE / "config.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r'"(\w+)"', " ".join(re.findall(r"\?for rule in \((.*)\)", text))))
    named |= set(re.findall(r"^  (\w+):", text.split("\nset-resources:")[1], re.MULTILINE))
    named |= set(re.findall(r"^  (\w+): (?:text|binarised|scores|tests)$", text, re.MULTILINE))
    assert named and named <= {*STAGES}


def test_a_profile_that_names_a_rule_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    """Snakemake takes no notice of such a name: the settings would be lost."""
    lay_down_text(tmp_path)
    done = snakemake(tmp_path, TINY, "-n", "--set-resources", "comet:mem_mb=5", "score:mem_mb=5")
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] == [
        "error: the profile: no rule is called 'comet': it is score_comet now"
    ]
