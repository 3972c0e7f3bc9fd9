"""The place of a process, as torchrun and srun tell it; SLURM's variables as a real srun set them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.launch import Place, first_host, place, start_processes, take_place

#: Of `srun --ntasks=2` in a job of one machine (22.05), what matters.
STEP = {
    "SLURM_JOB_ID": "4",
    "SLURM_JOB_NODELIST": "vm",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NODELIST": "vm",
    "SLURM_STEP_NUM_NODES": "1",
    "SLURM_STEP_NUM_TASKS": "2",
}
#: Of the batch script of such a job: it is one process, whatever the number of tasks.
BATCH = {"SLURM_JOB_ID": "4", "SLURM_LOCALID": "0", "SLURM_NTASKS": "2", "SLURM_PROCID": "0"}
TORCHRUN = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "MASTER_ADDR": "m", "MASTER_PORT": "29500"}
MEETING = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No variables of torchrun or SLURM, no scontrol; what a test sets is unset after it."""
    monkeypatch.setattr(os, "environ", {"PATH": str(tmp_path)})
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Place()),
        (TORCHRUN, Place(5, 1, 8)),
        (STEP, Place(1, 1, 2)),
        (BATCH, Place()),
        ({**STEP, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, Place()),
        # torchrun within a step of one task for each machine.
        ({**STEP, **TORCHRUN}, Place(5, 1, 8)),
        ({"WORLD_SIZE": "1"}, Place()),
    ],
)
def test_place(environment: dict[str, str], expected: Place) -> None:
    assert place(environment) == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"RANK": "8"}, "RANK 8 and LOCAL_RANK 1 do not fit WORLD_SIZE 8"),
        ({"RANK": ""}, "RANK is '', not a number"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two', not a number"),
        ({"LOCAL_RANK": "6"}, "RANK 5 and LOCAL_RANK 6 do not fit"),
    ],
)
def test_contradictions_are_told(change: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        place({**TORCHRUN, **change})


def test_sruns_place_in_torchruns_words(clean: pytest.MonkeyPatch) -> None:
    """Job 4, step 0: port 12000 + 4 * 16."""
    os.environ.update(STEP)
    assert take_place() == Place(1, 1, 2)
    assert [os.environ[name] for name in MEETING] == ["1", "1", "2", "127.0.0.1", "12064"]
    assert place() == Place(1, 1, 2)


def test_several_machines_meet_at_the_first(clean: pytest.MonkeyPatch) -> None:
    """The step's machines, which may be fewer than the job's; step 3 has a port of its own."""
    os.environ.update(STEP)
    os.environ.update(
        {
            "SLURM_STEP_NUM_NODES": "2",
            "SLURM_STEP_NODELIST": "gpu[07-08]",
            "SLURM_JOB_NODELIST": "gpu[06-08]",
            "SLURM_STEP_ID": "3",
            "SLURM_JOB_ID": "1250",
        }
    )
    take_place()
    # 1250 * 16 + 3 = 20003 is 3 beyond the 20,000 ports.
    assert [os.environ[name] for name in MEETING[3:]] == ["gpu07", "12003"]


def test_where_to_meet_may_be_set(clean: pytest.MonkeyPatch) -> None:
    os.environ.update({**STEP, "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "5000"})
    take_place()
    assert [os.environ[name] for name in MEETING[3:]] == ["10.0.0.1", "5000"]


def test_torchruns_variables_stay(clean: pytest.MonkeyPatch) -> None:
    os.environ.update(TORCHRUN)
    take_place()
    assert {name: os.environ[name] for name in TORCHRUN} == TORCHRUN


def test_a_process_alone_has_no_place(clean: pytest.MonkeyPatch) -> None:
    """fairseq would wait for others where it sees these variables."""
    os.environ.update({**TORCHRUN, "WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"})
    assert take_place() == Place()
    assert not set(MEETING) & set(os.environ)


def test_processes_that_cannot_meet_are_told(clean: pytest.MonkeyPatch) -> None:
    os.environ.update({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"})
    with pytest.raises(UserError, match="MASTER_ADDR, where the processes of the training meet, is not set"):
        take_place()
    os.environ["MASTER_ADDR"] = "m"
    with pytest.raises(UserError, match="MASTER_PORT, where the processes of the training meet, is not set"):
        take_place()


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("vm", "vm"),
        ("login,node1", "login"),
        ("node[03-05,9],login", "node03"),
        ("node[3,5]", "node3"),
        ("rack[1-2]node[08-09]", "rack1node08"),
        ("a-1,b[1-2]", "a-1"),
    ],
)
def test_first_host_without_slurm(clean: pytest.MonkeyPatch, hosts: str, first: str) -> None:
    assert first_host(hosts) == first


def test_first_host_by_slurm(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SLURM's own word is taken where there is one."""
    program = tmp_path / "scontrol"
    program.write_text('#!/bin/sh\n[ "$1 $2 $3" = "show hostnames n[1-2]" ] && echo "n1x" && echo n2x\n')
    program.chmod(0o755)
    assert first_host("n[1-2]") == "n1x"
    assert first_host("m[1-2]") == "m1"  # it failed


PROGRAM = """
import os, sys
from workflow_scripts.train.launch import start_processes
start_processes(sys.argv[1])
print(os.environ["PLACE"], sys.argv[2])
"""


def test_a_program_is_started_as_many_times_as_asked_for(tmp_path: Path) -> None:
    """A script in the place of srun runs the program twice; the processes themselves start nothing."""
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\nshift\nPLACE=0 "$@"\nPLACE=1 "$@"\n')
    srun.chmod(0o755)
    command = [sys.executable, "-c", PROGRAM, f"{srun} --ntasks=2", "with two words"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "0 with two words\n1 with two words\n"


def test_a_starter_that_is_not_there() -> None:
    with pytest.raises(UserError, match="no-such-srun: No such file or directory; `mpi` in the profile"):
        start_processes("no-such-srun --ntasks=2")
