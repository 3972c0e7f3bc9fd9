"""Mask sets side by side: what the one job reads and is told, and the jobs of another system's masks."""

from __future__ import annotations

import json

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text
from tests.workflow.test_stages import listed

CONFIG = {
    **TINY,
    "groups": {"family": {"west": ["de"], "south": ["fr"]}},
    "train": {"seeds": [3, 4]},
    "texts": {"sample": {"bootstrap": True, "draws": 2}},
    "masks": {
        "k": [95],
        "sets": {
            "heads": {"of": "importance", "units": ["head"], "select": "top:1"},
            "few": {"of": "importance", "select": "top:5%", "text": "sample", "draws": 2},
        },
    },
    "systems": {"ns": {}},
    "analysis": {
        "similarity": {
            "masks": ["heads", "few"], "systems": ["baseline", "ns-k95"], "pairs": [["heads", "few"]],
            "more": {"nouns": "own/{system}.s{seed}.npz"},
        },
    },
}  # fmt: skip
R = "results/tiny"
SETS, SYSTEMS = ("heads", "few-1", "few-2"), ("baseline", "ns-k95")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("overlaps")
    lay_down_text(folder)
    (folder / "own").mkdir()
    for system in SYSTEMS:
        for seed in (3, 4):
            (folder / f"own/{system}.s{seed}.npz").touch()
    return plan(folder, CONFIG)


def test_one_job_reads_the_masks_of_all(planned: Plan) -> None:
    job = planned.job("compare_masks")
    assert job.started == ("evaluate", "analyse.overlaps.compare_masks")
    assert set(job.inputs) == {
        f"{R}/masks/{system}/s{seed}/{name}.npz" for system in SYSTEMS for seed in (3, 4) for name in SETS
    } | {f"own/{system}.s{seed}.npz" for system in SYSTEMS for seed in (3, 4)}
    place = f"{R}/analysis/compare_masks"
    told = job.options
    assert json.loads(told.pop("--groups")) == {
        "family": {"west": ["de"], "south": ["fr"]}, "script": {"Latn": ["en", "de", "fr"]},
    }  # fmt: skip
    assert json.loads(told.pop("--files")) == {"nouns": "own/{system}.s{seed}.npz"}
    assert json.loads(told.pop("--drawn")) == {"few": ["few-1", "few-2"]}
    assert told == {
        "--masks": f"{R}/masks/{{system}}/s{{seed}}/{{maskset}}.npz", "--sets": "heads few-1 few-2 nouns",
        "--systems": "baseline ns-k95", "--seeds": "3 4", "--pairs": "heads few", "--pivot": "en",
        "--draws": "100", "--permutations": "10000", "--level": "0.05", "--out-json": f"{place}.json",
        "--out-csv": f"{place}.csv", "--out-structure": f"{place}.structure.csv",
        "--out-groups": f"{place}.groups.csv", "--out-markdown": f"{place}.md",
    }  # fmt: skip


def test_units_of_another_system_are_scored_and_selected(planned: Plan) -> None:
    for name, folder in (("heads", "importance/head"), ("few-2", "importance/ffn")):
        job = planned.job("select_masks", maskset=name, seed="3", system="ns-k95")
        text = "sample-2" if name == "few-2" else "valid"
        assert f"{R}/{folder}/ns-k95/s3/{text}/de-en.npz" in job.inputs
    scored = planned.job("score_importance", units="head", seed="4", system="ns-k95", direction="de-en")
    assert f"{R}/systems/ns-k95/s4/system.json" in scored.inputs


def test_the_declared_jobs_are_those_of_the_plan(planned: Plan) -> None:
    declared = {(rule, file) for rule, files, _, _ in listed(CONFIG) for file in files}
    assert declared == {(job.rule, file) for job in planned.jobs for file in job.outputs if job.rule != "all"}
