"""A model of transformers as the baseline: its jobs, where they run, and what none of them is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached import below
from tests.workflow.test_job_counts import TINY, jobs, lay_down_text, numbers, snakemake
from tests.workflow.test_planned_jobs import compared
from workflow_scripts.workflow.settings import HASHES
from workflow_scripts.workflow.software.closure import closure_hash

TAGS = {"en": "eng_Latn", "de": "deu_Latn", "fr": "fra_Latn"}
FILES = ("config.json", "tokenizer.json", "model.safetensors")
ATTACHED: dict[str, Any] = {
    **TINY,
    "attach": {"model": "their", "tags": TAGS},
    "data": {
        "source": {"type": "files", "valid": "text/valid.{lang}", "tests": {"news": "text/news.{lang}"}}
    },
    "masks": {"k": [95], "sets": {"chance": {"like": "k95", "rows": "random", "draws": 2}}},
    "systems": {"pruned": {"masks": "k95", "train": "none"}},
    "evaluation": {"off_target": False, "likelihood": True},
    "analysis": {"mask_control_k": 95, "overlap_k": 95},
    "groups": {"family": {"germanic": ["de"], "romance": ["fr"]}},
}


def lay_down(folder: Path) -> None:
    lay_down_text(folder, ("valid", "news"))
    (folder / "their").mkdir()
    for name in (*FILES, "notes.txt", "pytorch_model.bin"):
        (folder / "their" / name).touch()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("model")
    lay_down(folder)
    return plan(folder, ATTACHED)


def test_the_jobs(tmp_path: Path) -> None:
    """Text is prepared and never binarised; there are no subwords, no ceiling, and nothing is trained."""
    lay_down(tmp_path)
    expected = numbers(
        "attach_model=1 prepare_text=4 write_card=1 count_activations_en=1 count_activations_into_en=1"
        " select_masks=3 strongest_units=1 mask_control=1 overlap=1 use_masks=1 decode=8 score=2"
        " score_likelihood=2 compare=1 tabulate=1 tabulate_units=1 plot_masks=1 plot_tables=1 write_answer=1"
    )
    assert jobs(snakemake(tmp_path, ATTACHED, "-n")) == expected


def test_the_model_becomes_the_baseline(planned: Plan) -> None:
    job = planned.job("attach_model", seed="1")
    # Weights in one form, and none of what a tokenizer does not read.
    assert below(job.inputs) == {f"their/{name}" for name in FILES}
    assert below(job.outputs) == {"systems/baseline/s1/system.json", "systems/baseline/s1/model.safetensors"}
    assert job.options == {
        "--model": "their", "--system": "baseline", "--seed": "1", "--languages": "en de fr",
        "--directions": "en-de en-fr de-en fr-en", "--out": "results/tiny/systems/baseline/s1",
        "--tags": '{"de": "deu_Latn", "en": "eng_Latn", "fr": "fra_Latn"}', "--prefixes": "{}",
    }  # fmt: skip
    assert compared(job).keys() == {"system", "languages", "directions", "tags", "prefixes", *HASHES}


def test_models_are_opened_where_their_library_is(planned: Plan) -> None:
    started = {job.started[1]: job.started[0] for job in planned.jobs if job.command}
    opened = ("activations.count_activations", "analyse.mask_control")
    opened += ("analyse.strongest_units",)
    more = ("likelihood.score_likelihood", "translate.decode", "models.huggingface.attach_model")
    assert {started[module] for module in (*opened, *more)} == {"hf"}
    assert {*started.values()} == {"hf", "text", "evaluate"}
    assert {Path(job.conda).stem for job in planned.jobs if job.conda} == {"hf", "text", "evaluate"}
    counts = planned.job("count_activations_into_en")
    assert counts.options["--data-bin"] == "results/tiny/data/text"
    baseline = {f"systems/baseline/s1/{name}" for name in ("system.json", "model.safetensors")}
    texts = {f"data/text/valid/{one}.txt" for one in ("de-en.de", "de-en.en", "en-fr.en", "en-fr.fr")}
    assert below(counts.inputs) == {*baseline, *texts}


def test_code_of_the_port_is_what_jobs_are_run_again_for(planned: Plan) -> None:
    """And that of the other port is not."""
    both = "models.fairseq.port", ("models.huggingface.port",)
    counts = planned.job("count_activations_into_en")
    assert compared(counts)["code"] == closure_hash(
        "activations.count_activations", but=both[0], also=both[1]
    )
    decoded = planned.job("decode", system="pruned", direction="de-en")
    text = ("models.port_modules", "models.huggingface.codec", "translate.huggingface_spec")
    assert compared(decoded)["code"] == closure_hash(
        "translate.decode", but="translate.live_engine", also=text
    )


def test_a_direction_that_is_only_evaluated_adds_its_jobs_alone(planned: Plan, tmp_path: Path) -> None:
    lay_down(tmp_path)
    more = plan(tmp_path, {**ATTACHED, "directions": {"evaluate_only": ["de-fr"]}})

    def settings(found: Plan) -> dict[str, tuple[str, object]]:
        return {" ".join(job.outputs): (job.rule, job.compared) for job in found.jobs if job.command}

    before, after = settings(planned), settings(more)
    added = [after[outputs][0] for outputs in after if outputs not in before]
    assert sorted(added) == ["decode", "decode", "prepare_text", "select_masks", "tabulate"]
    changed = {
        after[outputs][0] for outputs in before if outputs in after and before[outputs] != after[outputs]
    }
    assert changed == {"compare", "score", "score_likelihood", "write_answer", "write_card"}


def test_a_fetched_model_is_read_where_its_commit_lies(tmp_path: Path) -> None:
    lay_down_text(tmp_path, ("valid", "news"))
    attach = {"model": "their/m", "revision": "1" * 40, "tags": TAGS}
    found = plan(tmp_path, {**ATTACHED, "attach": attach})
    [fetched] = found.of("fetch_model")
    assert fetched.started == ("hf", "models.huggingface.fetch_model")
    assert fetched.options == {
        "--model": "their/m", "--revision": "1" * 40, "--out": "results/tiny/data/model.json",
    }  # fmt: skip
    job = found.job("attach_model", seed="1")
    assert below(job.inputs) == {"data/model.json"}
    assert job.options["--fetched"] == "results/tiny/data/model.json" and "--model" not in job.options


def test_another_engine_and_another_rule(tmp_path: Path) -> None:
    lay_down(tmp_path)
    rule = {"activations": {"rule": "threshold:.10"}, "decode": {"engine": "huggingface"}}
    found = plan(tmp_path, {**ATTACHED, **rule})
    for name in ("count_activations_en", "count_activations_into_en"):
        assert found.of(name)[0].options["--rule"] == "threshold:0.1"
        assert compared(found.of(name)[0])["rule"] == "threshold:0.1"
    decoded = found.of("decode")[0]
    assert (decoded.started[0], decoded.options["--engine"]) == ("hf", "huggingface")
    assert compared(decoded)["code"] == closure_hash(
        "translate.decode",
        but="translate.ctranslate2_engine",
        also=("models.port_modules", "models.huggingface.codec", "models.huggingface.port"),
    )


def test_what_ctranslate2_cannot_decode_the_library_does(tmp_path: Path) -> None:
    lay_down(tmp_path)
    sets = {"stream": {"of": "importance", "units": ["resid"], "select": "top:50%"}}
    systems = {"narrow": {"masks": "stream", "train": "none"}}
    config = {**ATTACHED, "masks": {"k": [95], "sets": sets}, "systems": systems}
    job = plan(tmp_path, config).of("decode_by_huggingface")[0]
    assert job.started == ("hf", "translate.decode")
    assert (job.wildcards["system"], job.options["--engine"]) == ("narrow", "huggingface")


@pytest.mark.parametrize("tag", [">>deu<<", "<2de>"])
def test_directions_whose_target_is_in_the_source_are_counted_alone(tmp_path: Path, tag: str) -> None:
    lay_down(tmp_path)
    tags = {"en": tag.replace("de", "en"), "de": tag, "fr": tag.replace("de", "fr")}
    found = plan(tmp_path, {**ATTACHED, "attach": {"model": "their", "tags": tags}})
    assert len(found.of("count_activations")) == 4


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    lay_down(tmp_path)
    for model, said in (
        ("gone", f"there is no folder gone in {tmp_path}"),
        ("my/gone", f"there is no folder my/gone in {tmp_path}; of a name on the hub give the commit, too"),
        ("their/config.json", "their/config.json is a file, and a folder is needed"),
        ("text", "text has no config.json; a model's folder has it, and weights"),
    ):
        done = snakemake(tmp_path, {**ATTACHED, "attach": {"model": model}}, "-n")
        assert done.returncode != 0 and f"attach.model: {said}" in done.stdout + done.stderr
