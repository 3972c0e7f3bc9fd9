"""One of several real processes fails: all end soon, with the same one line, and the folder says why."""

import json
import os
import socket
import time

import pytest

from tests.training.interrupted import same_weights
from tests.training.several import train
from tests.training.toy_world import HALVES, baseline_arguments
from workflow_scripts.common.files import write_json
from workflow_scripts.common.processes import identity
from workflow_scripts.train.history import History

BASELINE = "workflow_scripts.train.train_baseline"
GONE = "error: another process of this training ended without a message, or could not be reached;"

#: At the fourth update of process {rank}: {act}.
FAILING = """
import os, signal, torch
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask
plain = NeuronspecTranslationTask.train_step

def train_step(self, sample, model, criterion, optimizer, update_num, ignore_grad=False):
    if place.rank == {rank} and update_num == 3:
        {act}
    return plain(self, sample, model, criterion, optimizer, update_num, ignore_grad)

NeuronspecTranslationTask.train_step = train_step
"""
MISTAKE = "raise UserError('the fourth update is forbidden')"
FAULT = "raise ValueError('a fault of the program')"
FULL = "torch.empty(2**50, dtype=torch.uint8)"
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


class Training:
    def __init__(self, world, root):
        self.world, self.root, self.folder = world, root, root / "folder"

    def run(self, patch="", **options):
        command = baseline_arguments(self.world, self.folder, self.root / "out", **{**HALVES, **options})
        return train(BASELINE, [command] * 2, self.root / "program", patch)

    def outcomes(self):
        return [attempt["outcome"] for attempt in History(self.folder).read()["attempts"]]


@pytest.fixture
def training(world, tmp_path):
    return Training(world, tmp_path)


def assert_one_line(ended, said):
    """All failed, and the last that each said is the same line, once."""
    assert [one.status for one in ended] == [1, 1], ended
    assert ended[0].line.startswith(f"error: {said}")
    assert ended[1].line == ended[0].line
    assert [one.said.count("error: ") for one in ended] == [1, 1]


def test_data_that_is_missing(world, tmp_path):
    """Process 0 alone looks for it, before it tells what is trained."""
    command = [
        f"--data-bin={tmp_path / 'nowhere'}" if word.startswith("--data-bin") else word
        for word in baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **HALVES)
    ]
    ended = train(BASELINE, [command] * 2, tmp_path / "program")
    assert_one_line(ended, str(tmp_path / "nowhere"))
    assert "Traceback" not in ended[0].said + ended[1].said
    assert not (tmp_path / "folder").exists()


def test_a_machine_with_fewer_gpus_than_processes(training):
    """Process 1 knows that, before process 0 has told anything."""
    patch = """
import workflow_scripts.train.ranks as ranks
from workflow_scripts.common.errors import UserError
plain = ranks.device_number

def device_number(of):
    if of.rank == 1:
        raise UserError("process 1 sees one GPU too few")
    return plain(of)

ranks.device_number = device_number
"""
    assert_one_line(training.run(patch), "process 1 sees one GPU too few")
    assert not training.folder.exists()


def test_a_folder_of_another_training(training):
    """The owner is the process of this test."""
    training.folder.mkdir()
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "process": identity(), "identity": "another"}
    write_json(training.folder / "owner.json", mine)
    assert_one_line(training.run(), f"{training.folder} is being trained with other settings or data by")
    assert json.loads((training.folder / "owner.json").read_text()) == mine


