"""Real trainings in slices: the same files as in one piece, wherever a slice ends."""

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.training.interrupted import after_update, same_weights
from tests.training.several import begin, clean_environment
from tests.training.toy_world import baseline_arguments
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.models.fairseq.training.task import NeuronspecTranslationTask
from workflow_scripts.models.fairseq.training.trainer import NeuronspecTrainer
from workflow_scripts.models.training import checkpoints
from workflow_scripts.models.training.checkpoints import read_checkpoint, updates_of
from workflow_scripts.models.training.slices import SliceEnded
from workflow_scripts.train import train_baseline
from workflow_scripts.train.deadline import Deadline
from workflow_scripts.train.history import History
from workflow_scripts.train.train_baseline import main

#: Validations at 10, 20 and 30; patience counts them all, but ends nothing.
OPTIONS = {"max_updates": 30, "patience": 9, "lr": 0.02}


@pytest.fixture(scope="module")
def straight(world, tmp_path_factory):
    root = tmp_path_factory.mktemp("straight")
    main(baseline_arguments(world, root / "folder", root / "out", **OPTIONS))
    return root


@pytest.fixture
def arguments(world, folder, out):
    return baseline_arguments(world, folder, out, **OPTIONS)


def send(number):
    return lambda: os.kill(os.getpid(), number)


@contextmanager
def slice_until(update, monkeypatch, number=signal.SIGUSR1):
    """End the slice by a signal right after `update`."""
    with after_update(update, send(number), monkeypatch), pytest.raises(SliceEnded) as caught:
        yield caught
    assert caught.value.update == update


