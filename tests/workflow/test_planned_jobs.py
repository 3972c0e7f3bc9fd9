"""Every rule: what its jobs read, are told and are compared by; what the rule `all` asks for."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.expected.data import DATA
from tests.workflow.expected.figures import FIGURES
from tests.workflow.expected.job import (
    ALL,
    EXPERIMENT,
    SUBWORDS,
    TEXT,
    TRAIN_FILES,
    TRAINED,
    VALID_FILES,
    Expected,
    braces,
)
from tests.workflow.expected.models import MODELS
from tests.workflow.expected.scores import EVALUATION, EVERY, MODEL, TABLES, TESTED
from tests.workflow.finished_experiment import lay_down_text
from tests.workflow.planned_jobs import Job, Plan, plan
from workflow_scripts.workflow.plan.training_code import TRAINING_RULES, training_code
from workflow_scripts.workflow.settings import HASHES, as_json
from workflow_scripts.workflow.software.closure import closure_hash
from workflow_scripts.workflow.software.environments import environment_identity

RESULTS = "results/small"
#: The rules that train in an experiment without adapters (tests/workflow/test_systems.py).
TRAINING = ("train_baseline", "finetune")
EXPECTED = (*DATA, *MODELS, *EVALUATION, *TABLES, *FIGURES)


def lay_down(folder: Path) -> Path:
    """Put text and a COMET model into the folder, and return it."""
    lay_down_text(folder)
    for name in MODEL:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan(lay_down(tmp_path_factory.mktemp("planned")), EXPERIMENT)


def short(text: str) -> str:
    return re.sub(rf"\b{RESULTS}(?=/|\b)", "R", text)


def below(files: list[str]) -> set[str]:
    """Files as `Expected` has them."""
    return {
        file.removeprefix(f"{RESULTS}/") if file.startswith(f"{RESULTS}/") else f"./{file}" for file in files
    }


def compared(job: Job) -> dict[str, Any]:
    """What a job is compared by, by name: its one param that Snakemake keeps."""
    [text] = job.compared
    settings: dict[str, Any] = json.loads(text)
    return settings


def words(value: Any) -> str:
    """A setting as `Expected` has an option's value: words, JSON, nothing for what is on."""
    if isinstance(value, list):
        return " ".join(map(words, value))
    return "" if value is True else short(as_json(value) if isinstance(value, dict) else str(value))


def hash_of(module: str) -> str:
    """Of decoding with CTranslate2 the other engine is no part."""
    return closure_hash(module, but="translate.live_engine" if module == "translate.decode" else None)


def name_of(expected: Expected) -> str:
    return "-".join([expected.rule, *expected.wildcards.values()]).replace("/", "")


@pytest.mark.parametrize("expected", EXPECTED, ids=name_of)
def test_a_job_of_each_rule(expected: Expected, planned: Plan) -> None:
    job = planned.job(expected.rule, **expected.wildcards)
    assert below(job.inputs) == set(expected.inputs)
    assert {name: short(value) for name, value in job.options.items()} == expected.options
    settings = compared(job)
    assert settings.keys() - {*HASHES} == {name.replace("-", "_") for name in expected.compared.split()}
    for name in expected.compared.split():
        assert words(settings[name.replace("-", "_")]) == expected.options[f"--{name}"]


def test_no_rule_is_left_out(planned: Plan) -> None:
    rules = {job.rule for job in planned.jobs}
    assert rules == {expected.rule for expected in EXPECTED} | {"all", *TRAINING}


def test_two_values_of_a_rule_that_change_places_are_a_change(planned: Plan) -> None:
    """Snakemake compares the forms of params without their names: every pair of every rule is swapped."""
    pairs = 0
    for rule in {job.rule for job in planned.jobs} - {"all"}:
        job = planned.of(rule)[0]
        settings = compared(job)
        for one, two in itertools.combinations(settings, 2):
            swapped = {**settings, one: settings[two], two: settings[one]}
            if swapped != settings:
                pairs += 1
                assert {repr(as_json(swapped))} != {repr(value) for value in job.compared}, (rule, one, two)
    assert pairs > 300


