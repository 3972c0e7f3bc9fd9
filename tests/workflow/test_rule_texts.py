"""Every rule as it is written, also those that few experiments have: one module, one environment."""

from __future__ import annotations

import re

import pytest

from tests.workflow.planned_jobs import ROOT
from workflow_scripts.operate.training_code import TRAINING_RULES

#: From one rule to the next.
RULE = re.compile(r"^ *rule(?: \w+)?:\n(?:(?! *rule[ :]).*\n)+", re.MULTILINE)
RUN_IN = re.compile(r'"run-in (\w+) workflow_scripts\.([\w.]+) ')


def rules_that_start_a_module() -> list[tuple[str, str, str]]:
    """Return environment, module and text of every rule that starts a module."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.smk"))]
    rules = [(RUN_IN.search(rule), rule) for text in texts for rule in RULE.findall(text)]
    return [(named[1], named[2], rule) for named, rule in rules if named]


RULES = rules_that_start_a_module()


def test_all_rules_are_found() -> None:
    """All that start a module but `decode`, whose environment is that of its engine."""
    everywhere = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rules").glob("*.smk"))
    assert len(RULES) == len(RUN_IN.findall(everywhere)) > 20
    assert "translate.decode" not in {module for _, module, _ in RULES}


@pytest.mark.parametrize(("environment", "module", "text"), RULES, ids=[module for _, module, _ in RULES])
def test_a_rule_is_compared_by_the_module_and_the_packages_of_its_command(
    environment: str, module: str, text: str
) -> None:
    if module in TRAINING_RULES.values():
        assert "closure_hash" not in text and "environment_identity" not in text
    else:
        assert re.findall(r"\bcode=closure_hash\((.*)\),\n", text) == [f'"{module}"']
        assert re.findall(r"\benvironment=environment_identity\((.*)\),\n", text) == [f'"{environment}"']
    assert re.findall(r'"\.\./envs/(\w+)\.yaml"', text) == [environment]
    assert re.findall(r'image_of\("(\w+)"\)', text) == [environment]
    assert re.findall(r'modules_of\("(\w+)"\)', text) == [environment]
