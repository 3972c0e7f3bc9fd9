"""The tiny experiment through the SLURM profile, from text to tables, with what goes wrong on a cluster."""

from tests.chaos.compare import differences, number_compared
from tests.slurm.runs import FAILS, TRAINING, UPDATES
from tests.tiny_experiment import DIRECTIONS, SYSTEMS


def test_every_result_is_that_of_one_machine(finished, alone_finished):
    assert differences(alone_finished, finished.run.results) == []
    # Each but costs as Markdown, CSV, LaTeX and Parquet; the three of the units, and the cautions.
    assert number_compared(alone_finished)["tables"] == 11 * 4 + 3 + 1


def test_a_training_longer_than_its_time_limit_goes_on_in_slices(finished):
    starts = finished.run.starts(TRAINING)
    history = finished.run.history("baseline")
    assert len(starts) == len(history) >= 3
    # The first slice ended in time, and the same job went on.
    assert history[0]["outcome"] == "time limit"
    assert starts[0].job == starts[1].job == finished.cancelled
    # What scancel ended had time to save.
    assert [one["outcome"] for one in history].count("SIGTERM") == 1
    assert history[-1]["outcome"] == "finished"
    updates = [attempt["to_update"] for attempt in history if attempt["outcome"] == "time limit"]
    assert updates == sorted(set(updates))
    assert 0 < updates[0] < UPDATES


def test_a_slice_is_no_failure_and_asks_for_no_more(finished):
    """What was cancelled has failed: a new job. It would ask for more, but 6,000 MB is the most."""
    assert len({job.number for job in finished.of("train_baseline")}) == 2
    assert {job.memory for job in finished.of("train_baseline")} == {"6000M"}


def test_a_cancelled_training_goes_on_under_a_new_number(finished):
    jobs = finished.of("train_baseline")
    assert sorted(job.state for job in jobs) == ["CANCELLED", "COMPLETED"]
    assert next(job.number for job in jobs if job.state == "CANCELLED") == finished.cancelled
    # Each attempt goes on from where another was, the one after the cancelled one too.
    updates = [attempt["to_update"] for attempt in finished.run.history("baseline")]
    assert updates == sorted(set(updates))
    log = (finished.run.results / "logs/train_baseline/s1.log").read_text()
    assert f"resumed at update {updates[-2]}," in log


def test_a_job_that_failed_comes_again_with_more_memory(finished):
    starts = finished.run.starts(FAILS)
    assert len(starts) == 2
    first, second = (next(job for job in finished.jobs if job.number == start.job) for start in starts)
    assert first.number != second.number
    assert (first.rule, first.state, first.memory) == ("write_card", "FAILED", "4000M")
    assert (second.rule, second.state, second.memory) == ("write_card", "COMPLETED", "8000M")


def test_jobs_with_a_gpu_see_one_and_the_others_none(finished):
    for module in ("train.train_baseline", "train.finetune", "activations.count_activations"):
        gpus = {start.gpus for start in finished.run.starts(f"workflow_scripts.{module}")}
        assert gpus and gpus <= {"0", "1"}, module
    assert {start.gpus for start in finished.run.starts("workflow_scripts.translate.decode")} == {"unset"}


def test_decodes_are_tasks_of_arrays(finished):
    tasks = [job.number for job in finished.of("decode")]
    assert len(tasks) == len(SYSTEMS) * len(DIRECTIONS)
    assert all("_" in number for number in tasks)
    # A system's decodes are one submission.
    assert len({number.partition("_")[0] for number in tasks}) == len(SYSTEMS)


def test_short_jobs_share_a_submission(finished):
    """Seven texts to prepare, fourteen sides to binarise and five to rebuild: two jobs."""
    for group in ("text_", "binarised_"):
        assert len([job for job in finished.jobs if job.rule.startswith(group)]) == 1
    assert len(finished.run.starts("workflow_scripts.data.prepare_text")) == 7
    assert len(finished.run.starts("workflow_scripts.data.binarise")) == 14
    assert not [job for job in finished.jobs if job.rule in ("prepare_text", "binarise")]


def test_cheap_jobs_stay_off_the_cluster(finished):
    assert len(finished.run.starts("workflow_scripts.report.tables.tabulate")) == 1
    assert finished.run.starts("workflow_scripts.report.tables.tabulate")[0].job == ""
    assert finished.of("tabulate") == []


def test_a_second_run_has_nothing_to_do(finished):
    finished.run.finish(finished.run.begin())
    assert "Nothing to be done" in finished.run.said.rpartition("Building DAG")[2]
