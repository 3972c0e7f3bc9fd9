"""Probes and exports of an attached model: its own tokenizer cuts words, and its files are exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached import below
from tests.workflow.test_attached_model import ATTACHED, lay_down
from tests.workflow.test_job_counts import TINY, lay_down_text, snakemake
from tests.workflow.test_planned_jobs import compared
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.workflow.software.closure import closure_hash

SIZES = (
    *("encoder_layers", "decoder_layers", "model_dim", "encoder_ffn_dim", "decoder_ffn_dim"),
    *("encoder_heads", "decoder_heads"),
)
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
    modules = ("models.port_modules", "models.huggingface.codec", "translate.huggingface_spec")
    assert compared(job)["code"] == closure_hash("translate.export_system", but=None, also=modules)


def test_a_baseline_that_another_experiment_uses_is_attached(tmp_path: Path) -> None:
    """One line, with what to write: it names none of the files that only systems of fairseq have."""
    lay_down_text(tmp_path)
    folder = tmp_path / "results/first/systems/baseline/s1"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    SystemFolder.write(
        folder, system="baseline", seed=1, languages=["en", "de"], mask_rows={"en-de": None},
        architecture=dict.fromkeys(SIZES, 2), text={"tags": {"en": "eng_Latn", "de": None}, "prefixes": {}},
        port="huggingface", files={"weights": "model.safetensors"},
    )  # fmt: skip
    config = {**TINY, "uses": {"experiment": "first", "systems": ["baseline"]}}
    done = snakemake(tmp_path, config, "-n")
    [said] = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: ")]
    assert done.returncode != 0 and said == (
        "error: uses.experiment: the baseline of first is a model of transformers, which is attached, not"
        " taken: in place of uses write attach: {model: results/first/systems/baseline/s1, tags:"
        ' {"en": "eng_Latn", "de": null}}'
    )


def test_systems_are_fine_tuned_from_the_model(tmp_path: Path) -> None:
    lay_down(tmp_path)
    lay_down_text(tmp_path, ("train",))
    data = {"source": {**ATTACHED["data"]["source"], "train": "text/train.{lang}"}}
    found = plan(tmp_path, {**ATTACHED, "data": data, "systems": {"tuned": {"masks": "k95"}}})
    [job] = found.of("finetune")
    assert job.started == ("hf", "train.finetune")
    assert job.options["--parent"] == "results/tiny/systems/baseline/s1"
    assert "results/tiny/data/text/train/de-en.de.txt" in job.inputs
    assert not found.of("train_baseline") and not found.of("binarise")
