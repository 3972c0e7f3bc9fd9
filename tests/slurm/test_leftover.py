"""A controller that an aborted session of these tests left is ended, and no other one is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slurm import controller as slurm
from tests.slurm.leftover import KEPT, Leftover, daemons, end_processes, head, write
from workflow_scripts.common.processes import identity

#: A process that looks like a daemon of SLURM: its name, the folder of its log.
DAEMON = 'exec -a "$0" "$1" -c "import time; print(1, flush=True); time.sleep(600)" -L "$2/slurmd.log"'


@pytest.fixture
def running(tmp_path):
    """Two daemons of nodes, one of a folder `ours`, one of a folder `site`."""
    started = {}
    for name, program in (("ours", "/usr/sbin/slurmd-wlm"), ("site", "/usr/sbin/slurmd")):
        command = ["bash", "-c", DAEMON, program, sys.executable, str(tmp_path / name)]
        started[name] = subprocess.Popen(command, stdout=subprocess.PIPE)
    for process in started.values():
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
    yield started
    for process in started.values():
        process.kill()
        process.communicate(timeout=10)


def gone():
    """Return the identity of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    known = identity(process.pid)
    process.communicate(timeout=10)
    return known


def test_daemons_are_told_apart_by_their_folder(tmp_path, running):
    assert daemons(tmp_path / "ours") == [running["ours"].pid]
    assert {process.pid for process in running.values()} <= set(daemons())
    # Not by the beginning of a name.
    assert daemons(tmp_path / "our") == []


def test_what_an_aborted_session_left_is_ended_and_the_configuration_put_back(tmp_path, running, monkeypatch):
    configuration = tmp_path / "etc"
    configuration.mkdir()
    (configuration / "slurm.conf").write_text("ClusterName=theirs\n")
    # Those of the controller that may run.
    for name in ("cancel_all", "end_processes"):
        monkeypatch.setattr(f"tests.slurm.leftover.{name}", lambda *_: None)
    write(configuration / "slurm.conf", head(tmp_path / "ours", gone()) + "ClusterName=neuronspec\n")
    write(configuration / "gres.conf", "")
    left = Leftover.found_in(configuration)
    assert left is not None and left.folder == tmp_path / "ours" and left.is_abandoned()
    left.end(configuration)
    assert running["ours"].wait(timeout=10) == -15
    assert running["site"].poll() is None
    assert {path.name: path.read_text() for path in configuration.iterdir()} == {
        "slurm.conf": "ClusterName=theirs\n"
    }


def test_what_tests_and_jobs_began_is_ended():
    sleep = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
    jobs = [
        subprocess.Popen(sleep, stdout=subprocess.PIPE, env={**os.environ, name: "1"})
        for name in ("STAND_IN", "NO_STAND_IN")
    ]
    try:
        for job in jobs:
            assert job.stdout is not None and job.stdout.readline() == b"1\n"
        end_processes("STAND_IN")
        assert jobs[0].wait(timeout=10) == -9
        assert jobs[1].poll() is None
    finally:
        for job in jobs:
            job.kill()
            job.communicate(timeout=10)


def test_what_was_there_is_kept_over_a_second_session(tmp_path):
    """The one that was aborted has not put it back; the next keeps the site's, not the aborted one's."""
    file = tmp_path / "slurm.conf"
    file.write_text("ClusterName=theirs\n")
    write(file, "first\n")
    write(file, "second\n")
    assert file.with_name(file.name + KEPT).read_text() == "ClusterName=theirs\n"
    assert file.read_text() == "second\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ClusterName=theirs\n", "a SLURM controller runs on this machine already, or a daemon of a node"),
        (f"{head(Path('/ours'), identity())}", "these tests run on this machine already"),
    ],
    ids=["site", "another session"],
)
def test_nothing_else_is_touched(text, said, tmp_path, running, monkeypatch):
    (tmp_path / "slurm.conf").write_text(text)
    monkeypatch.setattr(slurm, "CONFIGURATION", tmp_path)
    monkeypatch.setenv("SLURM_CONF", os.devnull)
    with pytest.raises(RuntimeError, match=said):
        slurm.Controller(tmp_path / "new").start()
    assert (tmp_path / "slurm.conf").read_text() == text
    assert [process.poll() for process in running.values()] == [None, None]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", "failed"), ("1", "failed"), ("", "skipped"), ("false", "skipped")]
)
def test_without_slurm_tests_skip_but_fail_in_continuous_integration(ci, outcome, monkeypatch):
    from tests.slurm.conftest import without

    monkeypatch.setenv("CI", ci)
    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception)) as caught:
        without("not installed: slurmd")
    assert isinstance(caught.value, pytest.fail.Exception) == (outcome == "failed")
    assert str(caught.value).endswith("not installed: slurmd")