def test_an_update_that_two_processes_cannot_share(training):
    ended = training.run(tokens_per_update=100)
    assert_one_line(
        ended, "an update of 100 tokens is not a multiple of max_tokens 100 in each of 2 processes"
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_a_mistake_in_the_middle(rank, training):
    """Of process 1 too, while process 0 waits for its gradients."""
    began = time.monotonic()
    ended = training.run(FAILING.format(rank=rank, act=MISTAKE))
    assert_one_line(ended, "the fourth update is forbidden")
    assert "Traceback" not in ended[0].said + ended[1].said
    assert time.monotonic() - began < 90
    assert training.outcomes() == ["UserError: the fourth update is forbidden"]
    assert not (training.folder / "owner.json").exists()


def test_a_fault_of_the_program_keeps_its_traceback(training):
    ended = training.run(FAILING.format(rank=1, act=FAULT))
    assert [one.status for one in ended] == [1, 1]
    line = "error: process 1 of 2 of this training failed: ValueError: a fault of the program"
    assert [one.line for one in ended] == [line, line]
    assert "Traceback" not in ended[0].said
    assert "in train_step" in ended[1].said


@pytest.mark.parametrize("rank", [0, 1])
def test_out_of_memory_is_recorded_and_the_next_job_takes_less(rank, training):
    """No process starts itself anew: its launcher would not know it. A job that runs again does the rest."""
    large = {"max_tokens": 200, "tokens_per_update": 400}
    ended = training.run(FAILING.format(rank=rank, act=FULL), **large)
    said = f"{training.folder}: out of memory with max_tokens 200; the next attempt takes 100 and"
    assert_one_line(ended, said)
    assert "starting again" not in ended[0].said + ended[1].said
    assert training.outcomes() == ["out of memory"]
    if rank:
        again = training.run(**large)
        assert [one.status for one in again] == [0, 0]
        assert "max_tokens 100 x 4 in place of 200 x 2, the same update of 400 tokens" in again[0].said
        found = History(training.folder).read()["attempts"][1]
        assert (found["execution"]["max_tokens"], found["execution"]["processes"]) == (100, 2)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_slice_ends_for_all_at_the_same_update(rank, training, in_two_processes):
    """Whichever process has met the signal; the first speaks for all, and the next slice goes on."""
    act = "os.kill(os.getpid(), signal.SIGUSR1)"
    ended = training.run(FAILING.format(rank=rank, act=act))
    assert [one.status for one in ended] == [1, 0]
    line = "error: the time limit is reached at update 4, saved; run again, it goes on from there"
    assert ended[0].line == line
    assert "Traceback" not in ended[0].said + ended[1].said
    assert training.outcomes() == ["time limit"]
    assert not (training.folder / "owner.json").exists()
    if rank:
        again = training.run()
        assert [one.status for one in again] == [0, 0]
        assert "resumed at update 4, epoch 1" in again[0].said
        assert training.outcomes() == ["time limit", "finished"]
        assert same_weights(training.root / "out", in_two_processes[0] / "out")


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_is_killed_ends_the_other(rank, training):
    """Within seconds: the connection is closed by the system."""
    began = time.monotonic()
    ended = training.run(FAILING.format(rank=rank, act=KILL))
    assert ended[rank].status == -9
    assert ended[1 - rank].status == 1
    assert ended[1 - rank].line.startswith(GONE)
    assert time.monotonic() - began < 90
    assert training.outcomes() == (["killed"] if rank == 0 else [f"UserError: {ended[0].line[7:]}"])


def test_a_process_that_never_comes(world, tmp_path):
    """One of two is started; ten minutes would be waited for the other."""
    patch = "import datetime, workflow_scripts.train.ranks as r\nr.START = datetime.timedelta(seconds=3)"
    command = baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **HALVES)
    (ended,) = train(BASELINE, [command], tmp_path / "program", patch, of=2)
    assert ended.status == 1
    assert ended.line.startswith("error: process 0 of 2 did not meet all others at 127.0.0.1:")
    assert not (tmp_path / "folder").exists()


def test_a_port_that_is_taken(world, tmp_path):
    command = baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **HALVES)
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        (ended,) = train(BASELINE, [command], tmp_path / "program", of=2, port=port)
    assert ended.status == 1
    assert f"127.0.0.1:{port}, where the processes of the training meet, is taken by another" in ended.line


def test_a_process_that_hangs_does_not_keep_the_others_for_ever(training):
    """It lives, and says nothing; half an hour would be waited for it."""
    patch = """
import datetime, sys, time
from workflow_scripts.models.training import collectives
from workflow_scripts.train import ranks
collectives.SILENCE = ranks.SILENCE = datetime.timedelta(seconds=5)
def hang():
    time.sleep(40)
    sys.exit(3)
""" + FAILING.format(rank=1, act="hang()")
    began = time.monotonic()
    ended = training.run(patch)
    assert ended[0].status == 1
    assert ended[0].line.startswith(GONE)
    assert ended[1].status != 0
    assert time.monotonic() - began < 120
