"""The table of docs/reference/reruns.md: what changes, the jobs that then run and no others, and why.

`python -m tests.workflow.rerun_rows` writes the table into the page; tests/workflow/test_reruns.py runs every
row.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.workflow.finished_experiment import ROOT
from tests.workflow.rerun_rows_code import CODE, PLACES
from tests.workflow.rerun_rows_config import MADE, TRAINING
from tests.workflow.rerun_rows_failed import FAILED
from tests.workflow.rerun_rows_files import FILES
from tests.workflow.rerun_rows_scores import SCORES

PAGE = ROOT / "docs" / "reference" / "reruns.md"
BEGIN, END = "<!-- table: tests/workflow/rerun_rows.py -->", "<!-- end of the table -->"
ROWS = [*MADE, *SCORES, *TRAINING, *FILES, *FAILED, *CODE, *PLACES]


def listed(jobs: Mapping[str, int]) -> str:
    """Return counts as the page has them: `decode` 16, `score` 4."""
    if not jobs:
        return "nothing"
    return ", ".join(f"`{rule}` {count}" for rule, count in jobs.items())


def table() -> str:
    """Return the page's table."""
    lines = ["| what changes | what runs | why |", "|---|---|---|"]
    lines += [f"| {row.change} | {listed(row.jobs)} | {row.why} |" for row in ROWS]
    return "\n".join(lines)


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
