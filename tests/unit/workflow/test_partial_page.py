"""After a run that failed: which jobs were left, and what the page is told of them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from workflow_scripts.workflow.run.partial_page import PAGES, Begun, options_of, write_partial_page

SETTINGS = {"experiment": "e", "systems": ["a"], "control": None}


def put(path: Path, time: float) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    os.utime(path, (time, time))
    return str(path)


def begun(root: Path) -> Begun:
    """A run that began at 100: one job done, one with an output of before, one without any, one half done."""
    return Begun(
        [
            ("score", [put(root / "scores/a.json", 150)]),
            ("tabulate", [put(root / "tables/summary.csv", 50)]),
            ("decode", [str(root / "translations/a.txt")]),
            ("decode", [put(root / "translations/b.txt", 150), str(root / "translations/c.txt")]),
            ("write_card", [put(root / "data/card.json", 50)]),
        ],
        since=100,
    )


def test_jobs_that_were_not_done(tmp_path: Path) -> None:
    assert [rule for rule, _ in begun(tmp_path).left()] == ["tabulate", "decode", "decode", "write_card"]


def test_the_page_is_told_what_was_not_done_and_which_files_are_of_before(tmp_path: Path) -> None:
    card = str(tmp_path / "data/card.json")
    read = {"card": [card], "strongest": [], "figures": [str(tmp_path / "figures/training.png")]}
    assert options_of(begun(tmp_path), tmp_path, SETTINGS, read) == [
        *("--experiment", "e", "--systems", "a"),
        *("--unfinished", '{"decode": 2, "tabulate": 1, "write_card": 1}'),
        *("--root", str(tmp_path), "--out", f"{tmp_path}/report/answer_partial.html"),
        *("--card", card, "--figures", f"{tmp_path}/figures/training.png"),
        *("--absent", "data/card.json", "tables/summary.csv"),
    ]


def test_the_page_of_what_there_is(tmp_path: Path) -> None:
    settings = {"experiment": "e", "systems": ["a"], "testsets": ["t"], "directions": ["de-en"]}
    checkout = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    page = write_partial_page("write_answer", begun(tmp_path), tmp_path, settings, {}, environment)
    assert page == f"{tmp_path}/report/answer_partial.html"
    text = (tmp_path / "report/answer_partial.md").read_text(encoding="utf-8")
    assert text.startswith("# PARTIAL: e:")
    assert "The last run ended before 4 jobs were done: decode 2, tabulate 1, write_card 1." in text
    assert "> - Missing: `tables/summary.csv`" in text


def test_where_the_page_cannot_be_made_nothing_is_named(tmp_path: Path) -> None:
    assert write_partial_page("write_answer", begun(tmp_path), tmp_path, {}, {}, dict(os.environ)) is None
    # It is not for want of the module.
    assert all(find_spec(f"workflow_scripts.report.page.{name}") for name in PAGES)
