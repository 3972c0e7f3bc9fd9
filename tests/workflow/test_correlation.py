"""Units of several models: the jobs of one plan, and that each reads every model that it compares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text, snakemake
from tests.workflow.test_stages import check

CONFIG = {
    **TINY,
    "train": {"seeds": [1, 2, 3]},
    "masks": {"k": [70]},
    "analysis": {
        "correlation": {
            "between": ["seeds", "systems"],
            "systems": ["baseline", "ns-k70"],
            "units": ["ffn", "resid"],
            "forms": ["max", "linreg"],
            "sentences": 20,
            "subset": "news",
            "erase": ["5%", 3],
        }
    },
}
RESULTS = "results/tiny"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("correlation")
    lay_down_text(folder)
    return plan(folder, CONFIG)


def test_all_seeds_of_a_system_are_inputs_of_one_job(planned: Plan) -> None:
    job = planned.job("correlate_units_seeds", of="ns-k70")
    systems = {file for file in job.inputs if "/systems/" in file}
    names = ("system.json", "model.safetensors", "spm.model", "dict.txt", "masks.npz")
    assert systems == {f"{RESULTS}/systems/ns-k70/s{seed}/{name}" for seed in (1, 2, 3) for name in names}
    assert json.loads(job.options["--models"]) == {
        f"ns-k70/s{seed}": f"{RESULTS}/systems/ns-k70/s{seed}" for seed in (1, 2, 3)
    }
    told = {name: job.options[name] for name in ("--units", "--forms", "--layers", "--draws", "--subset")}
    assert list(told.values()) == ["ffn resid", "max linreg", "same", "5", "news"]
    assert job.options["--out-scores"] == f"{RESULTS}/correlation/seeds/{{form}}/{{model}}.npz"
    place = f"{RESULTS}/analysis/correlate_units/seeds/ns-k70"
    assert set(job.outputs) == {f"{place}.{ending}" for ending in ("json", "csv", "md")} | {
        f"{RESULTS}/correlation/seeds/{form}/ns-k70/s{seed}.npz"
        for form in ("max", "linreg")
        for seed in (1, 2, 3)
    }
    assert job.started == ("fairseq", "analyse.correlation.correlate_units")


def test_the_systems_of_a_seed_are_compared_with_one_another(planned: Plan) -> None:
    assert {job.wildcards["of"] for job in planned.of("correlate_units_systems")} == {"s1", "s2", "s3"}
    job = planned.job("correlate_units_systems", of="s2")
    assert list(json.loads(job.options["--models"])) == ["baseline/s2", "ns-k70/s2"]
    assert f"{RESULTS}/correlation/systems/max/baseline/s2.npz" in job.outputs


def test_each_model_is_erased_by_its_scores(planned: Plan) -> None:
    jobs = planned.of("erase_correlated")
    assert len(jobs) == 2 * 2 * 3
    job = planned.job("erase_correlated", between="seeds", system="ns-k70", seed="3")
    files = [f"{RESULTS}/correlation/seeds/{form}/ns-k70/s3.npz" for form in ("max", "linreg")]
    assert json.loads(job.options["--scores"]) == dict(zip(("max", "linreg"), files, strict=True))
    assert set(files) < set(job.inputs) and f"{RESULTS}/systems/ns-k70/s3/masks.npz" in job.inputs
    assert (job.options["--sizes"], job.options["--system"]) == ("5% 3", f"{RESULTS}/systems/ns-k70/s3")
    # Random units are drawn for each seed anew.
    assert [one.options["--seed"] for one in jobs] == [one.wildcards["seed"] for one in jobs]


def test_the_declared_jobs_are_those_of_snakemake(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("declared")
    lay_down_text(folder)
    check(folder, CONFIG)


def test_a_system_made_elsewhere_is_read_or_missed_in_a_line(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    others = {"theirs": "elsewhere/systems/baseline/s1"}
    config = {**TINY, "analysis": {"correlation": {"others": others}}}
    refused = snakemake(tmp_path, config, "-n")
    said = "analysis.correlation.others: there is no file elsewhere/systems/baseline/s1/system.json in"
    assert refused.returncode == 1 and said in refused.stdout + refused.stderr
    folder = tmp_path / others["theirs"]
    folder.mkdir(parents=True)
    for name in ("system.json", "model.safetensors", "dict.txt"):
        (folder / name).touch()
    found = plan(tmp_path, config)
    [job] = found.of("correlate_units_seeds")
    assert f"{others['theirs']}/model.safetensors" in job.inputs
    assert json.loads(job.options["--others"]) == others and not found.of("erase_correlated")
