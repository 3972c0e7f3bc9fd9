"""patience: a controller that is away is waited for, and what it may have heard is not sent twice."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.workflow.cluster import patience
from workflow_scripts.workflow.cluster.patience import BACK, GONE, Answer, Patience

CONNECT = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"
TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
#: sbatch, which fails as often as there are files `fail…`, and counts its calls.
SBATCH = """
echo call >> {folder}/calls
for one in {folder}/fail*; do [ -e $one ] && rm $one && echo '{said}' >&2 && exit 1; done
cat > {folder}/script
echo 4711
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.01)


def query(*answers: Answer) -> Any:
    left = list(answers)

    async def next_answer(command: str, logger: Any) -> Answer:
        assert command == "squeue"
        return left.pop(0)

    return next_answer


def test_states_are_asked_for_until_there_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Patience().query(query((None, None), (None, None), ({"7": "RUNNING"}, 0.1), ({}, 0.1)))
    assert asyncio.run(asked("squeue", None)) == ({"7": "RUNNING"}, 0.1)
    assert capsys.readouterr().err == f"{GONE}\n{BACK}\n"
    assert asyncio.run(asked("squeue", None)) == ({}, 0.1)  # an answer, too
    assert capsys.readouterr().err == ""


def test_a_run_that_is_stopped_does_not_wait() -> None:
    asked = Patience(lambda: True).query(query((None, None)))
    assert asyncio.run(asked("squeue", None)) == ({}, 0.0)


def test_how_long_jobs_are_remembered_is_known_while_nobody_answers() -> None:
    answers = [300, None, 200, None]
    asked = Patience().remembered(lambda: answers.pop(0))
    assert [asked(), asked(), asked()] == [300, 200, 200]


def submit(folder: Path, said: str, failures: int) -> tuple[int, str, str]:
    """Submit as the plugin does, to a sbatch that fails so many times."""
    for number in range(failures):
        (folder / f"fail{number}").touch()
    module = Patience().submitting()
    process = module.Popen(
        SBATCH.format(folder=folder, said=said),
        shell=True,
        text=True,
        stdin=module.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = process.communicate(input="#!/bin/sh\n")
    return process.returncode, out, err


def test_a_submission_that_nobody_heard_is_repeated(tmp_path: Path) -> None:
    assert submit(tmp_path, CONNECT, 2) == (0, "4711\n", "")
    assert (tmp_path / "calls").read_text() == "call\n" * 3
    assert (tmp_path / "script").read_text() == "#!/bin/sh\n"


@pytest.mark.parametrize("said", [TIMED_OUT, "sbatch: error: invalid partition specified: x"])
def test_a_submission_that_may_have_been_heard_is_not(tmp_path: Path, said: str) -> None:
    assert submit(tmp_path, said, 1) == (1, "", f"{said}\n")
    assert (tmp_path / "calls").read_text() == "call\n"


def test_a_step_begins_when_the_controller_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(
        f"#!/bin/sh\nif mkdir {tmp_path}/asked 2>/dev/null; then state=DOWN; else state=UP; fi\n"
        "echo Slurmctld\\(primary\\) at node is $state\n"
    )
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    step = Patience().beginning().Popen("echo begun", shell=True, text=True, stdout=subprocess.PIPE)
    assert step.communicate()[0] == "begun\n"
    assert capsys.readouterr().err == f"{GONE}\n{BACK}\n"
