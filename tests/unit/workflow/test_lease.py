"""Leases of GPUs, seen by what real jobs find in CUDA_VISIBLE_DEVICES; nvidia-smi is a script on PATH."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.waiting import LIMIT
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.run import lease

ROOT = Path(__file__).resolve().parents[3]
MODULE = [sys.executable, "-m", "workflow_scripts.workflow.run.lease"]
#: A job that says what it sees, and lasts until its input is closed.
JOB = 'echo "${CUDA_VISIBLE_DEVICES-unset}"; read -r _ || true'

GPUS = "".join(f"GPU {number}: NVIDIA A100 (UUID: GPU-{name})\n" for number, name in enumerate("abcd"))
MIG = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-a)
  MIG 3g.40gb     Device  0: (UUID: MIG-x)
  MIG 3g.40gb     Device  1: (UUID: MIG-y)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-b)
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four GPUs, and a folder of leases that nobody else uses."""
    (tmp_path / "bin").mkdir()
    say(tmp_path, GPUS)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv(lease.FOLDER_VARIABLE, str(tmp_path / "leases"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv(lease.VISIBLE, raising=False)
    return tmp_path


def say(machine: Path, text: str) -> None:
    """Let nvidia-smi list other devices."""
    path = machine / "bin" / "nvidia-smi"
    path.write_text(f'#!/bin/sh\n[ "$*" = -L ] && cat <<"X"\n{text}X\n')
    path.chmod(0o755)


@pytest.fixture
def jobs(machine: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Jobs with all that they start; a test that waits for one in vain finds it killed, and fails."""
    started: list[subprocess.Popen[str]] = []

    def kill() -> None:
        for one in started:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)

    deadline = threading.Timer(LIMIT, kill)
    deadline.start()
    yield started
    deadline.cancel()
    kill()
    for one in started:
        if one.stdin and not one.stdin.closed:
            one.communicate()


def start(jobs: list[subprocess.Popen[str]], number: int, job: str = JOB) -> subprocess.Popen[str]:
    command = [*MODULE, str(number), "/bin/sh", "-c", job]
    pipe = subprocess.PIPE
    jobs.append(
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    )
    return jobs[-1]


def sees(job: subprocess.Popen[str]) -> set[str]:
    """The devices that a job finds; it goes on."""
    assert job.stdout
    line = job.stdout.readline()
    assert line, "the job has ended, and said nothing"
    return set(line.strip().split(","))


def end(job: subprocess.Popen[str]) -> str:
    """Let a job end; return what it said on stderr."""
    said = job.communicate()[1]
    assert job.returncode == 0, said
    return said


def test_jobs_at_once_see_devices_of_their_own(jobs: list[subprocess.Popen[str]]) -> None:
    running = [start(jobs, number) for number in (1, 2, 1)]
    seen = [sees(job) for job in running]
    assert [len(one) for one in seen] == [1, 2, 1]
    assert set.union(*seen) == {"GPU-a", "GPU-b", "GPU-c", "GPU-d"}


def test_a_job_waits_until_another_ends_and_says_so_once(jobs: list[subprocess.Popen[str]]) -> None:
    first = start(jobs, 3)
    three = sees(first)
    second = start(jobs, 2)
    assert second.stderr
    assert second.stderr.readline() == "waiting for 2 of 4 GPUs: other jobs have them\n"
    # It holds none while it waits.
    third = start(jobs, 1)
    assert len(sees(third)) == 1
    end(third)
    end(first)
    assert len(sees(second) & three) >= 1
    assert end(second).count("\n") == 1  # on which GPU


def test_a_killed_job_gives_its_devices_back(jobs: list[subprocess.Popen[str]]) -> None:
    first = start(jobs, 4)
    sees(first)
    first.send_signal(signal.SIGKILL)
    assert len(sees(start(jobs, 4))) == 4


def test_children_that_outlive_a_killed_job_keep_its_devices(jobs: list[subprocess.Popen[str]]) -> None:
    # A forked child inherits the descriptors, as a loader of batches does. It ends when its input is closed.
    job = start(jobs, 4, 'exec 9<&0; read -r _ <&9 & echo "$CUDA_VISIBLE_DEVICES"; wait')
    assert len(sees(job)) == 4
    job.send_signal(signal.SIGKILL)
    job.wait()
    second = start(jobs, 1)
    assert second.stderr
    assert "waiting for 1 of 4" in second.stderr.readline()
    job.communicate()  # closes its input
    assert len(sees(second)) == 1


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("2,3", {"GPU-c", "GPU-d"}),
        ("GPU-b", {"GPU-b"}),
        (" 1 , GPU-d", {"GPU-b", "GPU-d"}),
        ("0,0", {"GPU-a"}),
        ("1,-1,2", {"GPU-b"}),
    ],
)
def test_the_users_choice_restricts_what_is_taken(
    jobs: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, chosen: str, expected: set[str]
) -> None:
    monkeypatch.setenv(lease.VISIBLE, chosen)
    assert {one.identity for one in lease.usable_devices()} == expected
    assert sees(start(jobs, len(expected))) == expected
    too_many = start(jobs, len(expected) + 1)
    said = too_many.communicate()[1]
    assert too_many.returncode == 1
    assert said.startswith(f"error: the job asks for {len(expected) + 1} GPUs (its resource gpu), and there")
    assert f"only {len(expected)} here (with CUDA_VISIBLE_DEVICES={chosen}): ask" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("chosen", ["", "-1", "NoDevFiles"])
def test_no_gpu_chosen_is_no_gpu(
    jobs: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv(lease.VISIBLE, chosen)
    assert sees(start(jobs, 1)) == {chosen}


def test_a_gpu_that_is_not_there_is_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lease.VISIBLE, "1,7")
    with pytest.raises(UserError, match=r"^CUDA_VISIBLE_DEVICES=1,7: this machine has no GPU '7', it has 0 "):
        lease.usable_devices()


def test_the_parts_of_a_gpu_are_devices(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(machine, MIG)
    devices = [lease.Device(0, "MIG-x"), lease.Device(0, "MIG-y"), lease.Device(1, "GPU-b")]
    assert lease.machine_devices() == devices
    monkeypatch.setenv(lease.VISIBLE, "MIG-y")
    assert lease.usable_devices() == [devices[1]]


def test_a_machine_without_gpus_sets_nothing(
    machine: Path, jobs: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")  # no driver
    monkeypatch.setattr(lease, "DRIVER", machine / "none")
    assert lease.machine_devices() == []
    if lease.DRIVER.exists():
        pytest.skip("this machine has a GPU")
    job = start(jobs, 1)
    assert sees(job) == {"unset"}
    assert end(job) == ""


def test_without_nvidia_smi_the_driver_is_asked(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    monkeypatch.setattr(lease, "DRIVER", machine)
    for place, name in (("0000:81:00.0", "b"), ("0000:01:00.0", "a")):
        (machine / place).mkdir()
        (machine / place / "information").write_text(f"Model: \t NVIDIA\nGPU UUID: \t GPU-{name}\nBus: x\n")
    assert lease.machine_devices() == [lease.Device(0, "GPU-a"), lease.Device(1, "GPU-b")]
    (machine / "0000:81:00.0" / "information").write_text("GPU UUID: \t GPU-????????-????\n")
    assert lease.machine_devices() == [lease.Device(0, "GPU-a"), lease.Device(1, "1")]


def test_a_folder_that_others_can_write_is_refused(machine: Path) -> None:
    (machine / "leases").mkdir()
    (machine / "leases").chmod(0o777)
    with pytest.raises(UserError, match="must be a folder of yours that others cannot write"):
        lease.leases_folder()
    (machine / "leases").rmdir()
    (machine / "other").mkdir()
    (machine / "leases").symlink_to(machine / "other")
    with pytest.raises(UserError, match="must be a folder of yours"):
        lease.leases_folder()


def test_a_lock_file_that_was_removed_is_no_lock(machine: Path) -> None:
    path = machine / "a.lock"
    first = lease.try_lock(path)
    assert first is not None and lease.try_lock(path) is None
    path.unlink()
    second = lease.try_lock(path)
    assert second is not None and lease.try_lock(path) is None
    os.close(first)
    os.close(second)


def test_one_device_is_never_leased_twice(machine: Path) -> None:
    """Of two devices one is taken; then two cannot be had, and the one that is left can."""
    devices = [lease.Device(0, "GPU-a"), lease.Device(1, "GPU-b")]
    folder = lease.leases_folder()
    first = lease.try_take(1, devices, folder)
    assert first is not None and list(first) == devices[:1]
    assert lease.try_take(2, devices, folder) is None
    second = lease.try_take(1, devices, folder)
    assert second is not None and list(second) == devices[1:]
    assert lease.try_take(1, devices, folder) is None
    for descriptor in (*first.values(), *second.values()):
        os.close(descriptor)
    third = lease.try_take(2, devices, folder)
    assert third is not None and list(third) == devices
    for descriptor in third.values():
        os.close(descriptor)


def test_one_job_looks_at_a_time(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that want two devices each would hold one each, and wait for each other."""
    folder, plain = lease.leases_folder(), lease.try_lock
    others: list[int | None] = []

    def watched(path: Path, wait: bool = False) -> int | None:
        if path.name != "looking.lock":
            others.append(plain(folder / "looking.lock"))  # of a job that looks meanwhile
        return plain(path, wait)

    monkeypatch.setattr(lease, "try_lock", watched)
    taken = lease.try_take(2, [lease.Device(0, "GPU-a"), lease.Device(1, "GPU-b")], folder)
    assert taken is not None
    assert others == [None, None]
    # Afterwards the next one may.
    gate = plain(folder / "looking.lock")
    assert gate is not None
    for descriptor in (gate, *taken.values()):
        os.close(descriptor)


def test_run_in_leases_for_the_modules_that_are_named(machine: Path) -> None:
    python = machine / "text" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$*"\n')
    python.chmod(0o755)
    said = {}
    for gpus in ("text/decode=1 text/finetune=2", "text/tune=3", "fairseq/finetune=4", ""):
        variables = {**os.environ, "NEURONSPEC_VENVS": str(machine), "NEURONSPEC_GPUS": gpus}
        command = [
            str(ROOT / "envs/bin/run-in"),
            "text",
            "workflow_scripts.train.finetune",
            "--seed",
            "1",
        ]
        said[gpus] = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    plain = "-P -m workflow_scripts.train.finetune --seed 1\n"
    assert said == {
        "text/decode=1 text/finetune=2": f"-P -m workflow_scripts.workflow.run.lease 2 {python} {plain}",
        "text/tune=3": plain,
        "fairseq/finetune=4": plain,
        "": plain,
    }
