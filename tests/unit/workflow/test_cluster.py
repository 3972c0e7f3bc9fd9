"""Requests against a cluster, refusals told with their line of the profile, the jobs in its queue.

SLURM's programs are scripts that say what SLURM 22.05 and 23.11 say; tests/slurm asks a real controller.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.cluster import queue
from workflow_scripts.workflow.cluster import submission as cluster
from workflow_scripts.workflow.cluster.profile import Profile, find_profile
from workflow_scripts.workflow.cluster.submission import Request

PROFILE = """\
__variables__:
  account: null
  # a comment with cpu_partition: gone
  cpu_partition: cpus
  gpu_partition: gpu
  gpus: 1
executor: slurm
jobs: 200
default-resources:
  slurm_partition: ?cpu_partition
  mem_mb: 4000
"""
Programs = Callable[[Mapping[str, str]], None]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.yaml").write_text(PROFILE)
    found = find_profile(["--cores", "2", "--profile", str(tmp_path / "site")])
    assert found is not None
    return found


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Put shell scripts in the place of SLURM's programs."""

    def lay_down(scripts: Mapping[str, str]) -> None:
        for name, script in scripts.items():
            file = tmp_path / "bin" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(file.stat().st_mode | stat.S_IXUSR)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return lay_down


SINFO = (
    "echo 'cpu|1-00:00:00|64000+|(null)'; echo 'cpu|1-00:00:00|128000|(null)'; "
    "echo 'gpu|8:00:00|512000|gpu:a100:4(S:0,1),gpu:3g.20gb:2,nvme:1'"
)
TAKES = "echo 'sbatch: Job 3 to start at 2026-11-21T13:38:03' >&2"


def test_a_profile_is_found_by_its_option(profile: Profile) -> None:
    assert profile.executor() == "slurm"
    assert find_profile(["--cores", "2"]) is None


def test_a_place_is_the_line_of_the_value_whatever_it_is_called(profile: Profile) -> None:
    assert profile.number("slurm_partition", "cpus") == 4
    assert profile.number("slurm_partition", "gpu") == 5
    assert profile.number("slurm_partition") == 10
    assert profile.number("mem_mb", 4000) == 11
    assert profile.place("jobs") == f"{profile.path}:8"
    # What stands nowhere: the file alone.
    assert profile.place("qos", "fast") == str(profile.path)


def test_a_request_becomes_options_of_sbatch() -> None:
    resources = {
        "slurm_partition": "gpu",
        "gpu": 2,
        "gpu_model": "a100",
        "mem_mb": 32000,
        "runtime": 60,
        "tmpdir": "/x",
    }
    assert Request.of(resources, threads=8).options() == [
        "--partition=gpu",
        "--gpus=a100:2",
        "--mem=32000",
        "--time=60",
        "--cpus-per-task=8",
    ]
    assert Request(slurm_account="lab", qos="fast", constraint="nvlink", gpu=1, nodes=2).options() == [
        "--account=lab",
        "--qos=fast",
        "--constraint=nvlink",
        "--gpus=1",
        "--nodes=2",
        "--cpus-per-task=1",
    ]


REQUESTS = {
    "partition": (
        Request("cpus"),
        ":4: slurm_partition cpus (rule decode): there is no such partition (did you mean 'cpu'?)",
    ),
    "time": (
        Request("gpu", runtime=481),
        ": runtime 481 (rule decode): partition gpu gives at most 480 minutes",
    ),
    "memory": (
        Request("cpu", mem_mb=128001),
        ":11: mem_mb 128001 (rule decode): the largest node of partition cpu has 128000",
    ),
    "GPU": (
        Request("gpu", gpu=1, gpu_model="h100"),
        ": gpu_model h100 (rule decode): no node of partition gpu has such GPUs (did you mean 'a100'?)",
    ),
}


def test_of_several_partitions_one_must_take_the_job(profile: Profile, programs: Programs) -> None:
    programs({"sinfo": SINFO, "sbatch": TAKES})
    for request, message in (
        (Request("gpu,cpu", runtime=1440), None),  # a day, which cpu gives
        (
            Request("gpu,cpu", runtime=1441),
            ": runtime 1441 (rule decode): partition gpu gives at most 480 minutes",
        ),
        (
            Request("cpu,gpux"),
            ":10: slurm_partition cpu,gpux (rule decode): there is no such partition 'gpux' (did you mean"
            " 'gpu'?)",
        ),
    ):
        said = cluster.refused_request({request: "decode"}, profile)
        assert said == (message and f"{profile.path}{message}")


@pytest.mark.parametrize("what", REQUESTS)
def test_what_no_node_can_give(what: str, profile: Profile, programs: Programs) -> None:
    programs({"sinfo": SINFO, "sbatch": TAKES})
    request, message = REQUESTS[what]
    assert cluster.refused_request({request: "decode"}, profile) == f"{profile.path}{message}"


def test_what_can_be_given_is_asked_of_the_controller(profile: Profile, programs: Programs) -> None:
    programs({"sinfo": SINFO, "sbatch": TAKES})
    most = Request("gpu", gpu=4, gpu_model="a100", mem_mb=512000, runtime=480)
    assert cluster.refused_request({most: "train_baseline", Request("cpu"): "decode"}, profile) is None
    said = "allocation failure: Invalid account or account/partition combination specified"
    programs({"sbatch": f"echo '{said}' >&2"})
    assert cluster.refused_request({Request("cpu", slurm_account="lab"): "decode"}, profile) == (
        f"{profile.path}:2: slurm_account lab (rule decode): Invalid account or account/partition combination"
        " specified (the account is not known here, or may not use this partition)"
    )


