"""Every rule as it is written, also those that few experiments have: all that it takes is of one stage."""

from __future__ import annotations

import re

import pytest

from tests.workflow.planned_jobs import ROOT
from workflow_scripts.workflow.stages import STAGES

#: From one rule to the next.
RULE = re.compile(r"^ *rule(?: \w+)?:\n(?:(?! *(?:use )?rule[ :]).*\n)+", re.MULTILINE)
TAKEN = re.compile(r"\b(\w+_of|identity|command)\(\s*\"(\w+)\"")
ONCE = ["benchmark_of", "command", "conda_of", "identity", "image_of", "log_of", "modules_of"]


def rules_that_start_a_module() -> dict[str, str]:
    """Return the text of every rule that starts a module, by the stage in its command."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.smk"))]
    rules = [rule for text in texts for rule in RULE.findall(text) if "command(" in rule]
    return {dict(TAKEN.findall(rule))["command"]: rule for rule in rules}


RULES = rules_that_start_a_module()


def test_all_stages_have_a_rule() -> None:
    """compare_comet and finetune_adapters are the rules compare and finetune with other files."""
    assert {*RULES} == {*STAGES} - {"compare_comet", "finetune_adapters"}


@pytest.mark.parametrize("stage", RULES)
def test_a_rule_takes_files_software_and_settings_of_one_stage(stage: str) -> None:
    text = RULES[stage]
    taken = TAKEN.findall(text)
    assert {name for _, name in taken} == {stage}
    assert sorted(what for what, _ in taken) == sorted(ONCE + ["gpu_of"] * bool(STAGES[stage].gpu))
    output = text.partition("    output:\n")[2].partition("    log:\n")[0]
    assert re.findall(r"\*\*(?:files|figures)\(\s*\"(\w+)\"", output) == [stage]
    name = re.match(r" *rule(?: (\w+))?:", text)
    assert name and (name[1] in (stage, None))
