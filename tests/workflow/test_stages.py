"""The declared stages name the files, logs and benchmarks of Snakemake's own jobs: they cannot drift."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.test_job_counts import ROOT, TINY, lay_down_text, snakemake
from tests.workflow.test_presets import EXPERIMENTS
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import jobs_of

#: Rule, its outputs, log and benchmark.
Job = tuple[str, frozenset[str], str, str]


def planned(folder: Path, config: dict[str, Any]) -> set[Job]:
    """What a dry run of Snakemake says of each job."""
    result = snakemake(folder, config, "-n")
    assert result.returncode == 0, result.stdout + result.stderr
    found = set()
    for block in re.split(r"^(?:local)?rule ", result.stdout, flags=re.MULTILINE)[1:]:
        rule = block.split(":")[0]
        said = dict(re.findall(r"^    (output|log|benchmark): (.*)$", block, re.MULTILINE))
        if rule != "all":
            found.add(
                (
                    rule,
                    frozenset(said["output"].replace(" (update)", "").split(", ")),
                    said["log"],
                    said["benchmark"],
                )
            )
    return found


def listed(config: dict[str, Any]) -> list[Job]:
    experiment = load_experiment(config)
    root = f"results/{experiment.experiment}"
    return [
        (
            job.rule,
            frozenset(f"{root}/{file}" for file in job.outputs),
            f"{root}/{job.log}",
            f"{root}/{job.benchmark}",
        )
        for job in jobs_of(experiment)
    ]


def check(folder: Path, config: dict[str, Any]) -> None:
    found, wanted = listed(config), planned(folder, config)
    assert len(found) == len(set(found))
    assert sorted(set(found) - wanted, key=str) == []
    assert sorted(wanted - set(found), key=str) == []


VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "seeds, and a direction that is only evaluated": {
        "train": {"seeds": [1, 2]},
        "directions": {"evaluate_only": ["de-fr"]},
    },
    "both kinds of references": {"evaluation": {"references": ["raw", "paper"]}},
    "paper references alone, of one side of each pair": {
        "evaluation": {"references": ["paper"], "testsets": ["news", "valid"]},
        "directions": {"train": ["en-de", "fr-en"]},
    },
    "COMET, by a model of the hub and one of a folder": {
        "evaluation": {
            "comet": [{"model": "Unbabel/wmt22-comet-da"}, {"name": "own", "folder": "models/own"}],
            "references": ["raw", "paper"],
        }
    },
    "test sets of some directions": {
        "data": {
            "source": {
                **TINY["data"]["source"],
                "tests": {
                    "news": {"path": "text/news.{lang}", "languages": ["en", "de"]},
                    "talks": {"path": "text/news.{lang}", "directions": ["fr-en", "de-fr"]},
                },
            }
        },
        "directions": {"evaluate_only": ["de-fr"]},
        "evaluation": {"references": ["raw", "paper"], "likelihood": True},
        "analysis": {"mask_control_k": 95},
    },
    "shards": {"data": {**TINY["data"], "shards": 3}},
    "pads": {"activations": {"count_pads": True}},
    "without a sweep: masks of k only for an analysis": {
        "systems": {"continued": {"masks": "all"}},
        "analysis": {"mask_control_k": 70},
    },
    "the baseline alone": {"systems": {}},
    "mask sets, some of other sets, and systems that are not trained": {
        "masks": {
            "k": [70, 95],
            "sets": {
                "enc.top": {"select": "top:30%@model", "stacks": ["encoder"]},
                "chance": {"like": "k95", "rows": "random", "draws": 2},
                "merged": {"like": "enc.top", "rows": "merged", "by": "language"},
                "again": {"like": "merged", "rows": "shuffled"},
            },
        },
        "systems": {
            "pruned": {"masks": "sweep", "train": "none"},
            "chance": {"masks": "chance-2", "train": "none"},
            "again": {"masks": "again"},
        },
        "directions": {"evaluate_only": ["de-fr"]},
    },
    "units that are switched off, of two systems": {
        "systems": {"ns": {"masks": "k95"}, "apart": {"each": "direction"}},
        "analysis": {
            "ablation": {
                "systems": ["ns", "baseline"],
                "scores": ["importance", "lape"],
                "metrics": ["bleu"],
            },
            "effects": {"systems": ["baseline", "apart"], "masks": "k70"},
        },
    },
    "masks of single weights, which no table lists: of a system, and of none": {
        "masks": {
            "k": [70],
            "sets": {
                name: {"of": "weights", "system": "full", "units": ["weight"], "select": select}
                for name, select in (("lass", "top:70%"), ("fewer", "top:50%"))
            },
        },
        "systems": {"full": {"masks": "all", "each": "direction"}, "lass": {"masks": "lass"}},
    },
    "rows of other directions that need no counts of them": {
        "masks": {"sets": {"merged": {"like": "k95", "rows": "merged", "by": "language"}}},
        "systems": {"merged": {"masks": "merged", "train": "none"}},
        "directions": {"evaluate_only": ["de-fr"]},
    },
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_tiny_experiment(name: str, tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    check(tmp_path, {**TINY, **VARIANTS[name]})


@pytest.mark.parametrize("systems", [["baseline"], ["baseline", "continued", "ns-k70", "ns-k95"]])
def test_systems_of_another_experiment(systems: list[str], tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    first = tmp_path / "results/first"
    for folder in ("data/subwords", *(f"systems/{system}/s1" for system in systems)):
        (first / folder).mkdir(parents=True)
        for name in ("spm.model", "dict.txt", "system.json", "model.safetensors", "masks.npz"):
            (first / folder / name).touch()
    uses = {"experiment": "first", "systems": systems}
    check(tmp_path, {**TINY, "uses": uses, "directions": {"evaluate_only": ["de-fr"]}})


def test_the_demo(tmp_path: Path) -> None:
    check(tmp_path, yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))


def test_likelihoods_and_a_contrastive_set(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    (tmp_path / "set.tsv").write_text(
        "direction\tid\tsource\tcorrect\twrong\tphenomenon\nde-en\t1\ta\tb\tc\tnumber\n"
    )
    evaluation = {"likelihood": True, "contrastive": {"pairs": "set.tsv"}}
    check(tmp_path, {**TINY, "evaluation": evaluation, "directions": {"evaluate_only": ["de-fr"]}})


def test_a_contrastive_set_of_the_toy_languages(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    contrastive = {"inflection": "results/demo/data/contrastive/toy.tsv"}
    check(tmp_path, {**config, "evaluation": {"contrastive": contrastive}})


def test_a_corpus_that_is_downloaded(tmp_path: Path) -> None:
    check(tmp_path, yaml.safe_load((EXPERIMENTS / "multi30k.yaml").read_text()))


def test_sixty_directions_are_counted_in_several_jobs(tmp_path: Path) -> None:
    config = yaml.safe_load((EXPERIMENTS / "toy60.yaml").read_text())
    check(tmp_path, {**config, "train": {**config["train"], "seeds": [1, 2]}})


def test_what_a_profile_sets_for_a_stage_holds_for_each_of_its_rules(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    words = [
        "--set-threads",
        "count_activations=2",
        "round_trip=2",
        "--set-resources",
        "round_trip:mem_mb=77",
    ]
    tests = {"news": "text/news.{lang}", "talks": {"path": "text/news.{lang}", "languages": ["en", "de"]}}
    config = {**TINY, "data": {"source": {**TINY["data"]["source"], "tests": tests}}}
    said = snakemake(tmp_path, config, "-n", "--groups", "count_activations=counts", *words).stdout
    blocks = [block.split(":", 1) for block in re.split(r"^(?:local)?rule ", said, flags=re.MULTILINE)[1:]]
    two = {rule for rule, block in blocks if "threads: 2" in block}
    assert two - {"train_baseline", "finetune"} == {
        *("count_activations_en", "count_activations_into_en"),
        *("round_trip", "round_trip_talks"),
    }
    assert {rule for rule, block in blocks if "mem_mb=77" in block} == {"round_trip", "round_trip_talks"}
