"""Probes in a plan: which words are labelled, whose units are read, which files each job makes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.finished_experiment import CONFIG, lay_down_text, merged
from tests.workflow.planned_jobs import Plan, plan
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.analyses.probe_checks import probed_directions
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stage_list.probes import sides_read
from workflow_scripts.workflow.stages import jobs_of

CONLLU = {"de": "gold/de.conllu", "fr": "gold/fr.conllu"}
PROBES: dict[str, Any] = {
    "properties": ["language", "upos"], "systems": ["baseline", "ns-k70"], "conllu": CONLLU, "text": "news",
    "units": ["ffn", "resid"], "sentences": 44, "pieces": "mean", "state": "predicting", "fewest": 7,
    "l1": [0.5], "l2": [0.25], "seeds": [4, 5], "percents": [30], "draws": 6, "controls": 8,
    "control": "uniform", "salient": 40, "top_words": 3, "redundancy": True, "scores": True,
}  # fmt: skip


def with_probes(**change: Any) -> dict[str, Any]:
    return merged(CONFIG, {"train": {"seeds": [1, 2]}, "analysis": {"probes": {**PROBES, **change}}})


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("planned")
    lay_down_text(folder)
    (folder / "gold").mkdir()
    for file in CONLLU.values():
        (folder / file).touch()
    return plan(folder, with_probes())


def test_words_are_labelled_by_the_file_of_their_language(planned: Plan) -> None:
    job = planned.job("label_words", labelled="news/de-en.de")
    text, model = "results/small/data/text/news/de-en.de.txt", "results/small/data/subwords/spm.model"
    assert job.inputs == [text, "gold/de.conllu", model]
    assert job.options == {
        "--text": text, "--labels": "gold/de.conllu", "--model": model, "--language": "de",
        "--text-options": '{"moses": false, "normalize_punctuation": false}',
        "--out": "results/small/data/labels/news/de-en.de.jsonl",
    }  # fmt: skip
    assert "--labels" not in planned.job("label_words", labelled="news/de-en.en").options


def test_the_decoder_reads_both_sides_and_the_encoder_the_source(planned: Plan) -> None:
    labels = "results/small/data/labels/news"
    decoder = planned.job("collect_units", system="ns-k70", seed="2", stack="decoder")
    # One direction for each target: in the order of the trained ones, out of the pivot first.
    assert decoder.options["--directions"] == "en-de en-fr de-en"
    assert decoder.options["--sources"] == f"{labels}/{{pair}}.{{source}}.jsonl"
    assert decoder.options["--targets"] == f"{labels}/{{pair}}.{{target}}.jsonl"
    assert (decoder.options["--units"], decoder.options["--state"]) == ("ffn resid", "predicting")
    assert (decoder.options["--pieces"], decoder.options["--max-sentences"]) == ("mean", "44")
    assert {f"{labels}/{side}.jsonl" for side in ("de-en.de", "de-en.en", "en-fr.en", "en-fr.fr")} <= {
        *decoder.inputs
    }
    assert "results/small/systems/ns-k70/s2/masks.npz" in decoder.inputs
    encoder = planned.job("collect_units", system="baseline", seed="1", stack="encoder")
    assert encoder.options["--directions"] == "en-de de-en fr-en"
    assert not {"--targets", "--state"} & encoder.options.keys()


def test_each_property_has_its_probe(planned: Plan) -> None:
    job = planned.job("fit_probes", system="ns-k70", seed="2", stack="encoder", property="upos")
    units = "results/small/analysis/collect_units/ns-k70/s2/encoder"
    out = "results/small/analysis/fit_probes/ns-k70/s2/encoder.upos"
    assert job.inputs == [f"{units}.npy", f"{units}.json"]
    assert job.options == {
        "--values": f"{units}.npy", "--words": f"{units}.json", "--property": "upos", "--seed": "2",
        "--fewest": "7", "--l1": "0.5", "--l2": "0.25", "--seeds": "4 5", "--percents": "30.0",
        "--draws": "6", "--controls": "8", "--control": "uniform", "--salient": "40.0", "--top-words": "3",
        "--redundancy": "",
        "--out-json": f"{out}.json", "--out-csv": f"{out}.csv", "--out-markdown": f"{out}.md",
        "--out-scores": f"{out}.scores.npz", "--out-masks": f"{out}.masks.npz",
    }  # fmt: skip


def test_scores_without_a_probe_stand_beside_each_probe(planned: Plan) -> None:
    job = planned.job("score_by_label", system="ns-k70", seed="2", stack="encoder", property="upos")
    units = "results/small/analysis/collect_units/ns-k70/s2/encoder"
    probe = "results/small/analysis/fit_probes/ns-k70/s2/encoder.upos.scores.npz"
    out = "results/small/analysis/score_by_label/ns-k70/s2/encoder.upos"
    assert job.inputs == [f"{units}.npy", f"{units}.json", probe]
    assert job.options == {
        "--values": f"{units}.npy", "--words": f"{units}.json", "--probe": probe, "--property": "upos",
        "--seed": "2", "--fewest": "7", "--seeds": "4 5",
        "--out-json": f"{out}.json", "--out-csv": f"{out}.csv", "--out-markdown": f"{out}.md",
        "--out-probeless": f"{out}.probeless.npz", "--out-selectivity": f"{out}.selectivity.npz",
        "--out-average-precision": f"{out}.average_precision.npz",
    }  # fmt: skip
    assert len(planned.of("score_by_label")) == len(planned.of("fit_probes"))
    stages = {job.stage for job in jobs_of(load_experiment(with_probes(scores=False)))}
    assert "fit_probes" in stages and "score_by_label" not in stages


def test_all_are_compared(planned: Plan) -> None:
    (job,) = planned.of("compare_probes")
    assert (
        len(job.inputs) == 16
        and len(planned.of("fit_probes")) == 16
        and len(planned.of("collect_units")) == 8
    )


def test_probes_run_only_where_they_are_asked_for() -> None:
    stages = {job.stage for job in jobs_of(load_experiment(CONFIG))}
    assert not stages & {"label_toy", "label_words", "collect_units", "fit_probes", "compare_probes"}


def test_directions() -> None:
    def found(stack: str = "encoder", **change: Any) -> list[str]:
        experiment = load_experiment(with_probes(**change))
        probes = experiment.analysis.probes
        assert probes is not None
        return probed_directions(experiment, probes, "baseline", stack)

    assert found(directions="all") == ["en-de", "en-fr", "de-en", "fr-en"]
    assert found(directions=["fr-en", "en-de"]) == ["fr-en", "en-de"]
    alone = {"text": "conllu", "stacks": ["encoder"], "state": "consumed"}
    assert found(**alone) == ["de-en", "fr-en"]
    experiment = load_experiment(with_probes(**alone))
    assert experiment.analysis.probes is not None
    assert sides_read(experiment, experiment.analysis.probes, "de-en", "encoder") == ["conllu/de"]


def test_the_toy_corpus_has_labels_of_its_own() -> None:
    source = {
        "type": "toy", "families": {"f": ["de", "fr"]},
        "tiers": {"high": {"size": 5, "languages": ["de", "fr"]}},
    }  # fmt: skip
    toy = {**CONFIG, "data": {"source": source}}

    def files(**probes: Any) -> list[str]:
        experiment = load_experiment(merged(toy, {"analysis": {"probes": probes}}))
        return [file for job in jobs_of(experiment) if job.stage == "label_toy" for file in job.outputs]

    labels = [f"data/labels/toy/test.{language}.conllu" for language in ("en", "de", "fr")]
    assert files(properties=["Tense", "language"]) == labels
    # Nothing is labelled that nobody reads.
    assert files(properties=["language"]) == files(properties=["Case"], conllu=CONLLU) == []
    with pytest.raises(UserError, match=r"no labels of 'tense' \(did you mean 'Tense'\?\)"):
        files(properties=["tense"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"systems": ["ns-k07"]}, "analysis.probes.systems: no system 'ns-k07' (did you mean 'ns-k70'?)"),
        ({"text": "newz"}, "analysis.probes.text: no 'newz' (did you mean 'news'?); there are valid"),
        ({"conllu": {"nl": "x"}}, "analysis.probes.conllu.nl: not in languages"),
        ({"directions": ["de-fr"]}, "analysis.probes.directions: 'de-fr' is not trained"),
        ({"text": "conllu"}, "stacks: a text without translations has no decoder; take [encoder]"),
        ({"text": "conllu", "conllu": {}}, "text: conllu needs the key conllu, a file for each language"),
        (
            {"text": "conllu", "stacks": ["encoder"], "directions": ["en-de"]},
            "analysis.probes.directions: en-de: conllu has no file of en",
        ),
        (
            {"conllu": {}, "properties": ["upos"]},
            "analysis.probes.properties: no labels of 'upos'; there are language, direction, position,"
            " suffix; gold labels need the key conllu, a file for each language",
        ),
        ({"properties": ["UPOS"]}, "properties: 'UPOS' is written 'upos'"),
        ({"draws": 3}, "analysis.probes.draws: must be greater than or equal to 5, not 3"),
    ],
)
def test_what_the_config_refuses(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        load_experiment(with_probes(**change))
    assert said in str(error.value)
