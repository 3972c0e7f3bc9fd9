"""GPU jobs of one machine, seen by what they find in their environment, run by Snakemake itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.observed_trainings import prepare, run, script

TRAINING = """
    echo "begin ${CUDA_VISIBLE_DEVICES-unset}" >> seen
    sleep 1.5
    echo "end ${CUDA_VISIBLE_DEVICES-unset}" >> seen"""


@pytest.fixture
def machine(finished_experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two GPUs."""
    prepare(finished_experiment, tmp_path, TRAINING, monkeypatch)
    script(tmp_path / "bin/nvidia-smi", 'echo "GPU 0: X (UUID: GPU-a)"; echo "GPU 1: X (UUID: GPU-b)"\n')
    return tmp_path


def most_at_once(seen: list[str]) -> int:
    running = [sum(1 if line.startswith("begin") else -1 for line in seen[: n + 1]) for n in range(len(seen))]
    return max(running)


def test_jobs_at_once_are_as_many_as_devices_and_share_none(machine: Path) -> None:
    seen, said = run(machine)
    assert len(seen) == 6, said
    assert most_at_once(seen) == 2
    assert {seen[0], seen[1]} == {"begin GPU-a", "begin GPU-b"}


def test_a_job_may_have_several(machine: Path) -> None:
    seen, said = run(machine, "--set-resources", "finetune:gpu=2")
    assert seen == ["begin GPU-a,GPU-b", "end GPU-a,GPU-b"] * 3, said


def test_without_a_gpu_jobs_run_side_by_side(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    seen, said = run(machine)
    assert len(seen) == 6, said
    assert most_at_once(seen) == 3
    assert set(seen) == {"begin ", "end "}
