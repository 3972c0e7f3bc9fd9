"""Which files a pair's text is in: by either direction, and what is said where there are two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.small_config import BASE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.run.source_text import files_of_pair, text_problems

PATTERN = "t.{source}-{target}.{lang}"
RESULTS = "results/tiny"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train", "valid"):
        for language in BASE["languages"]:
            put(f"text/{name}.{language}")


def put(file: str, text: str = "a\n") -> None:
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(text)


def put_pair(direction: str, text: str = "a\n") -> None:
    for language in direction.split("-"):
        put(f"t.{direction}.{language}", text)


def with_tests(**tests: Any) -> Experiment:
    source = {**BASE["data"]["source"], "tests": tests}
    return load_experiment({**BASE, "languages": ["en", "de"], "data": {"source": source}})


def trained_on(directions: dict[str, Any], **text: str) -> Experiment:
    source = {**BASE["data"]["source"], "tests": {"news": "text/valid.{lang}"}, **text}
    config = {**BASE, "languages": ["en", "de"], "systems": {}, "data": {"source": source}}
    return load_experiment({**config, "directions": directions})


def read(experiment: Experiment, subset: str) -> list[str]:
    [pattern] = experiment.sources_of(subset, "de-en")
    return list(files_of_pair(experiment, pattern, subset, "de-en").values())


def test_a_test_set_of_one_direction_has_the_text_of_this_direction() -> None:
    """WMT's test sets have other sentences for each direction."""
    one, other = ({"path": PATTERN, "directions": [direction]} for direction in ("en-de", "de-en"))
    experiment = with_tests(one=one, other=other)
    put_pair("en-de", "a\n")
    put_pair("de-en", "b\n")
    assert read(experiment, "one") == ["t.en-de.en", "t.en-de.de"]
    assert read(experiment, "other") == ["t.de-en.de", "t.de-en.en"]
    assert list(text_problems(experiment, RESULTS)) == []


def test_one_name_of_a_pair_serves_both_directions() -> None:
    for there in ("de-en", "en-de"):
        experiment = with_tests(news=PATTERN, back={"path": PATTERN, "directions": ["de-en"]})
        put_pair(there)
        for subset in ("news", "back"):
            assert sorted(read(experiment, subset)) == [f"t.{there}.de", f"t.{there}.en"]
        assert list(text_problems(experiment, RESULTS)) == []
        for language in ("de", "en"):
            Path(f"t.{there}.{language}").unlink()


def test_other_text_for_each_direction_is_not_left_out_silently() -> None:
    experiment = with_tests(news=PATTERN)
    put_pair("en-de")
    put_pair("de-en")
    assert list(text_problems(experiment, RESULTS)) == []  # the same text, by two names
    put("t.de-en.de", "b\n")
    assert list(text_problems(experiment, RESULTS)) == [
        "data.source: news text for de-en is another one for each direction, t.en-de.en and t.en-de.de, and"
        " t.de-en.de and t.de-en.en: make a test set of each, with the key directions"
    ]
    [said] = text_problems(trained_on({"train": "all"}, train=PATTERN), RESULTS)
    assert said.startswith("data.source: train text for de-en is another one for each direction, ")
    assert said.endswith(": keep one, or name both as sources of the pair")


def test_a_direction_that_is_not_trained_needs_no_training_text() -> None:
    experiment = trained_on({"train": ["de-en"], "evaluate_only": ["en-de"]}, train=PATTERN)
    put_pair("en-de", "a\n")
    put_pair("de-en", "b\n")
    assert read(experiment, "train") == ["t.de-en.de", "t.de-en.en"]
    assert list(text_problems(experiment, RESULTS)) == []
