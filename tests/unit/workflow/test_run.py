"""`make run` clears a lock that a killed run left, and never one that is held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import LIMIT, wait_until
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.cluster.profile import Profile
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.run.start import (
    hold,
    other_runs,
    read_config,
    share,
    with_cores,
)

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


def start(folder: Path, target: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "workflow_scripts.workflow.run.start", "--directory", str(folder)]
    command += [
        "--snakefile",
        str(folder / "Snakefile"),
        "--workflow-profile",
        "none",
        "--rerun-incomplete",  # as profiles/default has it
        "--cores",
        "1",
        target,
        *options,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


@pytest.mark.parametrize("options", [["-d", "a/b", "-n"], ["--directory", "a/b"], ["x", "--directory=a/b"]])
def test_the_working_directory_is_snakemakes(options: list[str]) -> None:
    assert working_directory(options) == Path("a/b")
    assert working_directory(["--cores", "2"]) == Path()


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "multi30k.yaml").write_text((ROOT / "config/config.yaml").read_text())
    there, missing = str(tmp_path / "multi30k.yaml"), str(tmp_path / "multi30.yaml")
    read_config(["--cores", "1", "--configfile", there])
    read_config(["--configfile", there, "--config", "seed=1"])  # not short for --configfile
    with pytest.raises(
        UserError, match=rf"multi30.yaml: there is no such config file \(did you mean '{there}'"
    ):
        read_config(["--configfile", there, missing, "-n"])


def test_a_config_is_judged_before_snakemake_reads_it(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("experiment: x\nexperiment: y\n")
    with pytest.raises(UserError, match="line 2: the key 'experiment' is in line 1 already"):
        read_config(["--configfile", str(config), "--config", "experiment=z"])
    # A key alone is no experiment; what the other file or the command line adds is known to Snakemake only.
    config.write_text("experiment: x\n")
    read_config(["--configfile", str(config), "--config", "experiment=z"])
    read_config(["--configfile", str(config), str(config)])
    with pytest.raises(UserError, match=r"languages: this key is missing\n.*data: this key is missing"):
        read_config(["--configfile", str(config)])


@pytest.mark.parametrize(
    ("profile", "given", "cores"),
    [
        ("keep-going: true\n", [], ["--cores", "3"]),
        ("# cores: 8\nexecutor: local\n", ["-n"], ["--cores", "3"]),
        ("cores: 8\n", [], []),
        ("jobs: 8\n", [], []),
        ("executor: slurm\n", [], []),  # the cluster has its own
        ("keep-going: true\n", ["--cores", "1"], []),
        ("keep-going: true\n", ["-c4"], []),
        ("keep-going: true\n", ["-j", "2"], []),
        ("keep-going: true\n", ["--", "--cores"], ["--cores", "3"]),  # a target
    ],
)
def test_beside_a_profile_that_says_no_cores_those_of_make_count(
    profile: str, given: list[str], cores: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURONSPEC_CORES", "3")
    lines = tuple(profile.splitlines())
    assert with_cores(given, Profile(Path("x"), lines)) == [*cores, *given]


def test_one_run_alone_may_clear_and_others_share(tmp_path: Path) -> None:
    first, alone = hold(tmp_path)
    assert alone
    share(first)
    second, alone = hold(tmp_path)
    assert not alone
    os.close(first)
    os.close(second)
    third, alone = hold(tmp_path)
    assert alone
    os.close(third)


def test_a_killed_run_does_not_block_the_next_and_a_live_one_does(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    first = start(tmp_path, "slow")
    assert first.stdout is not None
    wait_until((tmp_path / "started").exists, "the start", first)
    assert other_runs(tmp_path) == [first.pid]
    second = start(tmp_path, "slow")
    said, _ = second.communicate(timeout=LIMIT)
    assert second.returncode == 1 and "cannot be locked" in said
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert any((tmp_path / ".snakemake" / "locks").iterdir())
    third = start(tmp_path, "out")
    said, _ = third.communicate(timeout=LIMIT)
    assert third.returncode == 0, said
    assert "its lock is cleared" in said and (tmp_path / "out").exists()


def test_a_child_that_a_run_has_just_forked_is_not_a_second_run(tmp_path: Path) -> None:
    program = tmp_path / "snakemake"  # until a child becomes another program, its command line is the run's
    program.write_text("import os, time\nif os.fork() == 0:\n    print(1, flush=True)\ntime.sleep(100)\n")
    run = subprocess.Popen(
        [sys.executable, program], cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert run.stdout is not None and run.stdout.readline() == b"1\n"
        assert other_runs(tmp_path) == [run.pid]
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def test_a_run_of_other_outputs_goes_on_beside(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    first = start(tmp_path, "slow")
    wait_until((tmp_path / "started").exists, "the start", first)
    beside = start(tmp_path, "out")
    said, _ = beside.communicate(timeout=LIMIT)
    assert beside.returncode == 0 and "cleared" not in said, said
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()


def test_an_output_with_half_a_record_is_made_again_after_a_crash(tmp_path: Path) -> None:
    """Without its record Snakemake would not see that the output is of other settings."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    first = start(tmp_path, "out")
    first.communicate(timeout=LIMIT)
    (record,) = (path for path in (tmp_path / ".snakemake/metadata").iterdir() if path.is_file())
    slow = start(tmp_path, "slow")
    wait_until((tmp_path / "started").exists, "the start", slow)
    os.killpg(slow.pid, signal.SIGKILL)
    slow.wait()
    record.write_bytes(b"")
    again = start(tmp_path, "out")
    said, _ = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, said
    assert "1 output has no whole record and is made again" in said
    assert "Finished jobid" in said and record.read_bytes().endswith(b"}")


def test_a_job_that_was_never_marked_and_finished_alone_is_made_again(tmp_path: Path) -> None:
    """Snakemake was killed after the job had begun and before it had marked its output as unfinished."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    run = start(tmp_path, "slow")
    wait_until((tmp_path / "started").exists, "the start", run)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    for mark in (tmp_path / ".snakemake/incomplete").iterdir():
        mark.unlink()
    (tmp_path / "slow").touch()
    again = start(tmp_path, "slow", "--dry-run")
    said, _ = again.communicate(timeout=LIMIT)
    assert "1 output has no whole record and is made again" in said
    assert "Nothing to be done" not in said and "slow" in said


def test_a_folder_that_cannot_be_worked_in_is_named(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / ".snakemake").touch()
    run = start(tmp_path, "out")
    said, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == 1
    assert said == f"error: {tmp_path}/.snakemake is not a folder, but one is needed there: move it away\n"
