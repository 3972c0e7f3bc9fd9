"""`make try` of every shipped experiment: its trial has the same rules, and few jobs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.preset_jobs import ATTACHED, EXPECTED, SIXTY
from tests.workflow.test_job_counts import ROOT, jobs, snakemake
from tests.workflow.test_presets import EXPERIMENTS, once
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import jobs_of
from workflow_scripts.workflow.trial.derive import derive

#: What a trial lacks of its experiment's rules: COMET is left out, systems of another experiment are trained
#: here, ids of text are made here, and one value of k is no sweep.
LACKS = {
    "analysis": {"use_system_baseline", "use_system_continued", "use_system_ns", "use_vocabulary"},
    "ec30": {"fetch_comet", "score_comet", "compare_comet", *SIXTY},
    "ec30_released": {"use_data_bin"},
    "zero_shot": {"use_system_baseline", "use_system_continued", "use_system_ns_k70", "use_system_ns_k95",
                  "use_vocabulary"},
}  # fmt: skip


def placeholders(attach: dict[str, Any]) -> list[str]:
    return [attach[key] for key in ("checkpoint", "dictionary", "subwords")] + [
        *attach.get("systems", {}).values()
    ]


def one_name(rules: set[str]) -> set[str]:
    """Rules without what depends on how many languages there are."""
    return {re.sub(r"^(count_activations)_\w+", r"\1", rule) for rule in rules}


#: One of each kind: everything trained here, attached checkpoints, a model of the hub, the other port, other
#: experiments' systems, every analysis. What the others would run follows from their configs in the same way.
DRY_RUN = ("ec30", "ec30_released", "opus_mt", "toy_hf", "zero_shot", "analysis")


def trial_of(name: str, folder: Path) -> dict[str, Any]:
    config = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    trial = derive(config, folder).config
    assert trial["experiment"] == f"TRY-{config['experiment']}"
    return trial


def check_rules(name: str, found: dict[str, int]) -> None:
    expected = one_name({*once(name), *EXPECTED[name]} - LACKS.get(name, set()))
    assert not expected - one_name(set(found))
    assert sum(found.values()) < (450 if name in ("analysis", "controls") else 250)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_trial_of_a_shipped_experiment_has_its_rules(name: str, tmp_path: Path) -> None:
    trial = trial_of(name, tmp_path)
    # A checkpoint has its languages; controls swaps masks within families of two.
    assert len(trial.get("languages", [])) <= {"ec30_released": 31, "controls": 5}.get(name, 4)
    check_rules(name, Counter(job.rule for job in jobs_of(load_experiment(trial))))


@pytest.mark.parametrize("name", DRY_RUN)
def test_snakemake_plans_a_trial(name: str, tmp_path: Path) -> None:
    trial = trial_of(name, tmp_path)
    for file in placeholders(trial["attach"]) if name in ATTACHED else []:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("a 1\n")
    check_rules(name, jobs(snakemake(tmp_path, trial, "-n", "-q", "rules")))


@pytest.mark.parametrize("file", sorted((EXPERIMENTS / "regimes").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_trial_of_a_regime_is_a_right_config(file: Path, tmp_path: Path) -> None:
    """They differ from one another in numbers alone; one of them is planned above as `controls` is."""
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    trial = load_experiment(derive(config, tmp_path).config)
    assert trial.languages == ["en", "na", "ne", "sa"] and trial.train.seeds == [1]
    assert list(trial.made) == ["continued", "ns-k95", "swapped", "random-1", "random-2"]


def test_the_demo_too(tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    found = jobs(snakemake(tmp_path, derive(config, tmp_path).config, "-n", "-q", "rules"))
    # 3 pairs, 6 directions; baseline, continued and two values of k.
    some = {"prepare_text": 9, "finetune": 3, "decode": 24, "mask_control": 1, "plot_tables": 1}
    assert {name: found[name] for name in some} == some
