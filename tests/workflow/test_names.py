"""Names of the user's that a rule could take for its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.small_config import BASE
from tests.workflow.test_job_counts import jobs, lay_down_text, snakemake

SHUFFLED = {"none": {"change": "shuffled_words"}}
CASES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "a system that is trained": ({"systems": {"none": {"masks": "all"}}}, {"finetune": 1}),
    "a system that is not": ({"systems": {"none": {"masks": "k95", "train": "none"}}}, {"use_masks": 1}),
    "a text": (
        {"texts": SHUFFLED, "masks": {"sets": {"shuffled": {"select": "mass:95", "text": "none"}}}},
        {"vary_text": 2, "finetune": 2},
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_none_is_a_name(what: str, tmp_path: Path) -> None:
    """Rules that have no system, or no text, must not take one of this name."""
    change, expected = CASES[what]
    lay_down_text(tmp_path)
    found = jobs(snakemake(tmp_path, {**BASE, **change}, "-n"))
    rules = ("finetune", "use_masks", "vary_text", "transliterate", "randomise_tokens")
    assert {rule: found[rule] for rule in rules if rule in found} == expected
