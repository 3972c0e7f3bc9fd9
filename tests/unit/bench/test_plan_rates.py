"""Rates of ``make plan`` from benchmarks, worked out by hand."""

import pytest

from tests.bench import plan_rates
from workflow_scripts.workflow.plan.first_estimates import FILE

HEAD = "stage,parameters,start,seconds,per,machine,source\n"


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        # Of two threads half of the CPU seconds of 1,000 targets.
        ("finetune,52000000,0", "1.5"),
        # 300 sentences after a start of 0.6 s.
        ("decode,9629184,0.6", "20"),
        # 42 s for 1,000 sentences, 2 of them start-up.
        ("count_activations,52000000,2", "40"),
        # 2 × 60 × 2,009 sentences, and two starts.
        ("score,,0.5", "0.41"),
    ],
)
def test_what_a_row_is_made_of(row, seconds):
    ours = {"ns_step_22": 3, "decode_float32_small": 6.6, "count_1": 42}
    ours |= {"score_120": 100}
    made = plan_rates.renewed(f"{HEAD}{row},9,per,old,old\nother,,1,2,,here,there\n", ours, "2 cores, x")
    first, second = made.splitlines()[1:]
    assert first.startswith(f"{row},{seconds},per,2 cores x,docs/benchmarks.md: ") and "old" not in first
    assert second == "other,,1,2,,here,there"


def test_what_was_not_measured_stays_and_every_rate_has_a_row():
    table = FILE.read_text(encoding="utf-8")
    assert plan_rates.renewed(table, {}, "") == table
    rows = {tuple(line.split(",")[:2]) for line in table.splitlines()}
    assert set(plan_rates.RATES) <= rows
