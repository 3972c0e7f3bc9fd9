"""Probes and exports of an attached model: its own tokenizer cuts words, and its files are exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached import below
from tests.workflow.test_attached_model import ATTACHED, lay_down
from tests.workflow.test_planned_jobs import compared
from workflow_scripts.workflow.software.closure import closure_hash

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


def test_systems_are_exported_with_the_tokenizer(tmp_path: Path) -> None:
    lay_down(tmp_path)
    found = plan(tmp_path, {**ATTACHED, "export": {"systems": ["pruned"]}})
    job = found.job("export_system_ctranslate2_pruned", seed="1")
    assert job.started == ("hf", "translate.export_system")
    there = "export/pruned/s1/ctranslate2"
    trained = [
        f"{there}/{one}/{file}"
        for one in ("de-en", "en-de", "en-fr", "fr-en")
        for file in ("config.json", "model.bin")
    ]
    assert below(job.outputs) == {
        f"{there}/{file}" for file in ("README.md", "config.json", "tokenizer.json")
    } | {*trained}
    assert below(job.inputs) == {
        *(f"systems/pruned/s1/{file}" for file in ("system.json", "model.safetensors", "masks.npz")),
        "scores/pruned/s1/news.raw.json", "data/card.json",
    }  # fmt: skip
    assert job.options["--directions"] == "en-de en-fr de-en fr-en"
    copied = found.job("export_system_safetensors_pruned", seed="1")
    files = ("README.md", "system.json", "model.safetensors", "masks.npz", "config.json", "tokenizer.json")
    assert below(copied.outputs) == {f"export/pruned/s1/safetensors/{file}" for file in files}
    modules = ("models.port_modules", "models.huggingface.side", "translate.huggingface_spec")
    assert compared(job)["code"] == closure_hash("translate.export_system", but=None, also=modules)