def is_same(one, two):
    """Compare what checkpoints hold, to the bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(is_same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(is_same, one, two))
    return bool(one == two)


def assert_same(root, straight):
    """Weights, validations, checkpoints with optimiser, data position and patience, and the end are equal."""
    assert same_weights(root / "out", straight / "out")
    for name in ("validation.csv", "finished.json", "fingerprint.json"):
        assert (root / "folder" / name).read_text() == (straight / "folder" / name).read_text()
    names = [sorted(path.name for path in (one / "folder").glob("*.pt")) for one in (root, straight)]
    assert names[0] == names[1]
    for name in names[0]:
        one, two = (read_checkpoint(place / "folder" / name) for place in (root, straight))
        for state in (one, two):
            # Never set by fairseq: whatever was in memory.
            for key in [key for key in state["model"] if key.endswith("._float_tensor")]:
                del state["model"][key]
        for key in ("model", "last_optimizer_state"):
            assert is_same(one[key], two[key]), (name, key)
        for key in ("train_iterator", "val_loss", "best", "patience", "batching"):
            assert one["extra_state"][key] == two["extra_state"][key], (name, key)


def outcomes(folder):
    return [(one["outcome"], one["to_update"]) for one in History(folder).read()["attempts"]]


def end_of_an_epoch(straight):
    """Return the updates of an epoch: the first checkpoint of the second one says where it stands."""
    for path in (straight / "folder").glob("*.pt"):
        state = read_checkpoint(path)
        place = state["extra_state"]["train_iterator"]
        if place["epoch"] == 3:
            return (updates_of(state) - int(place["iterations_in_epoch"])) // 2
    raise AssertionError("no checkpoint of the third epoch")


def test_slices_that_end_anywhere_change_nothing(straight, tmp_path, monkeypatch, arguments):
    """At the first and the last update, before, at and after a validation, at the end of an epoch."""
    epoch = end_of_an_epoch(straight)
    assert 11 < epoch < 19
    ends = [1, 9, 10, 11, epoch, 20, 30]
    for update in ends:
        with slice_until(update, monkeypatch) as caught:
            main(arguments)
        assert caught.value.reason == "time limit"
        state = read_checkpoint(tmp_path / "folder" / "checkpoint_last.pt")
        assert (updates_of(state), state["extra_state"]["val_loss"]) == (update, None)
        assert not (tmp_path / "folder" / "owner.json").exists()
        assert not (tmp_path / "out").exists()
    main(arguments)
    assert_same(tmp_path, straight)
    assert outcomes(tmp_path / "folder") == [*(("time limit", update) for update in ends), ("finished", 30)]
    training = read_json(tmp_path / "out" / "system.json")["training"]
    assert (training["attempts"], training["updates"]) == (8, 30)
    history = History(tmp_path / "folder").read()
    assert training["seconds"] == pytest.approx(sum(one["seconds"] for one in history["attempts"]))


def test_accumulated_batches_are_all_of_one_update(world, straight, tmp_path, monkeypatch):
    """Two batches an update; patience ends it at a validation."""
    options = {"max_tokens": 50, "tokens_per_update": 100, "max_updates": 60}
    options |= {"validate_interval_updates": 6, "patience": 2, "lr": 1e-9, "virtual_epoch_size": 60}
    whole = tmp_path / "whole"
    main(baseline_arguments(world, whole / "folder", whole / "out", **options))
    assert read_json(whole / "folder" / "finished.json")["reason"] == "patience or time"
    updates = read_json(whole / "folder" / "finished.json")["updates"]
    arguments = baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **options)
    for update in (*range(1, 9), updates):
        with slice_until(update, monkeypatch):
            main(arguments)
    main(arguments)
    assert_same(tmp_path, whole)


@contextmanager
def in_validation(batch, act, monkeypatch):
    """Call `act` at a batch of the first validation."""
    plain, seen = NeuronspecTranslationTask.valid_step, []

    def watched(self, *rest):
        seen.append(1)
        if len(seen) == batch:
            act()
        return plain(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(NeuronspecTranslationTask, "valid_step", watched)
        yield seen


def test_a_validation_that_is_broken_off_is_done_once_by_the_next_slice(
    straight, tmp_path, monkeypatch, arguments
):
    with in_validation(2, send(signal.SIGUSR1), monkeypatch) as seen, pytest.raises(SliceEnded):
        main(arguments)
    assert len(seen) == 2
    assert not (tmp_path / "folder" / "validation.csv").exists()
    # The next slice is killed when it has written the rows, and the one after that before its checkpoint has
    # its name.
    plain = checkpoints.copy_checkpoint

    def kill(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(NeuronspecTrainer, "save_checkpoint", kill)
        main(arguments)
    assert (tmp_path / "folder" / "validation.csv").read_text().count("\n10,") == 5
    copied = []

    def kill_second(source, destination, overwrite=True):
        if copied:
            raise KeyboardInterrupt
        copied.append(Path(destination).name)
        return plain(source, destination, overwrite)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("fairseq.file_io.PathManager.copy", staticmethod(kill_second))
        main(arguments)
    assert copied == ["checkpoint_best.pt"]  # which now holds the loss that checkpoint_last.pt does not know
    main(arguments)
    assert_same(tmp_path, straight)


def test_a_slice_without_progress_is_an_error(monkeypatch, folder, arguments):
    with slice_until(10, monkeypatch):
        main(arguments)
    line = rf"^{folder}: the time limit is too short: this slice ends where it began, at update 10, in the"
    with in_validation(1, send(signal.SIGUSR1), monkeypatch), pytest.raises(UserError, match=line):
        main(arguments)
    # Who is preempted so early is not to blame.
    with in_validation(1, send(signal.SIGTERM), monkeypatch), pytest.raises(SliceEnded, match="SIGTERM"):
        main(arguments)
    assert not (folder / "owner.json").exists()


class Clock:
    """Time that passes by `wait` alone, for deadlines; each slice has its seconds from when it is asked."""

    def __init__(self, monkeypatch, seconds):
        self.now = 1e9
        fake = SimpleNamespace(time=lambda: self.now, monotonic=lambda: self.now)
        for module in ("train.deadline", "models.training.slices"):
            monkeypatch.setattr(f"workflow_scripts.{module}.time", fake)
        monkeypatch.setattr(Deadline, "of_this_process", lambda _: Deadline(self.now + seconds, seconds))

    def wait(self, seconds):
        self.now += seconds


def test_slices_by_the_clock(straight, tmp_path, monkeypatch, arguments):
    """Updates of 60 s in slices of 1,000 s: the margin is 50 s, and two updates are kept free.

    After 14 updates 840 + 50 + 120 s are more than 1,000.
    """
    clock = Clock(monkeypatch, 1000.0)
    plain = NeuronspecTranslationTask.train_step

    def slow(self, *rest, **named):
        clock.wait(60.0)
        return plain(self, *rest, **named)

    monkeypatch.setattr(NeuronspecTranslationTask, "train_step", slow)
    for update in (14, 28):
        with pytest.raises(SliceEnded, match=f"time limit at update {update}"):
            main(arguments)
    main(arguments)
    assert_same(tmp_path, straight)


def test_a_validation_as_long_as_the_last_one_is_not_begun_without_the_time(
    straight, tmp_path, monkeypatch, arguments
):
    """Of 1,500 s the first takes 800: the second would not be done before the end."""
    clock = Clock(monkeypatch, 1500.0)
    with (
        in_validation(1, lambda: clock.wait(800.0), monkeypatch),
        pytest.raises(SliceEnded, match="time limit at update 20"),
    ):
        main(arguments)
    # The second was not begun, and is done by the next slice.
    assert (tmp_path / "folder" / "validation.csv").read_text().count("\n20,") == 0
    main(arguments)
    assert_same(tmp_path, straight)


#: Each slice has so many seconds after its first update.
SLOWER = """
import time
from workflow_scripts.train import deadline
from workflow_scripts.models.progress_log import ProgressLog
deadline.LEAST_MARGIN = {margin}
plain = ProgressLog.update
def slower(self, *rest):
    plain(self, *rest)
    print("update", rest[0], flush=True)
    time.sleep({pause})
