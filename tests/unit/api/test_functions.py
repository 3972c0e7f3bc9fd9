"""The public functions do what the stages do, and refuse what cannot be."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.unit.api.experiment import DIRECTIONS
from workflow_scripts import api
from workflow_scripts.common.errors import UserError

PAGE = Path(__file__).resolve().parents[3] / "docs/how-to/python.md"


def test_read_counts(experiment):
    table = api.read_counts(experiment)
    assert (table.rows, table.values.dtype, table.values.shape) == (("en-na", "na-en"), np.int64, (2, 12))
    turned = api.read_counts(str(experiment), ["na-en", "en-na"])
    assert turned.rows == ("na-en", "en-na")
    assert (turned.values == table.values[::-1]).all() and (table.values[0] != table.values[1]).any()
    file = experiment / "activations/baseline/s1/valid/en-na.npz"
    assert table.row("en-na").tolist() == api.ScoreTable.read(file).values[0].tolist()


def test_read_counts_of_what_was_not_counted(experiment):
    with pytest.raises(UserError, match=r"baseline/s2/valid: no activation counts here; run the experiment"):
        api.read_counts(experiment, seed=2)
    with pytest.raises(UserError, match=r"valid/en-so\.npz: no activations of direction 'en-so'"):
        api.read_counts(experiment, ["en-na", "en-so"])


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_count_activations_counts_as_the_stage_does(experiment, direction):
    system = api.SystemFolder.read(experiment / "systems/baseline/s1")
    kept = api.ScoreTable.read(experiment / f"activations/baseline/s1/valid/{direction}.npz")
    for given in (system, system.folder, str(system.folder)):
        table = api.count_activations(given, str(experiment / "data/bin"), direction)
        assert (table.rows, table.space, table.metadata) == (kept.rows, kept.space, kept.metadata)
        assert (table.values == kept.values).all()
        assert table.values.sum() > 0


def test_count_activations_of_a_direction_that_the_system_has_not(experiment):
    with pytest.raises(UserError, match="no direction 'en-so'"):
        api.count_activations(experiment / "systems/baseline/s1", experiment / "data/bin", "en-so")


def test_score_text():
    """BLEU by hand: 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 quadruples; no brevity penalty."""
    (bleu,) = api.score_text(["a b c d x"], ["a b c d e"], ["bleu"])
    assert bleu["score"] == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25, rel=1e-12)
    assert "tok:13a" in bleu["signature"]
    assert [one["metric"] for one in api.score_text(["a b"], ["a b"])] == ["bleu", "chrf++"]
    both = api.score_text(["a bc"], ["a bd"], ["chrf2", "chrf"])
    assert [one["metric"] for one in both] == ["chrf2", "chrf"]  # as they were asked for
    (ter,) = api.score_text(["a b c d x"], ["a b c d e"], ["ter"])
    assert ter["score"] == pytest.approx(20)  # one substitution of five words


@pytest.mark.parametrize(
    ("hypotheses", "references", "line"),
    [
        (["a", "b"], ["a"], "score_text: 2 hypotheses, but 1 references"),
        ([], [], "score_text: there are no sentences"),
        ("ab", "ab", "score_text takes lists of sentences, not one text"),
    ],
    ids=["numbers", "none", "text"],
)
def test_score_text_refuses(hypotheses, references, line):
    with pytest.raises(UserError) as caught:
        api.score_text(hypotheses, references)
    assert str(caught.value) == line


def test_the_page_for_notebooks_says_what_happens(experiment, monkeypatch):
    """Every example of docs/how-to/python.md, in order, where results/demo is a small experiment."""
    monkeypatch.chdir(experiment.parents[1])
    monkeypatch.setitem(sys.modules, "neuronspec", api)  # test_install.py has the installed name
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 7
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    told: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert result.failed == 0, "".join(told)
    assert result.attempted == len(re.findall(r"^>>> ", "".join(blocks), re.M)) > 15
