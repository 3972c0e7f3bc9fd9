"""A causal language model: languages in the place of directions, and what there is no job of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.small_config import LANGUAGE_MODEL
from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached import below
from tests.workflow.test_job_counts import jobs, numbers, snakemake
from tests.workflow.test_planned_jobs import compared
from tests.workflow.test_stages import check
from workflow_scripts.workflow.settings import HASHES

FILES = ("config.json", "tokenizer.json", "model.safetensors")
MORE: dict[str, Any] = {
    "masks": {
        "sets": {
            "lape": {"of": "lape", "select": "top:2"},
            "heads": {"of": "importance", "units": ["head"], "select": "top:1"},
            "chance": {"like": "lape", "rows": "random", "draws": 2},
        }
    },
    "analysis": {
        "criteria": {"names": ["activations", "lape_lambda"]},
        "ablation": {"scores": ["lape"], "sizes": ["2"], "stacks": ["decoder"]},
        "effects": {"sizes": ["2"], "masks": "lape"},
        "probes": {"stacks": ["decoder"], "properties": ["language"]},
    },
}


def lay_down(folder: Path) -> None:
    (folder / "text").mkdir()
    for subset in ("valid", "news"):
        for language in LANGUAGE_MODEL["languages"]:
            (folder / f"text/{subset}.{language}.txt").write_text("a b c\n")
    (folder / "gpt").mkdir()
    for name in FILES:
        (folder / "gpt" / name).touch()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("language_model")
    lay_down(folder)
    return plan(folder, {**LANGUAGE_MODEL, **MORE})


def test_the_jobs(tmp_path: Path) -> None:
    """By itself there is text, and nothing to analyse; with all analyses nothing is trained, decoded or
    scored. Mask sets are selected, also those that no analysis reads."""
    lay_down(tmp_path)
    assert jobs(snakemake(tmp_path, LANGUAGE_MODEL, "-n")) == numbers("take_text=6")
    expected = numbers(
        "take_text=6 attach_model=1 count_activations=3 score_lape=2 score_importance=3 select_masks=4"
        " criteria=1 ablate_units=1 effect_matrix=1 strongest_units=1 label_words=3 collect_units=1"
        " fit_probes=1 compare_probes=1 write_findings=1"
    )
    assert jobs(snakemake(tmp_path, {**LANGUAGE_MODEL, **MORE}, "-n")) == expected


def test_the_declared_jobs_are_those_of_snakemake(tmp_path: Path) -> None:
    lay_down(tmp_path)
    check(tmp_path, {**LANGUAGE_MODEL, **MORE})
    check(tmp_path, {**LANGUAGE_MODEL, "masks": MORE["masks"]})


def test_the_model_has_languages_in_the_place_of_directions(planned: Plan) -> None:
    job = planned.job("attach_model", seed="1")
    assert below(job.inputs) == {f"gpt/{name}" for name in FILES}
    assert job.options == {
        "--model": "gpt", "--system": "baseline", "--seed": "1", "--languages": "cs de fr", "--causal": "",
        "--out": "results/tiny/systems/baseline/s1",
    }  # fmt: skip
    assert compared(job).keys() == {"system", "languages", "causal", *HASHES}


def test_a_language_is_read_by_itself(planned: Plan) -> None:
    taken = planned.job("take_text", subset="news", lang="de")
    assert taken.inputs == ["text/news.de.txt"] and taken.options["--empty"] == "error"
    counts = planned.job("count_activations", direction="de")
    assert counts.started == ("hf", "activations.count_activations")
    assert "data/text/valid/de.txt" in below(counts.inputs)
    assert counts.options["--data-bin"] == "results/tiny/data/text"
    assert below(counts.outputs) == {"activations/baseline/s1/valid/de.npz"}
    effects = planned.job("effect_matrix", seed="1")
    assert {f"data/text/news/{one}.txt" for one in ("cs", "de", "fr")} < below(effects.inputs)
    assert (effects.options["--directions"], effects.options["--subset"]) == ("cs de fr", "news")
    assert "masks/baseline/s1/lape.npz" in below(effects.inputs)
    masks = planned.job("select_masks", maskset="lape")
    assert below(masks.inputs) == {f"lape/baseline/s1/valid/{one}.npz" for one in ("cs", "de", "fr")}


def test_words_are_those_of_the_decoder(planned: Plan) -> None:
    [job] = planned.of("collect_units")
    assert job.options["--targets"] == "results/tiny/data/labels/news/{target}.jsonl"
    assert "--sources" not in job.options and job.options["--stack"] == "decoder"
    labelled = planned.job("label_words", labelled="news/fr")
    assert labelled.options["--text"] == "results/tiny/data/text/news/fr.txt"


def test_text_that_is_not_there(tmp_path: Path) -> None:
    lay_down(tmp_path)
    (tmp_path / "text/news.fr.txt").unlink()
    done = snakemake(tmp_path, LANGUAGE_MODEL, "-n")
    said = f"language_model: no news text of fr: there is no file text/news.fr.txt in {tmp_path}"
    assert done.returncode != 0 and said in done.stdout + done.stderr