def test_every_job_is_compared_by_the_code_and_the_packages_that_it_runs(planned: Plan) -> None:
    """Those of trainings are in their folders: an edit does not throw weeks away."""
    for rule in {job.rule for job in planned.jobs} - {"all"}:
        job = planned.of(rule)[0]
        environment, module = job.started
        own = (hash_of(module), environment_identity(environment))
        assert job.conda == f"../envs/{environment}.yaml", rule
        settings = compared(job)
        if rule in TRAINING_RULES:
            assert not settings.keys() & {*HASHES}
            assert job.options["--code"] == training_code(rule)
        else:
            assert (settings["code"], settings["environment"]) == own, rule


@pytest.mark.parametrize("rule", TRAINING)
def test_the_jobs_that_train(rule: str, planned: Plan) -> None:
    baseline = rule == "train_baseline"
    system = "baseline" if baseline else "ns-k95"
    job = planned.job(rule, seed="2", **({} if baseline else {"finetuned": system}))
    parent = braces("systems/baseline/s2/{system.json,model.safetensors,spm.model,dict.txt}")
    own = SUBWORDS if baseline else [*parent, "masks/baseline/s2/k95.npz"]
    assert below(job.inputs) == {*TRAIN_FILES, *VALID_FILES, *own}
    said = {name: short(value) for name, value in job.options.items()}
    settings, execution = json.loads(said.pop("--settings")), json.loads(said.pop("--execution"))
    # Of train and of finetune; the sampler follows from the rule.
    wanted = (0.0005, 6000, "mixed") if baseline else (0.001, 1000, "by_direction")
    assert (settings["lr"], settings["max_updates"], settings["sampler"]) == wanted
    # An update is the same however it is cut.
    assert (settings["tokens_per_update"], execution["max_tokens"], execution["threads"]) == (2400, 2400, 1)
    assert "max_tokens" not in settings and "threads" not in settings
    assert said.pop("--code") == training_code(rule)
    architecture = said.pop("--architecture", "{}")
    assert json.loads(architecture).get("ffn_dim") == (1024 if baseline else None)
    first = {"--text": TEXT, "--subwords": f"R/{SUBWORDS[0]}", "--dictionary": f"R/{SUBWORDS[1]}"}
    later = {
        "--system": system,
        "--parent": "R/systems/baseline/s2",
        "--masks": "R/masks/baseline/s2/k95.npz",
    }
    assert said == {
        **(first if baseline else later),
        "--data-bin": "R/data/bin/shard0:R/data/bin/shard1",
        "--directions": TRAINED,
        "--languages": "en de fr",
        "--seed": "2",
        "--folder": f"R/training/{system}/s2",
        "--out": f"R/systems/{system}/s2",
    }
    names = {"settings", "directions", "languages", "folder", *(["architecture", "text"] if baseline else [])}
    found = compared(job)
    assert found.keys() == names
    assert {name: words(value) for name, value in found.items()} == {
        name: short(job.options[f"--{name}"]) for name in names
    }


def test_trainings_have_no_more_threads_than_the_run_has_cores(tmp_path: Path) -> None:
    eight = {name: {**EXPERIMENT[name], "threads": 8} for name in ("train", "finetune")}
    found = plan(lay_down(tmp_path), {**EXPERIMENT, **eight}, cores=3)
    jobs = [job for rule in TRAINING for job in found.of(rule)]
    assert {json.loads(job.options["--execution"])["threads"] for job in jobs} == {3}


