"""GPU jobs of one machine, seen by what they find in their environment, run by Snakemake itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.observed_trainings import prepare, run, script
from tests.workflow.test_job_counts import ROOT, TINY, lay_down_text, snakemake

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


def test_every_stage_that_computes_on_a_gpu_is_given_one(tmp_path: Path) -> None:
    """By the name of the module that it runs; `count_activations_en` and its like are one stage."""
    lay_down_text(tmp_path)
    around = f'include: "{ROOT}/Snakefile"\nprint("gpus:", devices_by_stage(), file=sys.stderr)\n'
    (tmp_path / "Snakefile").write_text(around)
    sets = {"heads": {"of": "importance", "units": ["head"], "select": "top:50%@model"}}
    evaluation = {"comet": [{"name": "own", "folder": "models/own"}], "likelihood": True}
    config = {
        **TINY,
        "masks": {"sets": sets},
        "evaluation": evaluation,
        "analysis": {
            "mask_control_k": 95,
            "criteria": {"names": ["magnitude"]},
            "correlation": {"between": ["systems"], "systems": ["baseline", "continued"], "erase": ["5%"]},
        },
    }
    done = snakemake(tmp_path, config, "-n", "fetch", "--snakefile", str(tmp_path / "Snakefile"))
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("gpus: ")]
    of_fairseq = "train_baseline finetune count_activations score_importance mask_control"
    of_fairseq += " score_magnitude criteria score_likelihood score_contrastive"
    of_fairseq += " correlate_units erase_correlated strongest_units"
    expected = {f"fairseq/{stage}" for stage in of_fairseq.split()} | {"comet/score_comet"}
    assert {word.partition("=")[0] for word in said.split()[1:]} == expected


def test_fairseq_has_a_gpu_where_ctranslate2_decodes_without_one(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    around = f'include: "{ROOT}/Snakefile"\nprint("gpus:", devices_by_stage(), file=sys.stderr)\n'
    (tmp_path / "Snakefile").write_text(around)
    config = {**TINY, "systems": {"small": {"adapters": {"kind": "bottleneck"}}}}
    done = snakemake(tmp_path, config, "-n", "fetch", "--snakefile", str(tmp_path / "Snakefile"))
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("gpus: ")]
    assert [word for word in said.split() if "decode" in word] == ["fairseq/decode=1"]


def test_rules_that_a_workflow_around_this_one_renames_are_given_gpus(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    script(tmp_path / "bin/nvidia-smi", 'echo "GPU 0: X (UUID: GPU-a)"\n')
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TINY))
    (tmp_path / "Snakefile").write_text(
        "from snakemake.shell import shell\nimport sys\n"
        f'module neuronspec:\n    snakefile: "{ROOT}/Snakefile"\n    config: config\n'
        "use rule * from neuronspec as ns_*\n"
        'print("prefix:", shell._process_prefix, file=sys.stderr)\n'
    )
    path = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    words = ["-n", "ns_fetch", "--cores", "1", "--configfile", "config.yaml"]
    command = [sys.executable, "-m", "snakemake", *words]
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "NEURONSPEC_GPUS='fairseq/train_baseline=1 fairseq/finetune=1" in done.stderr
