"""What goes wrong in a process that was started reaches the user as if it had gone wrong here."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.training_settings import training_settings  # noqa: E402
from tests.waiting import wait_until  # noqa: E402
from workflow_scripts.common.errors import UserError  # noqa: E402
from workflow_scripts.models.fairseq.training.fairseq_run import (  # noqa: E402
    fairseq_arguments,
    passing_signals_on,
    user_errors_of_processes,
)
from workflow_scripts.models.training.memory import is_out_of_memory  # noqa: E402
from workflow_scripts.models.training.plan import TrainingPlan  # noqa: E402
from workflow_scripts.models.training.slices import SliceEnded, SliceWatch  # noqa: E402
from workflow_scripts.models.training.surroundings import never  # noqa: E402


def full_disk(_: int) -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise UserError("checkpoint_last.pt: No space left on device") from error


def allocate(_: int) -> None:
    torch.empty(2**50, dtype=torch.uint8)


def in_a_process(act: Callable[[int], None]) -> None:
    """What `spawn` does, but for importing torch anew: the error is passed on in the same words."""
    torch.multiprocessing.start_processes(act, nprocs=1, start_method="fork")


def test_a_users_error_in_another_process_is_one_line() -> None:
    with pytest.raises(UserError) as caught, user_errors_of_processes():
        in_a_process(full_disk)
    assert str(caught.value) == "checkpoint_last.pt: No space left on device"


def test_out_of_memory_in_another_process_is_known() -> None:
    with pytest.raises(torch.multiprocessing.ProcessRaisedException) as caught, user_errors_of_processes():
        in_a_process(allocate)
    assert is_out_of_memory(caught.value)


def leave(_: int) -> None:
    raise SliceEnded("time limit", 1700)


def until_signalled(rank: int, folder: str) -> None:
    watch = SliceWatch(never)
    with watch.signals():
        (Path(folder) / str(rank)).touch()
        wait_until(lambda: watch.reason() is not None, "a signal")
        reason = watch.reason()
    assert reason is not None
    raise SliceEnded(reason, 7)


def test_the_end_of_a_slice_in_another_process_is_known() -> None:
    with pytest.raises(SliceEnded) as caught, user_errors_of_processes():
        in_a_process(leave)
    assert (caught.value.reason, caught.value.update) == ("time limit", 1700)


def test_signals_are_passed_on_to_the_processes_that_were_started(tmp_path: Path) -> None:
    def send() -> None:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2, "both processes")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send).start()
    with (
        pytest.raises(SliceEnded, match="SIGTERM at update 7"),
        user_errors_of_processes(),
        passing_signals_on(),
    ):
        torch.multiprocessing.spawn(until_signalled, args=(str(tmp_path),), nprocs=2)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_settings_in_fairseqs_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting that bears on what is learned, each with a value of its own."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    settings = {
        "max_updates": 70, "max_tokens": 300, "tokens_per_update": 1200, "lr": 2e-3, "warmup_updates": 9,
        "label_smoothing": 0.2, "adam_betas": [0.8, 0.95], "adam_eps": 1e-7, "weight_decay": 0.03,
        "clip_norm": 4.0, "validate_interval_updates": 7, "patience": 5, "keep_checkpoints": 2,
    }  # fmt: skip
    plan = TrainingPlan(
        system="ns", seed=6, languages=["de", "en"], directions=["de-en"], architecture={}, text={},
        settings=training_settings(**settings), data_bin="bin", dictionary="d", subwords="s",
        folder=str(tmp_path),
    )  # fmt: skip
    words = dict(word.removeprefix("--").partition("=")[::2] for word in fairseq_arguments(plan, 1, 0))
    expected = {
        "task": "neuronspec_translation", "criterion": "projected_label_smoothing", "seed": "6",
        "label-smoothing": "0.2", "optimizer": "fused_adam", "adam-betas": "(0.8, 0.95)", "adam-eps": "1e-07",
        "weight-decay": "0.03", "clip-norm": "4.0", "lr": "0.002", "lr-scheduler": "inverse_sqrt",
        "warmup-updates": "9", "max-tokens": "300", "max-tokens-valid": "300", "update-freq": "4",
        "max-update": "70", "save-interval-updates": "7", "validate-interval-updates": "7",
        "keep-interval-updates": "2", "patience": "5", "valid-subset": "valid",
        "required-batch-size-multiple": "1", "cpu": "",
    }  # fmt: skip
    assert {key: words[key] for key in expected} == expected
    assert json.loads(words["plan"])["seed"] == 6
    assert not {"fp16", "bf16", "total-num-update"} & set(words)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_needs_a_gpu(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    plan = TrainingPlan(
        system="ns", seed=6, languages=["de", "en"], directions=["de-en"], architecture={}, text={},
        settings=training_settings(precision=precision), data_bin="bin", dictionary="d", subwords="s",
        folder="folder",
    )  # fmt: skip
    with pytest.raises(UserError, match=f"^precision {precision} in the training settings needs a GPU"):
        fairseq_arguments(plan, 1, 0)