def test_all_asks_for_everything_that_the_config_asks_for(planned: Plan) -> None:
    """Files that another job reads too: one that was lost is made again although that job's output stands."""
    directions = f"{{{ALL.replace(' ', ',')}}}"
    place = "s{1,2}/{news,talks}"
    wanted = [
        "data/card.json",
        *braces(f"translations/{EVERY}/{place}/{directions}.txt"),
        *braces(f"scores/{EVERY}/{place}.{{raw,paper}}.json"),
        *braces(f"comet/{EVERY}/{place}.{{raw,paper}}.{{own,comet}}.json"),
        *braces(f"significance/{TESTED}/{place}.{{raw,paper}}.json"),
        *braces(f"significance/{TESTED}/{place}.{{raw,paper}}.{{own,comet}}.json"),
        *braces(f"{{off_target,likelihoods}}/{EVERY}/{place}.json"),
        *braces(f"contrastive/{EVERY}/s{{1,2}}/gender.json"),
        *braces(
            "figures/{training,sweep_ns,gains_news,gains_talks,costs,iou_k95,iou_by_layer,kept_by_layer,"
            "off_target_news,off_target_talks}.{png,pdf,csv,rst}"
        ),
        *braces(
            "figures/{criteria,ablation_ns-k95,effects_baseline_lape,effects_baseline_masks}.{png,pdf,csv,rst}"
        ),
        *braces("analysis/mask_control/baseline/s{1,2}/k70.json"),
        *braces("analysis/{criteria,effect_matrix}/baseline/s{1,2}.json"),
        "analysis/strongest_units/baseline/s1.json",
        *braces("analysis/ablate_units/ns-k95/s{1,2}.json"),
        *braces("analysis/overlap/baseline/s{1,2}/k95.json"),
        *braces(
            "tables/{scores,summary,groups,differences,interference,health,significance,wins,seeds,"
            "controls,choice,zero_shot,costs,likelihood,contrastive,published}.{md,csv,tex,parquet}"
        ),
        "tables/cautions.txt",
        *braces("tables/units.{md,csv,json}"),
        *braces("report/answer.{html,md}"),
    ]
    [everything] = planned.of("all")
    assert below(everything.inputs) == {*wanted}
    assert len(everything.inputs) == len(wanted)


@pytest.mark.parametrize(
    ("name", "fits", "fits_not"),
    [
        ("direction", ["en-de", "de-fr"], ["fr-de", "de", "en-de-fr"]),
        ("pair", ["de-en", "de-fr"], ["en-de", "fr-de"]),
        ("lang", ["en", "fr"], ["nl", "e", "en.de"]),
        ("subset", ["train", "valid", "talks"], ["test", "new"]),
        ("testset", ["news", "talks"], ["train", "valid"]),
        ("seed", ["1", "2"], ["3", "12"]),
        ("system", ["baseline", "ns-k70"], ["ns", "ns-k7", "ns-k701"]),
        ("finetuned", ["continued", "ns-k95"], ["baseline"]),
        ("maskset", ["k70", "k95", "all"], ["70", "k9", "none"]),
        ("sweep", ["ns"], ["continued", "ns-k70"]),
        ("comet", ["own", "comet"], ["raw", "own.comet"]),
        ("contrast", ["gender"], ["news"]),
    ],
)
def test_wildcards_are_names_of_the_config(
    name: str, fits: list[str], fits_not: list[str], planned: Plan
) -> None:
    pattern = planned.wildcards[name]
    assert [re.fullmatch(pattern, one) is not None for one in (*fits, *fits_not)] == [
        *[True] * len(fits),
        *[False] * len(fits_not),
    ]


def test_a_job_is_for_each_of_its_wildcards(planned: Plan) -> None:
    """4 systems, 2 seeds, 2 test sets, 5 directions, 2 kinds of references, 2 COMET models.

    Of the 6 sides of the pairs 5 are targets: nothing is translated from French into German.
    """
    counts = {
        "decode": 80,
        "score": 32,
        "compare": 24,
        "compare_comet": 48,
        "score_comet": 64,
        "identify": 16,
    }
    counts |= {"rebuild_references": 10, "train_baseline": 2, "finetune": 6, "select_masks": 12}
    assert {rule: len(planned.of(rule)) for rule in counts} == counts
