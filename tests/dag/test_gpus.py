"""GPU jobs of one machine, seen by what they find in their environment, run by Snakemake itself.

The interpreter of the trainings writes down when it ran and what it saw, and fails: nothing is computed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.dag.finished_experiment import CONFIG, ROOT, finish, lay_down_text, planned

VENVS = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
TRAININGS = ("continued", "ns-k70", "ns-k95")
PYTHON = f"""#!/bin/sh
case "$*" in
  *operate.lease*) exec {sys.executable} "$@" ;;
  "-P -m workflow_scripts.specialize.finetune"*)
    echo "begin ${{CUDA_VISIBLE_DEVICES-unset}}" >> seen
    sleep 1.5
    echo "end ${{CUDA_VISIBLE_DEVICES-unset}}" >> seen
    exit 1 ;;
esac
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    lay_down_text(folder)
    return finish(folder)


@pytest.fixture
def machine(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished experiment but for its three fine-tunings, on a machine with two GPUs."""
    shutil.copytree(finished, tmp_path / "here")
    for name in TRAININGS:
        shutil.rmtree(tmp_path / "here" / "results" / "small" / "systems" / name)
    for name, text in {
        "bin/nvidia-smi": '#!/bin/sh\necho "GPU 0: X (UUID: GPU-a)"; echo "GPU 1: X (UUID: GPU-b)"\n',
        "venvs/fairseq/bin/python": PYTHON,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    for name in ("text", "evaluate", "workflow"):
        (tmp_path / "venvs" / name).symlink_to(VENVS / name)
    monkeypatch.setenv("NEURONSPEC_VENVS", str(tmp_path / "venvs"))
    monkeypatch.setenv("NEURONSPEC_LEASES", str(tmp_path / "leases"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def run(machine: Path, *options: str) -> list[str]:
    """Return what the trainings saw when they began and ended, in that order."""
    here = machine / "here"
    (here / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    command = [sys.executable, "-m", "workflow_scripts.operate.run", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "16", "--configfile", "config.yaml", "--profile", str(ROOT / "profiles/default")]
    command += [*options, *(f"results/small/systems/{name}/s1/system.json" for name in TRAININGS)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=variables, check=False)
    assert (here / "seen").exists(), done.stdout[-2000:] + done.stderr[-2000:]
    return (here / "seen").read_text().splitlines()


def most_at_once(seen: list[str]) -> int:
    running = [sum(1 if line.startswith("begin") else -1 for line in seen[: n + 1]) for n in range(len(seen))]
    return max(running)


def test_jobs_at_once_are_as_many_as_devices_and_share_none(machine: Path) -> None:
    seen = run(machine)
    assert len(seen) == 6
    assert most_at_once(seen) == 2
    assert {seen[0], seen[1]} == {"begin GPU-a", "begin GPU-b"}


def test_a_job_may_have_several(machine: Path) -> None:
    seen = run(machine, "--set-resources", "finetune:gpu=2", "--")
    assert seen == ["begin GPU-a,GPU-b", "end GPU-a,GPU-b"] * 3


def test_without_a_gpu_jobs_run_side_by_side(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    seen = run(machine)
    assert most_at_once(seen) == 3
    assert set(seen) == {"begin ", "end "}


def test_gpus_rerun_nothing(machine: Path, finished: Path) -> None:
    assert planned(finished, CONFIG, "--set-resources", "finetune:gpu=2", "train_baseline:gpu=1") == []
