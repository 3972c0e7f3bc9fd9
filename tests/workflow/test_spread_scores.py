"""Masks by what an analysis finds: whose scores the jobs read, in which order, and what a config may ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow.finished_experiment import CONFIG, lay_down_text, merged
from tests.workflow.planned_jobs import Plan, plan
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import jobs_of
from workflow_scripts.workflow.ways import ways

SETS: dict[str, Any] = {
    "salient": {"of": "probe", "property": "language", "text": "news", "select": "mass:25"},
    "known": {"of": "average_precision", "property": "position", "text": "news", "select": "top:5%"},
    "common": {"of": "correlation", "form": "min", "select": "top:5%", "stacks": ["encoder"]},
    "chance": {"like": "salient", "rows": "random", "draws": 2},
}
#: The system whose masks a probe names is probed itself: what changes in it?
ANALYSES = {
    "probes": {"systems": ["baseline", "fitted"], "text": "news", "scores": True},
    "correlation": {"systems": ["baseline", "fitted"], "between": ["seeds", "systems"], "forms": ["min"]},
}
RESULTS = "results/small"


def asked(**change: Any) -> dict[str, Any]:
    whole = {
        "train": {"seeds": [1, 2]},
        "masks": {"sets": SETS},
        "systems": {"fitted": {"masks": "salient"}},
        "analysis": ANALYSES,
    }
    return merged(merged(CONFIG, whole), change)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("planned")
    lay_down_text(folder)
    return plan(folder, asked())


def test_a_probe_of_the_baseline_makes_the_masks(planned: Plan) -> None:
    job = planned.job("spread_scores_on_text", seed="2", of="probe/language")
    found = [
        f"{RESULTS}/analysis/fit_probes/baseline/s2/{stack}.language.scores.npz"
        for stack in ("encoder", "decoder")
    ]
    assert job.inputs == [*found, f"{RESULTS}/systems/baseline/s2/system.json"]
    assert job.started == ("text", "units.spread_scores")
    place = f"{RESULTS}/spread/probe/language/baseline/s2/news"
    assert job.options == {
        "--scores": " ".join(found), "--system": f"{RESULTS}/systems/baseline/s2",
        "--directions": "en-de en-fr de-en fr-en", "--out-root": place,
    }  # fmt: skip
    masks = planned.job("select_masks", maskset="salient", seed="2")
    assert (
        masks.inputs == job.outputs == [f"{place}/{one}.npz" for one in job.options["--directions"].split()]
    )
    assert (masks.options["--activations-root"], masks.options["--select"]) == (place, "mass:25")
    drawn = planned.job("select_masks", maskset="chance-1", seed="2")
    assert drawn.inputs == [f"{RESULTS}/masks/baseline/s2/salient.npz"]


def test_the_system_of_these_masks_is_probed_without_a_circle(planned: Plan) -> None:
    values = planned.job("collect_units", system="fitted", seed="1", stack="encoder")
    assert f"{RESULTS}/systems/fitted/s1/masks.npz" in values.inputs
    assert {job.wildcards["system"] for job in planned.jobs if "spread_scores" in job.rule} == {"baseline"}


def test_scores_without_a_probe_and_of_seeds(planned: Plan) -> None:
    job = planned.job("spread_scores_on_text", seed="1", of="average_precision/position")
    assert job.inputs[:2] == [
        f"{RESULTS}/analysis/score_by_label/baseline/s1/{stack}.position.average_precision.npz"
        for stack in ("encoder", "decoder")
    ]
    seeds = planned.job("spread_scores", seed="1", of="correlation/min")
    assert seeds.options["--scores"] == f"{RESULTS}/correlation/seeds/min/baseline/s1.npz"
    # Every seed is read before.
    compared = planned.job("correlate_units_seeds", of="baseline")
    assert {f"{RESULTS}/systems/baseline/s{seed}/model.safetensors" for seed in (1, 2)} <= {*compared.inputs}
    common = planned.job("select_masks", maskset="common", seed="1").options
    assert common["--activations-root"] == f"{RESULTS}/spread/correlation/min/baseline/s1/valid"
    assert common["--stacks"] == "encoder"


def test_the_declared_jobs_are_those_of_the_plan(planned: Plan) -> None:
    declared = {job.outputs for job in jobs_of(load_experiment(asked())) if job.stage == "spread_scores"}
    there = {tuple(file.removeprefix(f"{RESULTS}/") for file in job.outputs) for job in planned.jobs
             if "spread_scores" in job.rule}  # fmt: skip
    assert declared == there and len(declared) == 6


def test_what_masks_cost_has_the_analysis() -> None:
    found = ways(load_experiment(asked()))["fitted"]["extraction"]
    of = "baseline.s{seed}."
    assert found == [
        f"collect_units/{of}encoder.tsv", f"fit_probes/{of}encoder.language.tsv",
        f"collect_units/{of}decoder.tsv", f"fit_probes/{of}decoder.language.tsv",
        "spread_scores/baseline/s{seed}/news/probe", "select_masks/baseline/s{seed}/salient.tsv",
    ]  # fmt: skip


def of(**change: Any) -> dict[str, Any]:
    return asked(masks={"sets": {"salient": change}})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            of(property="langauge"),
            "masks.sets.salient.property: no 'langauge' in analysis.probes.properties (did you mean"
            " 'language'?); it has ['language', 'position']",
        ),
        (
            asked(analysis={"probes": None}),
            "masks.sets.salient.of: probe needs analysis.probes, with language among its properties",
        ),
        (
            asked(analysis={"probes": {"systems": ["fitted"]}}),
            "analysis.probes.systems: masks.sets.salient is selected from units of the baseline; add"
            " baseline",
        ),
        (
            of(text="valid"),
            "masks.sets.salient.text: analysis.probes reads 'news', not 'valid'; write text: news",
        ),
        (
            of(units=["ffn", "head"]),
            "masks.sets.salient.units: analysis.probes.units are ['ffn'], not ['ffn', 'head']; write the"
            " same",
        ),
        (
            asked(analysis={"probes": {"stacks": ["encoder"]}}),
            "masks.sets.salient.stacks: analysis.probes.stacks has no decoder; write stacks: ['encoder']",
        ),
        (
            asked(analysis={"probes": {"scores": False}}),
            "masks.sets.known.of: average_precision needs analysis.probes.scores: true",
        ),
        (of(property=None), "masks.sets.salient: of: probe needs property, such as upos"),
        (
            of(of="activations"),
            "masks.sets.salient: property: goes with of: probe, probeless, selectivity, average_precision;"
            " leave it out",
        ),
        (
            asked(analysis={"correlation": None}),
            "masks.sets.common.of: correlation needs analysis.correlation",
        ),
        (
            asked(analysis={"correlation": {"between": ["systems"]}}),
            "masks.sets.common.of: correlation is that of seeds; add seeds to analysis.correlation.between",
        ),
        (
            asked(analysis={"correlation": {"forms": ["max", "svcca"]}}),
            "masks.sets.common.form: no 'min' in analysis.correlation.forms; it has ['max', 'svcca']",
        ),
        (
            asked(masks={"sets": {"common": {"form": None}}}),
            "masks.sets.common: of: correlation needs form: max, min or linreg",
        ),
    ],
)
def test_what_the_config_refuses(config: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        load_experiment(config)
    assert said in str(error.value)
