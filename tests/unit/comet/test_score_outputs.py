"""Several systems by one COMET model: it is loaded once, and an error says whose it is."""

import io
import json
import sys

import pytest

from tests.unit.comet.test_comet import lay, run, samples, words
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.comet import score_comet, score_outputs
from workflow_scripts.evaluate.comet.comet_scorer import CometScorer


@pytest.fixture
def loads(monkeypatch):
    """The batch size of each model that is loaded."""
    found = []

    def loading(files, batch_size):
        found.append(batch_size)
        return CometScorer(files, batch_size)

    monkeypatch.setattr(score_comet, "CometScorer", loading)
    return found


def score(monkeypatch, jobs):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(jobs)))
    score_outputs.main()


def test_a_model_is_loaded_once_for_all_and_gives_the_same(model, tmp_path, loads, monkeypatch):
    alone, jobs = {}, {}
    for seed, name in enumerate(("a", "b", "c"), 1):
        for place in ("alone", "together"):
            (tmp_path / place / name).mkdir(parents=True)
            lay(tmp_path / place / name / "text", {"de-en": samples(5, seed), "en-de": samples(3, 7)})
        alone[name] = run(tmp_path / "alone" / name / "text", model, ["de-en", "en-de"])
        jobs[name] = words(tmp_path / "together" / name / "text", model, ["de-en", "en-de"])
    assert loads == [16, 16, 16]
    score(monkeypatch, jobs)
    assert loads == [16] * 4
    for name, expected in alone.items():
        assert json.loads((tmp_path / "together" / name / "text/out.json").read_text()) == expected
    # All of them are known now.
    score(monkeypatch, jobs)
    assert loads == [16] * 4


def test_an_error_says_of_what(model, tmp_path, monkeypatch):
    lay(tmp_path / "a", {"de-en": samples(2)})
    given = words(tmp_path / "a", model, ["de-en"])
    (tmp_path / "a/de-en.src").write_text("one line\n")
    with pytest.raises(UserError, match=r"^old s1 news: .*de-en\.mt has 2 lines but .*: line 2 has no"):
        score(monkeypatch, {"old s1 news": given})
