"""The cells of the experiment on regimes: how each differs from the base, and the plan of the base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.test_job_counts import ROOT, jobs, snakemake

CELLS = ROOT / "config" / "experiments" / "regimes"
#: Cell → where it differs from base.yaml, and its value there.
DIFFERENCES: dict[str, dict[str, Any]] = {
    "small": {"model.model_dim": 32, "model.ffn_dim": 64},
    "ample": {"model.model_dim": 128, "model.ffn_dim": 1024},
    "imbalance": {"data.source.tiers.low.size": 400},
    "one_family": {
        "data.source.families.north": ["na", "ne", "sa", "so"],
        "data.source.families.south": None,
    },
    "early": {
        "train.max_updates": 300,
        "train.warmup_updates": 50,
        "train.validate_interval_updates": 75,
    },
    "converged": {
        "train.max_updates": 2700,
        "train.warmup_updates": 450,
        "train.validate_interval_updates": 675,
    },
}


def leaves(value: Any, key: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {key: value}
    return {name: leaf for k, v in value.items() for name, leaf in leaves(v, f"{key}.{k}".strip(".")).items()}


def cell(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CELLS / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def test_every_cell_is_listed() -> None:
    assert {path.stem for path in CELLS.glob("*.yaml")} == {"base", *DIFFERENCES}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_cell_differs_from_the_base_in_its_name_and_one_thing(name: str) -> None:
    base, other = leaves(cell("base")), leaves(cell(name))
    changed = {key: other.get(key) for key in {*base, *other} if base.get(key) != other.get(key)}
    assert changed.pop("experiment") == f"regimes_{name}"
    assert changed == DIFFERENCES[name]


def test_the_base_is_planned_with_three_seeds_of_six_systems(tmp_path: Path) -> None:
    found = jobs(snakemake(tmp_path, cell("base"), "-n", "-q", "rules"))
    wanted = {"train_baseline": 3, "finetune": 15, "select_masks": 15, "decode": 144, "score": 18}
    assert {rule: found[rule] for rule in wanted} == wanted
