"""What a run would cost: figures from earlier runs, worked out by hand, and what is unknown."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.planned import a_job
from tests.unit.workflow.trainings import experiment_of, write_finished
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.plan import duration, plan_of, table, wall_seconds
from workflow_scripts.workflow.plan.times import PastTraining, job_times, past_trainings, sizes_of

GIVEN = {"subset": "train", "pair": "de-en", "direction": "de-en", "testset": "news"}
SETTINGS = {"max_updates": 1000, "max_tokens": 2000, "warmup_updates": 100, "patience": None}


def experiment(**keys: Any) -> Experiment:
    given = {"model": {"preset": "tiny"}, "train": SETTINGS, "finetune": SETTINGS}
    return experiment_of(**{**given, **keys})


def planned(rule: str, name: str, threads: int = 1, **wildcards: str) -> PlannedJob:
    return a_job(rule, {**GIVEN, **wildcards}, name=name, threads=threads)


def benchmark(results: Path, stage: str, name: str, seconds: float, memory: str = "NA") -> None:
    path = results / "benchmarks" / stage / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tmax_rss\n{seconds}\t{memory}\n")


def training(
    results: Path,
    system: str = "baseline",
    *,
    updates: int = 100,
    seconds: float = 50.0,
    gpu_hours: float = 0.0,
    devices: tuple[str, ...] = ("cpu",),
) -> Path:
    """Lay down what a finished training of the tiny network leaves; 2,000 tokens an update."""
    folder = results / "training" / system / "s1"
    system_folder = results / "systems" / system / "s1"
    folder.mkdir(parents=True)
    system_folder.mkdir(parents=True)
    finished = {
        "updates": updates,
        "reason": "max_updates",
        "identity": {"tokens_per_update": 2000},
    }
    attempt = {"devices": list(devices)}
    history = {"seconds": seconds, "peak_memory_mb": 300.0, "gpu_hours": gpu_hours, "attempts": [attempt]}
    (folder / "finished.json").write_text(json.dumps(finished))
    (folder / "history.json").write_text(json.dumps(history))
    architecture = experiment().model.architecture()
    (system_folder / "system.json").write_text(json.dumps({"architecture": architecture}))
    return folder


def test_jobs_cost_what_they_took_or_the_mean_of_their_stage(tmp_path: Path) -> None:
    here, other = tmp_path / "x", tmp_path / "other"
    benchmark(here, "score", "a", 2.0)
    benchmark(here, "score", "b", 4.0)
    benchmark(other, "tabulate", "t", 1.5)
    benchmark(other, "decode", "d", 9.0)  # of a network of unknown size
    jobs = [planned("score", "a"), planned("score", "c"), planned("tabulate", "t"), planned("decode", "d")]
    found = plan_of(experiment(), tmp_path, jobs).estimates
    assert [(one.stage, one.seconds, one.how) for one in found] == [
        ("decode", None, "no such job has run here"),
        ("score", 2.0, "as it took last time"),
        ("score", 3.0, "mean of 2 here"),
        ("tabulate", 1.5, "mean of 1 of other, which has other text"),
    ]


def test_a_jobs_own_last_time_is_found_also_where_it_lay_in_earlier_versions(tmp_path: Path) -> None:
    benchmark(tmp_path / "x", "decode", "baseline.s1.news.de-en", 3.0)
    benchmark(tmp_path / "x", "decode", "baseline/s1/news.en-de", 5.0)
    # The same file name as of another system, which has not run.
    names = ("baseline/s1/news.de-en", "baseline/s1/news.en-de", "ns-k70/s1/news.en-de")
    estimates = plan_of(experiment(), tmp_path, [planned("decode", name) for name in names]).estimates
    assert [(one.jobs, one.seconds, one.how) for one in estimates] == [
        (2, 8.0, "as it took last time"),
        (1, 4.0, "mean of 2 here"),
    ]


def test_stages_of_the_network_are_compared_only_with_one_of_its_size(tmp_path: Path) -> None:
    benchmark(tmp_path / "alike", "decode", "d", 20.0, "512.0")
    training(tmp_path / "alike")
    (job,) = plan_of(experiment(), tmp_path, [planned("decode", "e")]).estimates
    assert (job.seconds, job.memory_mb) == (20.0, 512.0)
    large = experiment(model={"preset": "small"})
    assert plan_of(large, tmp_path, [planned("decode", "e")]).estimates[0].seconds is None


def test_a_training_takes_the_pace_of_one_of_its_size(tmp_path: Path) -> None:
    training(tmp_path / "other", updates=100, seconds=50.0)
    jobs = [planned("train_baseline", "s1", seed="1", threads=2)]
    (one,) = plan_of(experiment(), tmp_path, jobs).estimates
    # 0.5 s an update of 2,000 tokens: 1,000 updates are 500 s, on two cores each.
    assert (one.seconds, one.core_seconds, one.memory_mb) == (500.0, 1000.0, 300.0)
    assert one.how == "1,000 updates × 0.5 s, as other/baseline s1 on cpu"
    twice = experiment(train={**SETTINGS, "update_freq": 2, "patience": 5})
    (one,) = plan_of(twice, tmp_path, jobs).estimates
    assert one.seconds == 1000.0
    assert one.how == "up to 1,000 updates × 1 s, as other/baseline s1 on cpu, scaled to 4,000 tokens"


def test_gpu_hours_are_those_of_a_measured_training(tmp_path: Path) -> None:
    # Half an hour on two GPUs is one GPU hour; ten times the updates, ten.
    training(tmp_path / "other", updates=100, seconds=1800.0, gpu_hours=1.0, devices=("H", "H"))
    plan = plan_of(experiment(), tmp_path, [planned("train_baseline", "s1", seed="1")])
    assert plan.gpu_measured == pytest.approx(10.0)
    assert plan.gpu_computed == 0.0
    assert plan.estimates[0].how.endswith("as other/baseline s1 on 2 × H")


def test_on_a_gpu_a_size_that_was_never_trained_has_no_time_but_operations(tmp_path: Path) -> None:
    small = experiment(model={"preset": "small"}, subwords={"vocab_size": 8000})
    plan = plan_of(small, tmp_path, [planned("train_baseline", "s1", seed="1")], cores_per_gpu=8.0)
    # Width 256, 1,024 neurons: attention 263,168, feed-forward 525,568, norm 512. Encoder 3 × 789,760,
    # decoder 3 × 1,053,440, final norms 1,024, two embeddings of 8,003 symbols 4,097,536: 9,628,160 in all.
    assert plan.estimates[0].seconds is None
    assert plan.gpu_computed == pytest.approx(6 * 9_628_160 * 2000 * 1000 / 1e14 / 3600)
    said = table(plan, 2)
    assert "up to" not in said
    assert "1,000 updates; no network of this size was trained here" in said
    assert "1 job; wall time unknown: nothing like them has run here" in said
    assert "GPU: less than 0.1 GPU hours for the updates of unknown pace, if a GPU does 1e+14" in said


def test_on_cpus_it_has_a_first_estimate(tmp_path: Path) -> None:
    small = experiment(model={"preset": "small"}, subwords={"vocab_size": 8000})
    plan = plan_of(small, tmp_path, [planned("train_baseline", "s1", seed="1", threads=2)])
    # Of 9,629,184 parameters 1,000 tokens took 0.396 s; these are 9,628,160, and 2,000 tokens an update.
    assert plan.estimates[0].seconds == pytest.approx(0.396 * 9_628_160 / 9_629_184 * 2000, rel=1e-3)
    assert (plan.gpu_computed, plan.gpu_measured) == (0.0, 0.0)
    said = table(plan, 2)
    assert "1,000 updates × 0.79 s: first estimate" in said
    assert "1 job; wall time 13 min, one stage after the other\nfirst estimates: figures of two cores" in said


def test_what_is_unknown_is_in_no_sum(tmp_path: Path) -> None:
    benchmark(tmp_path / "x", "score", "a", 20.0)
    jobs = [planned("score", "a"), planned("score_comet", "c"), planned("decode", "d")]
    lines = table(plan_of(experiment(), tmp_path, jobs), 2).splitlines()
    assert lines[-1] == "3 jobs; wall time unknown: no figures of decode, score_comet; all others 20 s"
    # As fast as the network: nothing that a plan could know.
    jobs = [planned("score", "a"), planned("download_corpus", "d")]
    lines = table(plan_of(experiment(), tmp_path, jobs), 2).splitlines()
    assert lines[-1] == "2 jobs; wall time 20 s and the download, one stage after the other"


def test_a_stage_that_had_another_name_has_its_earlier_figures(tmp_path: Path) -> None:
    benchmark(tmp_path / "x", "comet", "a", 20.0)
    benchmark(tmp_path / "x", "comet", "b", 40.0)
    benchmark(tmp_path / "x", "score_comet", "b", 10.0)
    jobs = [planned("score_comet", "a"), planned("score_comet", "b")]
    (estimate,) = plan_of(experiment(), tmp_path, jobs).estimates
    assert (estimate.seconds, estimate.how) == (30.0, "as it took last time")


def test_where_text_counts_other_text_tells_less_than_other_machines(tmp_path: Path) -> None:
    benchmark(tmp_path / "other", "binarise", "b", 0.3)
    benchmark(tmp_path / "other", "tabulate", "t", 3.0)
    (tmp_path / "x/data/text/train").mkdir(parents=True)
    (tmp_path / "x/data/text/train/de-en.json").write_text('{"sentences": 2000000}')
    jobs = [planned("binarise", "train.de-en.de"), planned("tabulate", "tables")]
    binarise, tabulate = plan_of(experiment(), tmp_path, jobs).estimates
    # 0.25 s, and 0.03 s for 1,000 sentences.
    assert binarise.seconds == pytest.approx(60.25) and binarise.first
    assert (tabulate.seconds, tabulate.first) == (3.0, False)


def test_updates_that_are_done_are_not_planned_again(tmp_path: Path) -> None:
    folder = training(tmp_path / "x", updates=400, seconds=200.0)
    write_finished(folder, experiment(), updates=400)
    job = planned("train_baseline", "s1", seed="1")

    def cost(of: Experiment, *before: PlannedJob) -> tuple[float | None, str]:
        *_, one = plan_of(of, tmp_path, [*before, job]).estimates
        return one.seconds, one.how

    longer = experiment(train={**SETTINGS, "max_updates": 1600})
    assert cost(longer) == (600.0, "1,200 updates more × 0.5 s, as x/baseline s1 on cpu")
    # Ended by patience: nothing is left.
    assert cost(experiment()) == (0.0, "trained already: only exported again")
    other = experiment(train={**SETTINGS, "lr": 0.1})
    assert cost(other) == (500.0, "1,000 updates × 0.5 s, as x/baseline s1 on cpu")


def test_a_training_whose_inputs_are_made_again_costs_all_its_updates_at_most(tmp_path: Path) -> None:
    write_finished(training(tmp_path / "x", updates=1000, seconds=500.0), experiment())
    binarise = planned("binarise", "train.de-en")
    job = dataclasses.replace(planned("train_baseline", "s1", seed="1"), inputs=binarise.outputs)
    *_, one = plan_of(experiment(), tmp_path, [binarise, job]).estimates
    assert (one.seconds, one.how) == (
        500.0,
        "up to 1,000 updates × 0.5 s, as x/baseline s1 on cpu; if its inputs come out the same, only exported"
        " again",
    )
    longer = experiment(train={**SETTINGS, "max_updates": 1400})
    *_, one = plan_of(longer, tmp_path, [binarise, job]).estimates
    assert (one.seconds, one.how) == (
        700.0,
        "up to 1,400 updates × 0.5 s, as x/baseline s1 on cpu; if its inputs come out the same, only 400"
        " more",
    )


def test_wall_time_is_shared_by_cores_and_no_less_than_the_longest_job(tmp_path: Path) -> None:
    for name, seconds in (("a", 10.0), ("b", 20.0), ("c", 30.0)):
        benchmark(tmp_path / "x", "score", name, seconds)
    benchmark(tmp_path / "x", "decode", "d", 40.0, "100.0")
    jobs = [planned("score", name) for name in "abc"] + [planned("decode", "d", threads=2)]
    found = plan_of(experiment(), tmp_path, jobs).estimates
    assert wall_seconds(found, 1) == 60 + 80
    assert wall_seconds(found, 2) == 30 + 40
    assert wall_seconds(found, 16) == 30 + 40
    assert table(plan_of(experiment(), tmp_path, jobs), 2).splitlines() == [
        "stage   jobs  one job  on 2 cores  memory  from",
        "decode     1     40 s        40 s  100 MB  as it took last time",
        "score      3     20 s        30 s       –  as it took last time",
        "4 jobs; wall time 70 s, one stage after the other",
        "memory: 100 MB the largest job whose memory is known; several run at once",
    ]
    assert table(plan_of(experiment(), tmp_path, []), 2).startswith("nothing to do")


def test_jobs_with_a_gpu_wait_for_one_another_as_the_gpus_are_few(tmp_path: Path) -> None:
    for name in "abcd":
        benchmark(tmp_path / "x", "mask_control", name, 100.0)
    jobs = [replace(planned("mask_control", name), gpus=1) for name in "abcd"]
    # On 16 cores all at once; with two GPUs, eight cores for each, two at a time.
    assert wall_seconds(plan_of(experiment(), tmp_path, jobs).estimates, 16) == 100
    assert wall_seconds(plan_of(experiment(), tmp_path, jobs, cores_per_gpu=8.0).estimates, 16) == 200


def test_broken_records_are_left_out(tmp_path: Path) -> None:
    benchmark(tmp_path / "x", "score", "a", 2.0)
    (tmp_path / "x/benchmarks/score/b.tsv").write_text("s\tmax_rss\n")
    (tmp_path / "x/benchmarks/score/c.tsv").write_text("s\tmax_rss\n-\t-\n")
    assert [one.seconds for one in job_times(tmp_path / "x/benchmarks/score")] == [2.0]
    whole = training(tmp_path / "x")
    (training(tmp_path / "y") / "history.json").write_text("{")
    whole.rename(whole.with_name("s2"))  # its system lies elsewhere
    training(tmp_path / "z")
    sizes = sizes_of(experiment().model.architecture())
    expected = PastTraining("z", "baseline", "s1", sizes, 2000, 100, 50.0, 300.0, 0.0, "cpu")
    assert past_trainings(tmp_path) == [expected]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "unknown"), (0.25, "0.25 s"), (90, "90 s"), (600, "10 min"), (9000, "2.5 h")],
)
def test_durations_are_in_the_unit_that_fits(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
