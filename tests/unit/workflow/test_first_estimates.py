"""First estimates: how much text there is, and what figures of other machines come to."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.small_config import BASE, LANGUAGE_MODEL
from tests.unit.workflow.planned import a_job
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.first_estimates import FirstEstimates, Measured, pace, read_measured
from workflow_scripts.workflow.plan.text_sizes import TextSizes
from workflow_scripts.workflow.stages import FETCHING, jobs_of

ROOT = Path(__file__).resolve().parents[3]
TOY = {
    "type": "toy",
    "families": {"k": ["ka", "ke"]},
    "tiers": {"high": {"size": 600, "languages": ["ka"]}, "low": {"size": 200, "languages": ["ke"]}},
    "valid_size": 50,
    "test_size": 40,
}
USES = {"experiment": "y", "systems": ["baseline"]}
KA_KE: dict[str, Any] = {
    "experiment": "x",
    "languages": ["en", "ka", "ke"],
    "pivot": "en",
    "data": {"source": TOY},
}


def test_sentences_of_the_toy_languages_are_those_of_the_config(tmp_path: Path) -> None:
    text = TextSizes(load_experiment(KA_KE), tmp_path)
    found = [text.sentences(*one) for one in (("train", "en-ka"), ("train", "en-ke"), ("train", "ka-ke"))]
    assert found == [600, 200, 200]
    assert (text.sentences("valid", "en-ka"), text.sentences("test", "ka-ke")) == (50, 40)
    assert text.of_directions("test", ["en-ka", "ka-en", "ke-en"]) == 120


def test_sentences_of_multi30k_are_known_before_it_is_fetched(tmp_path: Path) -> None:
    config = read_yaml(ROOT / "config/experiments/multi30k.yaml")
    text = TextSizes(load_experiment(config), tmp_path)
    subsets = ("train", "valid", "test_2016_flickr")
    assert [text.sentences(subset, "de-en") for subset in subsets] == [29000, 1014, 1000]


def test_sentences_of_files_follow_from_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = {
        "type": "files",
        "train": "train.{lang}",
        "valid": {"path": "all.{lang}", "lines": {"start": 10, "stop": 25}},
        "tests": {"news": "news.{lang}.gz", "talks": "talks.{lang}", "wmt": "wmt.{source}{target}.{lang}"},
    }
    experiment = load_experiment({**BASE, "data": {"source": source}})
    # 300,000 lines of 20 bytes, of which the first 10,000 are looked at.
    Path("train.de").write_bytes(b"nineteen characters\n" * 300_000)
    Path("news.en.gz").write_bytes(gzip.compress(b"x" * 100, mtime=0).ljust(5000, b"\0"))
    Path("wmt.ende.de").write_bytes(b"a\n" * 7)
    text = TextSizes(experiment, tmp_path / "results")
    assert text.sentences("wmt", "de-en") == 7  # its files are named by the other direction
    assert text.sentences("train", "de-en") == 300_000
    assert text.sentences("valid", "en-fr") == 15
    assert text.sentences("news", "de-en") == 200  # packed: four times as large, 100 bytes a line
    assert text.sentences("talks", "de-en") is None
    assert text.of_pairs("talks", ["de-en"]) is None and text.of_pairs("train", ["de-en", "en-fr"]) is None


def test_what_was_prepared_counts_itself(tmp_path: Path) -> None:
    statistics = tmp_path / "data/text/train/en-ka.json"
    statistics.parent.mkdir(parents=True)
    statistics.write_text('{"sentences": 577}')
    assert TextSizes(load_experiment(KA_KE), tmp_path).sentences("train", "en-ka") == 577


def test_a_pace_between_two_networks_lies_between_theirs() -> None:
    rows = [Measured(1e6, 0.0, 1.0, "m"), Measured(1e8, 0.0, 9.0, "m")]
    # Half way of the logarithms: the geometric mean.
    assert pace(rows, 1e7) == pytest.approx(3.0)
    assert (pace(rows, 1e6), pace(rows, 1e8)) == (1.0, 9.0)
    assert (pace(rows, 5e5), pace(rows, 4e8)) == (0.5, 36.0)
    assert pace(rows, 4.1e8) is None
    assert pace([Measured(None, 0.5, 2.0, "m")], 1e12) == 2.0
    # Of a model that is still to be fetched the size is not known.
    assert pace(rows, 0) is None and pace([Measured(None, 0.5, 2.0, "m")], 0) == 2.0


def test_seconds_are_a_start_and_what_each_sentence_takes(tmp_path: Path) -> None:
    estimates = FirstEstimates(load_experiment({**KA_KE, "evaluation": {"metrics": ["bleu"]}}), tmp_path)
    one = estimates.of(a_job("prepare_text", {"subset": "train", "one": "en", "two": "ka"}))
    assert one == pytest.approx(0.2 + 0.003 * 0.6)
    # Four directions of 40 sentences.
    assert estimates.of(a_job("score", {"testset": "test"})) == pytest.approx(0.3 + 0.33 * 0.16)
    # 1,000 resamples, against two.
    assert estimates.of(a_job("compare", {"testset": "test"})) == pytest.approx(0.4 + 0.07 * 0.16 * 2)
    assert estimates.of(a_job("overlap")) == 1.5
    # 600 and 200 pairs, both sides of them.
    assert estimates.of(a_job("generate_toy")) == pytest.approx(0.5 + 0.06 * 1.6)
    assert estimates.of(a_job("score_comet", {"testset": "test"})) is None


def test_items_of_a_contrastive_set_are_counted(tmp_path: Path) -> None:
    (tmp_path / "gender.tsv").write_text("direction\tid\n" + "en-ka\t1\n" * 50)
    sets = {"gender": f"{tmp_path}/gender.tsv", "toy": "results/x/data/contrastive/toy.tsv"}
    estimates = FirstEstimates(load_experiment({**KA_KE, "evaluation": {"contrastive": sets}}), tmp_path)
    gender, toy = (estimates.of(a_job("score_contrastive", {"contrast": name})) for name in ("gender", "toy"))
    assert gender is not None and toy is not None
    # 50 items, and 190 for each of four directions, after the same start.
    assert (toy - 2.2) / (gender - 2.2) == pytest.approx(760 / 50)


def test_ter_takes_longer_by_far(tmp_path: Path) -> None:
    estimates = FirstEstimates(
        load_experiment({**KA_KE, "evaluation": {"metrics": ["bleu", "ter"]}}), tmp_path
    )
    assert estimates.of(a_job("score", {"testset": "test"})) == pytest.approx(0.3 + 6.33 * 0.16)


def test_the_control_of_masks_looks_at_each_sentence_often(tmp_path: Path) -> None:
    """Each of four directions under seven masks and that of one that shares a side: 4 × 8 × 40 sentences."""
    estimates = FirstEstimates(load_experiment({**KA_KE, "model": {"preset": "small"}}), tmp_path)
    rate = pace(read_measured()["mask_control"], estimates._parameters)
    assert rate is not None
    assert estimates.of(a_job("mask_control")) == pytest.approx(3.5 + rate * 1.28)


def test_strongest_units_are_read_once_and_then_removed(tmp_path: Path) -> None:
    """Four directions of 50 sentences once, and the first 10 of each whole, without the units of three
    languages and of ten random sets: 200 + 4 · 10 · 14."""
    asked = {"analysis": {"strongest": {"removed": 10}}}
    estimates = FirstEstimates(load_experiment({**KA_KE, "model": {"preset": "small"}, **asked}), tmp_path)
    rate = pace(read_measured()["strongest_units"], estimates._parameters)
    assert rate is not None
    assert estimates.of(a_job("strongest_units")) == pytest.approx(5 + rate * 0.76)


def test_pruning_looks_at_each_sentence_for_every_task_and_draw(tmp_path: Path) -> None:
    """Four directions of 40 sentences, whole and at 2 sizes without heads of 4 tasks or 5 draws: 19 · 160;
    before that 50 sentences of each are scored, forward and backward, before each size: 3 · 2 · 200."""
    heads = {"sizes": [1, 2], "exact": True}
    config = {**KA_KE, "model": {"preset": "small"}, "analysis": {"heads": heads}}
    estimates = FirstEstimates(load_experiment(config), tmp_path)
    rate = pace(read_measured()["prune_heads"], estimates._parameters)
    assert rate is not None
    expected = pytest.approx(3.5 + rate * (1.2 + 3.04))
    assert estimates.of(a_job("prune_heads", {"system": "baseline"})) == expected


def test_probes_read_each_language_once_and_are_fitted_on_each_split(tmp_path: Path) -> None:
    """The encoder reads en, ka and ke, ten sentences each; two splits."""
    probes = {"sentences": 10, "seeds": [4, 5]}
    config = {**KA_KE, "model": {"preset": "small"}, "analysis": {"probes": probes}}
    estimates = FirstEstimates(load_experiment(config), tmp_path)
    job = {"system": "baseline", "stack": "encoder", "seed": "1"}
    for rule, start, thousands in (("collect_units", 3.5, 0.03), ("fit_probes", 4, 0.06)):
        rate = pace(read_measured()[rule], estimates._parameters)
        assert rate is not None
        assert estimates.of(a_job(rule, job)) == pytest.approx(start + rate * thousands)
    labelled = {
        "text": "conllu",
        "conllu": {"ka": "ka.conllu"},
        "stacks": ["encoder"],
        "properties": ["position"],
    }
    unknown = FirstEstimates(load_experiment({**config, "analysis": {"probes": labelled}}), tmp_path)
    assert unknown.of(a_job("collect_units", job)) is None


def test_units_that_are_off_take_a_pass_for_each_set(tmp_path: Path) -> None:
    """Four directions of 40 sentences, of which 10 are asked for; two languages on each side of the pivot."""
    ablation = {"scores": ["lape", "magnitude"], "sizes": ["5%", "50%"], "draws": 6, "scale": [0.5]}
    analysis = {"ablation": {**ablation, "sentences": 10}, "effects": {"masks": "k95", "sentences": 10}}
    config = {**KA_KE, "model": {"preset": "small"}, "analysis": analysis}
    estimates = FirstEstimates(load_experiment(config), tmp_path)
    # Whole, without all, and of 2 · 2 + 6 sets removed and kept at two sizes, and scaled by one factor;
    # whole, and of two sizes by three criteria and five draws without the units of each language.
    for rule, passes in {"ablate_units": 2 + 10 * (2 * 2 + 1), "effect_matrix": 1 + 2 * (3 + 5) * 2}.items():
        rate = pace(read_measured()[rule], estimates._parameters)
        assert rate is not None
        job = a_job(rule, {"system": "baseline", "seed": "1"})
        assert estimates.of(job) == pytest.approx(3.5 + rate * 0.04 * passes)


def test_other_text_takes_as_long_as_it_has_sentences(tmp_path: Path) -> None:
    """20 of the 50 sentences of `valid`, or all of them; four directions of samples."""
    config = {
        **KA_KE,
        "model": {"preset": "small"},
        "texts": {"few": {"first": 20}, "much": {"first": 90}, "boot": {"bootstrap": True, "draws": 1}},
        "masks": {"sets": {"on_few": {"select": "mass:95", "text": "few"}}},
    }
    estimates = FirstEstimates(load_experiment(config), tmp_path)
    sizes = [estimates.text.sentences(name, "en-ka") for name in ("few", "much", "boot-1")]
    assert sizes == [20, 50, 50]
    few = {"varied": "few", "one": "en", "two": "ka"}
    assert estimates.of(a_job("transliterate", few)) == pytest.approx(4 + 4.6 * 0.02)
    assert estimates.of(a_job("randomise_tokens", {**few, "pair": "en-ka"})) == pytest.approx(
        0.3 + 0.02 * 0.02
    )
    rate = pace(read_measured()["stability"], estimates._parameters)
    assert rate is not None
    assert estimates.of(a_job("stability", {"maskset": "on_few"})) == pytest.approx(3.5 + rate * 0.08)
    for stage, start in {"count_activations": 2.8, "score_importance": 3.5}.items():
        rate = pace(read_measured()[stage], estimates._parameters)
        assert rate is not None
        job = a_job(stage, {"direction": "en-ka", "text": "few"})
        assert estimates.of(job) == pytest.approx(start + rate * 0.02)


def test_each_model_of_a_comparison_reads_the_text(tmp_path: Path) -> None:
    """Four models read 30 of 40 sentences of four directions; erasure has 1 + 2 · 7 passes."""
    correlation = {"sentences": 30, "subset": "test", "forms": ["max"], "others": {"y": "results/y"}}
    config = {
        **KA_KE,
        "model": {"preset": "small"},
        "train": {"seeds": [1, 2, 3]},
        "analysis": {"correlation": {**correlation, "erase": ["5%", "9%"]}},
    }
    estimates = FirstEstimates(load_experiment(config), tmp_path)
    for stage, rule, passes in (
        ("correlate_units", "correlate_units_seeds", 4),
        ("erase_correlated", "erase_correlated", 15),
    ):
        rate = pace(read_measured()[stage], estimates._parameters)
        job = PlannedJob(rule, stage, {"of": "baseline"}, (), ())
        assert rate is not None
        assert estimates.of(job) == pytest.approx(3.5 + rate * passes * 0.12)


def test_of_gpus_nothing_was_measured(tmp_path: Path) -> None:
    estimates = FirstEstimates(load_experiment(KA_KE), tmp_path, on_cpu=False)
    assert estimates.of(a_job("decode", {"testset": "test", "direction": "en-ka"})) is None
    assert estimates.training("train_baseline", 100, 1000) is None
    assert estimates.of(a_job("tabulate")) == 0.8


EVERYTHING = {
    "references": ["raw", "paper"],
    "likelihood": True,
    "contrastive": {"toy": "results/x/data/contrastive/toy.tsv"},
}


@pytest.mark.parametrize("more", [{}, {"evaluation": EVERYTHING}, {"evaluation": EVERYTHING, "uses": USES}])
def test_every_stage_has_one_but_comet_and_what_is_fetched(more: dict[str, Any]) -> None:
    analysis: dict[str, Any] = {"mask_control_k": 70, "overlap_k": 70, "heads": {"sizes": [1]}}
    analysis |= {"stability": {"masks": "k70"}, "text_control": "k70", "ablation": {}, "effects": {}}
    analysis |= {"correlation": {"between": ["systems"], "systems": ["baseline", "continued"], "erase": [5]}}
    texts = {change: {"change": change} for change in ("latin", "shuffled_words", "random_tokens")}
    sets = {name: {"select": "mass:70", "text": name} for name in texts}
    groups = {"family": {"one": ["ka", "ke"]}}
    config = {
        **KA_KE,
        "texts": texts,
        "masks": {"k": [70], "sets": sets},
        "analysis": analysis,
        "groups": groups,
        **more,
    }
    stages = {one.stage for one in jobs_of(load_experiment(config))} - {*FETCHING}
    assert len(stages) > 18 and stages <= set(read_measured())


def test_a_language_models_text_is_that_of_each_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 lines of `valid`, and a network of a million parameters."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").mkdir()
    (tmp_path / "text/valid.de.txt").write_text("a b c\n" * 2000)
    (tmp_path / "gpt").mkdir()
    (tmp_path / "gpt/model.safetensors").write_bytes(bytes(4 * 1_320_000))
    estimates = FirstEstimates(load_experiment(LANGUAGE_MODEL), tmp_path / "results")
    found = [estimates.of(a_job("take_text", {"subset": "valid", "lang": lang})) for lang in ("de", "fr")]
    assert found == [pytest.approx(0.1 + 0.003 * 2), None]
    assert estimates.of(a_job("count_activations", {"direction": "de"})) == pytest.approx(2.8 + 0.6 * 2)


TASKS_ALONE = {"train_encoder", "prune_tasks"}  # of base-size encoders nothing was measured


@pytest.mark.parametrize("name", ["iap_glue", "probes_ud"])
def test_every_stage_of_tasks_has_one_but_those_that_run_the_encoder(name: str) -> None:
    config = read_yaml(ROOT / f"config/experiments/{name}.yaml")
    stages = {one.stage for one in jobs_of(load_experiment(config))} - {*FETCHING}
    assert {"train_encoder", "prepare_tasks"} < stages
    assert stages - TASKS_ALONE <= set(read_measured())


def test_every_figure_names_its_machine() -> None:
    assert {
        row.machine for rows in read_measured().values() for row in rows if "core" not in row.machine
    } == set()