ProgressLog.update = slower
"""


def start(tmp_path, pause, *arguments, margin=0.0, **variables):
    """Begin a training; what it says is in `said`."""
    (tmp_path / "patch.py").write_text(SLOWER.format(pause=pause, margin=margin))
    (tmp_path / "said").unlink(missing_ok=True)
    environment = {**clean_environment(), **variables}
    return begin(train_baseline.__name__, arguments, environment, tmp_path / "patch.py", tmp_path / "said")


def ended(process, tmp_path):
    try:
        process.wait(120)
    finally:
        process.kill()
    return (tmp_path / "said").read_text()


def test_sigterm_leaves_a_checkpoint_of_the_very_update(straight, tmp_path, arguments):
    program = start(tmp_path, 0.3, *arguments)
    deadline = time.monotonic() + 120
    while "update 7\n" not in (tmp_path / "said").read_text():
        assert program.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(program.pid, signal.SIGTERM)
    said = ended(program, tmp_path)
    assert program.returncode == 143
    assert said.count("update 8\n") == 0
    assert said.splitlines()[-1].endswith("ended by SIGTERM at update 7; it goes on from there")
    assert "Traceback" not in said
    assert updates_of(read_checkpoint(tmp_path / "folder" / "checkpoint_last.pt")) == 7
    assert outcomes(tmp_path / "folder") == [("SIGTERM", 7)]
    assert not (tmp_path / "folder" / "owner.json").exists()
    main(arguments)
    assert_same(tmp_path, straight)


#: Writes its arguments down, and ends the program that called it as SLURM would.
SCONTROL = """#!/bin/sh
echo "$@" >> {calls}
[ -z "$REFUSE" ] || {{ echo "slurm_requeue error: Requested operation is presently disabled" >&2; exit 1; }}
kill -TERM $PPID
"""
SQUEUE = """#!/bin/sh
echo "$@" >> {calls}
echo 0:01
"""


def test_a_slice_goes_back_into_the_queue_once(straight, tmp_path, arguments):
    """A second is less than what is kept free: one update a slice. The array's task is named."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("scontrol", SCONTROL), ("squeue", SQUEUE)):
        (tools / name).write_text(text.format(calls=tmp_path / name))
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    job = {"PATH": path, "SLURM_JOB_ID": "12", "SLURM_ARRAY_JOB_ID": "11", "SLURM_ARRAY_TASK_ID": "3"}
    program = start(tmp_path, 0.0, *arguments, margin=20.0, **job)
    said = ended(program, tmp_path)
    assert program.returncode == -signal.SIGTERM
    assert "the time limit is reached at update 1, saved; job 11_3 goes back into the queue" in said
    assert (tmp_path / "scontrol").read_text() == "requeue 11_3\n"
    assert (tmp_path / "squeue").read_text() == "--noheader --jobs=11_3 --format=%L\n" * 2
    assert outcomes(tmp_path / "folder") == [("time limit", 1)]

    alone = {"PATH": path, "SLURM_JOB_ID": "12", "REFUSE": "yes"}
    program = start(tmp_path, 0.0, *arguments, margin=20.0, **alone)
    said = ended(program, tmp_path)
    assert program.returncode == 1
    assert said.splitlines()[-1] == (
        "error: the time limit is reached at update 2, saved, and SLURM did not take job 12 back into the"
        " queue (slurm_requeue error: Requested operation is presently disabled); run again, it goes on from"
        " there (slurm-requeue: true in the profile makes jobs that go on by themselves)"
    )
    assert (tmp_path / "scontrol").read_text() == "requeue 11_3\nrequeue 12\n"
    assert not (tmp_path / "folder" / "owner.json").exists()


def test_minutes_from_the_start_of_the_program(tmp_path, arguments):
    """Where there is no SLURM: a hundredth of a second has passed when the first update is made."""
    for update in (1, 2):
        program = start(tmp_path, 0.0, *arguments, "--runtime=0.0001")
        said = ended(program, tmp_path)
        assert program.returncode == 1
        line = f"error: the time limit is reached at update {update}, saved; run again, it goes on from there"
        assert said.splitlines()[-1] == line
    assert outcomes(tmp_path / "folder") == [("time limit", 1), ("time limit", 2)]
