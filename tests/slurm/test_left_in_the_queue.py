"""A training of two tasks whose workflow is killed and whose node fails: it never runs twice at once."""

from datetime import datetime
from itertools import pairwise

from tests.slurm.programs import call
from tests.slurm.runs import TRAINING, UPDATES_OF_TWO
from tests.slurm.site import VENVS, slurm_jobs

COMPARE = """
import sys
from safetensors.numpy import load_file
one, two = (load_file(path) for path in sys.argv[1:])
print(max(float(abs(one[name] - two[name]).max()) for name in one))
"""


def test_two_processes_trained(two_tasks):
    history = two_tasks.history("baseline")
    assert [len(attempt["devices"]) for attempt in history] == [2, 2, 2]
    assert {attempt["execution"]["processes"] for attempt in history} == {2}
    assert history[-1]["to_update"] == UPDATES_OF_TWO


def test_a_job_of_a_killed_workflow_is_cancelled(two_tasks):
    assert (
        "1 jobs of an earlier run were still in the queue and were cancelled: train_baseline (1)"
        in two_tasks.said
    )
    killed = two_tasks.starts(TRAINING)[0].job
    assert [job.state for job in slurm_jobs() if job.number == killed] == ["CANCELLED"]


def test_a_failed_node_gives_the_job_back_to_the_queue(two_tasks):
    """SLURM requeues it under its number, and Snakemake does not submit it beside that."""
    jobs = [start.job for start in two_tasks.starts(TRAINING)]
    assert len(jobs) == 3
    assert jobs[0] != jobs[1] == jobs[2]


def test_it_never_ran_twice_at_once(two_tasks):
    spans = [
        (datetime.fromisoformat(a["started"]).timestamp(), a["seconds"])
        for a in two_tasks.history("baseline")
    ]
    assert len(spans) == 3
    assert all(a + seconds <= b + 2 for (a, seconds), (b, _) in pairwise(spans))


def test_two_processes_train_what_one_does(two_tasks, alone_two_tasks):
    weights = [
        str(results / "systems/baseline/s1/model.safetensors")
        for results in (alone_two_tasks, two_tasks.results)
    ]
    assert float(call(str(VENVS / "text/bin/python"), "-c", COMPARE, *weights)) <= 1e-5
