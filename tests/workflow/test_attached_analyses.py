"""Probes of an attached model: words stay words until its tokenizer cuts them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached_model import ATTACHED, lay_down
from tests.workflow.test_planned_jobs import compared

PROBES: dict[str, Any] = {"properties": ["language", "upos"], "conllu": {"de": "de.conllu"}}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("probes")
    lay_down(folder)
    (folder / "de.conllu").touch()
    return plan(folder, {**ATTACHED, "analysis": {"probes": PROBES}})


def test_words_are_labelled_without_subwords(planned: Plan) -> None:
    job = planned.job("label_words", labelled="news/de-en.de")
    text = "results/tiny/data/text/news/de-en.de.txt"
    assert job.inputs == [text, "de.conllu"]
    assert job.options == {
        "--text": text, "--labels": "de.conllu", "--language": "de",
        "--out": "results/tiny/data/labels/news/de-en.de.jsonl",
    }  # fmt: skip
    assert "text_options" not in compared(job)


def test_units_are_read_where_the_library_is(planned: Plan) -> None:
    job = planned.job("collect_units", system="baseline", seed="1", stack="decoder")
    assert job.started == ("hf", "analyse.probes.collect_units")
    # One direction for each target.
    assert job.options["--directions"] == "en-de en-fr de-en"
    assert {f"results/tiny/systems/baseline/s1/{file}" for file in ("system.json", "model.safetensors")} <= {
        *job.inputs
    }
    assert planned.job("fit_probes", stack="decoder", property="upos").started[0] == "hf"
    assert len(planned.of("compare_probes")) == 1
