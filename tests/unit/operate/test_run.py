"""`make run` clears a lock that a killed run left, and never one that is held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.operate.run import hold, other_runs, working_directory

ROOT = Path(__file__).resolve().parents[3]
#: A workflow of one job that makes `out`; `slow` does not end by itself.
SNAKEFILE = """
rule out:
    output: "out"
    shell: "touch {output}"
rule slow:
    output: "slow"
    shell: "touch started; sleep 600; touch {output}"
"""


def start(folder: Path, target: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "workflow_scripts.operate.run", "--directory", str(folder)]
    command += [
        "--snakefile",
        str(folder / "Snakefile"),
        "--workflow-profile",
        "none",
        "--cores",
        "1",
        target,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


@pytest.mark.parametrize("options", [["-d", "a/b", "-n"], ["--directory", "a/b"], ["x", "--directory=a/b"]])
def test_the_working_directory_is_snakemakes(options: list[str]) -> None:
    assert working_directory(options) == Path("a/b")
    assert working_directory(["--cores", "2"]) == Path()


def test_a_second_holder_is_refused_and_told_whose_it_is(tmp_path: Path) -> None:
    descriptor = hold(tmp_path)
    with pytest.raises(UserError, match=f"process {os.getpid()} runs the workflow here"):
        hold(tmp_path)
    os.close(descriptor)
    os.close(hold(tmp_path))


def test_a_killed_run_does_not_block_the_next_and_a_live_one_does(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    first = start(tmp_path, "slow")
    assert first.stdout is not None
    while not (tmp_path / "started").exists():
        assert first.poll() is None, first.stdout.read()
    assert other_runs(tmp_path) == [first.pid]
    second = start(tmp_path, "out")
    said, _ = second.communicate()
    assert second.returncode == 1 and f"process {first.pid} runs the workflow here" in said
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert any((tmp_path / ".snakemake" / "locks").iterdir())
    third = start(tmp_path, "out")
    said, _ = third.communicate()
    assert third.returncode == 0, said
    assert "its lock is cleared" in said and (tmp_path / "out").exists()
