"""Every shipped experiment, dry-run on placeholder text to the exact number of jobs of each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.finished_experiment import planned
from tests.workflow.preset_jobs import ATTACHED, EXPECTED, OF_HUB, OF_TASKS, ONCE, WITHOUT_BINARISED
from tests.workflow.test_job_counts import ROOT, jobs, snakemake
from workflow_scripts.common.task_tables import PARTS
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.plan.disk_plan import need_of

EXPERIMENTS = ROOT / "config" / "experiments"


def placeholders(name: str, config: dict[str, Any]) -> list[str]:
    """The files a user lays down for a preset, under the folder of the run."""
    if name in OF_TASKS:
        tables = [one[part] for one in config["tasks"]["tables"].values() for part in PARTS if part in one]
        return [*tables, *config.get("analysis", {}).get("probes", {}).get("conllu", {}).values()]
    languages = config["languages"]
    pairs = ["-".join(sorted(("en", lang))) for lang in languages[1:]]
    if name == "ntrex60" or name in OF_HUB:
        return [f"ntrex/{lang}.txt.gz" for lang in languages]
    if name in ATTACHED:
        return list(_attached(config))
    if uses := config.get("uses"):
        parts = ("system.json", "model.safetensors", "spm.model", "dict.txt", "masks.npz")
        folder = f"results/{uses['experiment']}/systems"
        seeds = config.get("train", {}).get("seeds", [1])
        places = [f"{folder}/{system}/s{seed}" for system in uses["systems"] for seed in seeds]
        return [f"{place}/{part}" for place in places for part in parts]
    if name == "multi30k":
        return [f"m30k/{x}.{lang}.gz" for x in ("train", "val", "test_2016_flickr") for lang in languages]
    if name == "iwslt14":
        subsets = ("train", "valid", "test")
        return [
            f"data/iwslt14/{x}.{pair}.{lang}" for x in subsets for pair in pairs for lang in pair.split("-")
        ]
    if name == "ec30":
        tests = ("flores", "flores_dev", "flores_devtest")
        each = [
            f"data/ec30/{x}.{p}.{lang}" for x in ("train", "valid") for p in pairs for lang in p.split("-")
        ]
        each += [f"data/ec30/{test}.{lang}" for test in tests for lang in languages]
        return [*each, config["report"]["published"]["file"]]
    return []


def _attached(config: dict[str, Any]) -> Iterator[str]:
    attach, languages = config["attach"], config["languages"]
    yield from (attach[key] for key in ("checkpoint", "dictionary", "subwords"))
    yield from attach.get("systems", {}).values()
    if config["data"]["source"]["type"] == "multi30k":
        yield from (f"m30k/{x}.{lang}.gz" for x in ("train", "val", "test_2016_flickr") for lang in languages)
        return
    yield config["report"]["published"]["file"]
    yield from (f"data/ec30_released/flores.{lang}" for lang in languages)
    for number, folder in enumerate(attach["data_bin"].split(":")):
        for subset in ("train", "valid") if number == 0 else ("train",):
            for lang in languages[1:]:
                sides = (f"{folder}/{subset}.en-{lang}.{side}" for side in ("en", lang))
                yield from (f"{side}.{end}" for side in sides for end in ("bin", "idx"))


def once(name: str) -> dict[str, int]:
    """What an experiment has once: of a baseline that is attached, its import in place of trainings;
    without analyses of masks where scores are compared."""
    if name in OF_TASKS:
        return {}
    if name in ("controls", "criteria", "iat"):
        return {rule: count for rule, count in ONCE.items() if rule not in ("mask_control", "overlap")}
    if name == "toy_hf":
        return {rule: count for rule, count in ONCE.items() if rule not in WITHOUT_BINARISED}
    if name in ("zero_shot", "analysis"):  # another experiment's systems and vocabulary
        made = (
            "round_trip",
            "score_ceiling",
            "write_card",
            "train_identifier",
            "plot_off_target",
            "write_answer",
        )
        return {
            "use_vocabulary": 1,
            "tabulate": 1,
            "tabulate_units": 1,
            "plot_tables": 1,
            "plot_masks": 1,
            **{rule: ONCE[rule] for rule in made},
        }
    if name in OF_HUB:
        none = ("train_subwords", "round_trip", "score_ceiling", "train_baseline", "plot_training")
        kept = {rule: count for rule, count in ONCE.items() if rule not in (*none, *OF_HUB[name])}
        return {"use_masks": 1, **kept, "fetch_model": 1, "attach_model": 1}
    if name not in ATTACHED:
        return ONCE
    none = ("train_subwords", "train_baseline", "plot_training", *ATTACHED[name])
    kept = {rule: count for rule, count in ONCE.items() if rule not in none}
    return {**kept, "import_checkpoint_baseline": 1, "use_vocabulary": 1}


def test_every_shipped_experiment_is_counted() -> None:
    assert {path.stem for path in EXPERIMENTS.glob("*.yaml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_preset(name: str, tmp_path: Path) -> None:
    text = (EXPERIMENTS / f"{name}.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    if name not in OF_TASKS and config["data"]["source"]["type"] in ("ntrex", "multi30k"):
        config["data"]["source"]["folder"] = (
            "m30k" if config["data"]["source"]["type"] == "multi30k" else "ntrex"
        )
    for file in placeholders(name, config):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("a 1\n")
    assert jobs(snakemake(tmp_path, config, "-n", "-q", "rules")) == {**once(name), **EXPECTED[name]}
    # Where its text comes from and what it costs stand in its head.
    head = text.split("\nexperiment:")[0].lower()
    assert "text:" in head and "cost" in head


PRESETS = (ROOT / "docs" / "reference" / "presets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["demo", "multi30k", "ntrex60", "toy60"])
def test_disk_is_one_figure_in_the_plan_the_head_of_the_config_and_the_page(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = ROOT / "config/config.yaml" if name == "demo" else EXPERIMENTS / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    experiment = load_experiment(yaml.safe_load(text))
    found = planned(tmp_path, yaml.safe_load(text))
    need = need_of(experiment, tmp_path / "results" / experiment.experiment, found, 1)
    [head] = re.findall(r"([\d.]+) GB\s*(?:#\s*)?of disk", text.split("\nexperiment:")[0])
    [row] = re.findall(rf"^\| `{name}`.*$", PRESETS, re.M)
    [page] = re.findall(r"\| ([\d.]+) GB \|", row)
    assert head == page
    # To two digits.
    assert float(head) == float(f"{need.total / 1e9:.2g}")
