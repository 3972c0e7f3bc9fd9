"""The page of an encoder's tasks and of a language model: numbers of the analyses' files, in words."""

import json
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.report.page.write_findings import main


def value(mean, sd=None, n=1):
    return {"mean": mean, "sd": sd, "n": n}


def apart(mean, low, high):
    return {**value(mean, 2.0, 3), "random": {"mean": 0.0, "low": low, "high": high}}


def tables(**sizes):
    of = {"metric": "accuracy", "examples": 60}
    scores = {part: {"colour": {**of, **value(0.75, 0.05, 3)}} for part in ("valid", "test")}
    return {
        "format": "neuronspec-task-tables-1",
        "scores": {"trained": scores},
        "dissociation": {"trained": sizes} if sizes else {},
    }


PRUNED = {
    "format": "neuronspec-prune-tasks-1",
    "system": "trained",
    "seed": 2,
    "subset": "test",
    "sizes": {"1": {}},
    "pruned": {"colour": {"1": ["encoder.0.self:3"]}, "place": {"1": ["encoder.1.self:0"]}},
    "matrices": {
        "metric": {"1": {"colour": {"colour": 0.5, "place": None}, "place": {"colour": 1, "place": 0.25}}}
    },
    "base": {"metric": {"colour": 1.0, "place": 0.875}},
}
EFFECTS = {
    "format": "neuronspec-effect-matrix-1",
    "system": "baseline",
    "seed": 1,
    "subset": "news",
    "criteria": ["lape"],
    "sides": {
        "alone": {
            "stack": "decoder",
            "units": {"1%": 4},
            "languages": {"de": {}, "fr": {}},
            "sets": {"lape": {"1%": {"raw": [[1.6339, -0.9], [0.25, 0.5]]}}},
        }
    },
    "verdicts": {"a": "lape, 1%: causally special", "b": "lape, 5%: not special"},
}


def page(folder: Path, *results, rows="tasks", **named):
    files = []
    for number, one in enumerate(results):
        files.append(folder / f"analysis/{number}.json")
        files[-1].parent.mkdir(exist_ok=True)
        files[-1].write_text(json.dumps(one))
    words = ["--root", str(folder), "--experiment", "tiny", "--rows", rows, "--names", "colour", "place"]
    words += ["--model", "bert", "--systems", "baseline", "trained", "--seeds", "1", "2", "3", "--results"]
    words += [*map(str, files), *named.get("missing", ())]
    main([*words, "--out", str(folder / "report/answer.html")])
    assert (folder / "report/answer.html").read_text().startswith("<!DOCTYPE html>")
    return (folder / "report/answer.md").read_text()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            (40.0, -3.0, 5.0),
            "serve that task more than the others (dissociation 40.0 ± 2.0 (3), random heads -3.0 to 5.0)",
        ),
        ((4.0, -3.0, 5.0), "serve no task in a way that random heads would not"),
        ((-4.0, -3.0, 5.0), "serve that task less than random heads do"),
        ((None, -3.0, 5.0), "cannot be judged: a metric is undefined"),
    ],
)  # fmt: skip
def test_heads_of_tasks_beside_random_heads(tmp_path, found, said):
    text = page(tmp_path, tables(**{"20%": apart(*found)}))
    assert text.startswith("# tiny: which parts serve which task?")
    assert f"- `trained`: the heads (20%) that score highest for a task {said}" in text


def test_scores_of_test_come_before_those_that_chose_the_checkpoint(tmp_path):
    text = page(tmp_path, tables())
    row = "| `trained` | 0.750 ± 0.050 (3) |"
    assert text.count(row) == 2 and text.index("done on test") < text.index("done on valid")
    assert text.count("these figures are too good") == 1
    assert "- Seeds: 1, 2, 3" in text and "In short" not in text


def test_every_task_without_the_heads_of_each(tmp_path):
    text = page(tmp_path, PRUNED)
    assert "| heads of | heads | colour | place |" in text
    assert "| none |  | 1.000 | 0.875 |" in text
    assert "| `colour` | `encoder.0.self:3` | 0.500 | – |" in text
    assert "| `place` | `encoder.1.self:0` | 1.000 | 0.250 |" in text


def test_languages_without_the_units_of_each(tmp_path):
    text = page(tmp_path, EFFECTS, rows="languages")
    assert "which parts serve which language?" in text
    # The first sentence is the answer, both stand in their section.
    assert text.count("lape, 1%: causally special") == 2 and text.count("lape, 5%: not special.") == 1
    assert "| `de` | +1.634 | -0.900 |" in text and "| `fr` | +0.250 | +0.500 |" in text
    html = (tmp_path / "report/answer.html").read_text()
    assert '<td class="s0">-0.900</td>' in html  # what helps is not shaded


def test_a_missing_file_makes_the_page_partial(tmp_path):
    partial = tmp_path / "report/answer_partial.html"
    partial.parent.mkdir()
    partial.touch()
    text = page(tmp_path, tables(), missing=[str(tmp_path / "analysis/lost.json")])
    assert text.startswith("# PARTIAL: tiny") and "Missing: `analysis/lost.json`" in text
    assert partial.exists()
    page(tmp_path, tables())
    assert not partial.exists()


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(UserError, match=r"0\.json: the page has no section for 'neuronspec-effects-1'"):
        page(tmp_path, {"format": "neuronspec-effects-1"})
    with pytest.raises(UserError, match=r"0\.json: not the result of an analysis"):
        page(tmp_path, {"scores": 1})
    with pytest.raises(UserError, match="analysis: not results of analyses"):
        page(tmp_path, {**PRUNED, "pruned": 3})