def test_kinds_of_gpus_have_any_name(profile: Profile, programs: Programs) -> None:
    programs({"sinfo": SINFO, "sbatch": TAKES})
    assert cluster.refused_request({Request("gpu", gpu=1, gpu_model="3g.20gb"): "finetune"}, profile) is None


def test_a_refusal_without_a_word(profile: Profile, programs: Programs) -> None:
    programs({"sinfo": SINFO, "sbatch": "exit 1"})
    said = cluster.refused_request({Request("cpu"): "decode"}, profile)
    assert said == f"{profile.path}:7: executor (rule decode): no reason given (see the SLURM manual)"


def test_a_controller_that_does_not_answer(profile: Profile, programs: Programs) -> None:
    programs({"sinfo": "echo 'slurm_load_partitions: Unable to contact slurm controller' >&2; exit 1"})
    with pytest.raises(UserError, match="does not answer sinfo: slurm_load_partitions: Unable to contact"):
        cluster.refused_request({Request("cpu"): "decode"}, profile)


LOG = """\
Error in rule decode:
    message: SLURM sbatch failed. The error message was 'sbatch: error: QOSMaxSubmitJobPerUserLimit
sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)'.
    sbatch call:
        sbatch --parsable --job-name x
"""


def test_a_refusal_in_the_log_of_a_run(profile: Profile) -> None:
    said = cluster.explain(LOG, profile)
    assert said is not None
    assert said.startswith(
        f"{profile.path}:8: sbatch refused a job: sbatch: error: Batch job submission failed"
    )
    assert said.endswith("(the limit of jobs, or of what they may use, is reached; ask for less)")
    assert "\n" not in said
    assert cluster.explain("Error in rule decode:\n  exit status 1\n", profile) is None


def test_jobs_are_followed_by_sacct_only_where_squeue_forgets_them(programs: Programs) -> None:
    squeue = ["--slurm-status-command", "squeue"]
    programs({"scontrol": "echo 'MinJobAge               = 300 sec'", "sacct": "exit 0"})
    assert cluster.status_options() == squeue
    programs({"scontrol": "echo 'MinJobAge               = 30 sec'"})
    assert cluster.status_options() == ["--slurm-status-command", "sacct", "--slurm-array-jobs", ""]
    programs({"sacct": "echo 'Slurm accounting storage is disabled' >&2; exit 1"})
    assert cluster.status_options() == squeue


# ---- the queue -------------------------------------------------------------------------------------------


def test_names_tell_folders_and_experiments_apart(tmp_path: Path) -> None:
    one = queue.name_prefix(tmp_path, "ec30")
    assert one.startswith("neuronspec-ec30-")
    assert one == queue.name_prefix(tmp_path / "x" / "..", "ec30")
    assert len({one, queue.name_prefix(tmp_path, "ec31"), queue.name_prefix(tmp_path.parent, "ec30")}) == 3
    assert len(queue.name_prefix(tmp_path, "a_long.name" * 9)) <= 50


def lines(prefix: str, state: str) -> str:
    return "\n".join(
        [
            f"echo '7|{state}|{prefix}_0a1b|rule_train_baseline_wildcards_1'",
            f"echo '8_1|PENDING|{prefix}_0a1b|rule_decode_wildcards_ns-k95_1_test_de-en'",
            f"echo '8_2|PENDING|{prefix}_0a1b|rule_decode_wildcards_ns-k95_1_test_de-en'",
            f"echo '6|COMPLETED|{prefix}_0a1b|rule_binarise_wildcards_x'",
            "echo '5|RUNNING|another-name|rule_decode'",
        ]
    )


def test_jobs_in_the_queue_by_rule(programs: Programs, tmp_path: Path) -> None:
    prefix = queue.name_prefix(tmp_path, "ec30")
    programs({"squeue": lines(prefix, "RUNNING")})
    assert queue.in_queue(tmp_path, "ec30") == {"train_baseline": {"running": 1}, "decode": {"pending": 2}}
    programs({"squeue": "exit 1"})
    assert queue.in_queue(tmp_path, "ec30") is None


def test_jobs_left_behind_are_cancelled_and_waited_for(programs: Programs, tmp_path: Path) -> None:
    """What the script of scancel does here: the queue is empty from then on."""
    prefix, gone = queue.name_prefix(tmp_path, "ec30"), tmp_path / "cancelled"
    programs(
        {"squeue": f"[ -e {gone} ] && exit 0\n{lines(prefix, 'RUNNING')}", "scancel": f'echo "$@" > {gone}'}
    )
    assert queue.cancel_left_behind(prefix) == (
        "3 jobs of an earlier run were still in the queue and were cancelled: decode (2), train_baseline (1)"
    )
    assert gone.read_text() == "7 8_1 8_2\n"
    assert queue.cancel_left_behind(prefix) is None


def test_jobs_that_do_not_go_stop_the_run(programs: Programs, tmp_path: Path) -> None:
    prefix = queue.name_prefix(tmp_path, "ec30")
    programs({"squeue": lines(prefix, "COMPLETING"), "scancel": "exit 0"})
    with pytest.raises(UserError, match=r"do not leave the queue: end them first \(scancel 7 8_1 8_2\)"):
        queue.cancel_left_behind(prefix, patience=0.0)
