"""The training folder: one writer, what may be continued, what it cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.files import read_json, write_json
from workflow_scripts.models.settings import accumulation, complete_settings, settings_by_class
from workflow_scripts.models.training import number_of_processes
from workflow_scripts.models.training_folder import TrainingFolder

#: Larger than any process number that Linux gives out.
NO_PROCESS = 2**22 + 1


def fingerprint(**changes: Any) -> dict[str, dict[str, Any]]:
    return settings_by_class(complete_settings(changes, "mixed"), processes=1)


def owner(path: Path, **changes: Any) -> None:
    path.mkdir(parents=True, exist_ok=True)
    write_json(path / "owner.json", {"host": socket.gethostname(), "pid": os.getppid(), **changes})


def test_a_live_owner_is_named(tmp_path: Path) -> None:
    owner(tmp_path / "s1")
    with (
        pytest.raises(UserError, match=f"process {os.getppid()} on {socket.gethostname()}"),
        TrainingFolder(tmp_path / "s1", fingerprint()).owned(),
    ):
        pass
    assert (tmp_path / "s1" / "owner.json").exists()


def test_an_owner_on_another_host_is_live_by_its_heartbeat(tmp_path: Path) -> None:
    owner(tmp_path, host="elsewhere", pid=1, slurm_job="17")
    folder = TrainingFolder(tmp_path, fingerprint())
    with pytest.raises(UserError, match="process 1 on elsewhere, SLURM job 17"), folder.owned():
        pass
    old = time.time() - 121
    os.utime(tmp_path / "owner.json", (old, old))
    with folder.owned():
        assert read_json(tmp_path / "owner.json")["pid"] == os.getpid()


@pytest.mark.parametrize("gone", [{"pid": NO_PROCESS}, {"started": "not when that process started"}])
def test_a_dead_owner_is_taken_over_and_let_go(tmp_path: Path, gone: dict[str, Any]) -> None:
    owner(tmp_path, **gone)
    with TrainingFolder(tmp_path, fingerprint()).owned():
        assert read_json(tmp_path / "owner.json")["pid"] == os.getpid()
    assert not (tmp_path / "owner.json").exists()


def prepare(path: Path, **changes: Any) -> TrainingFolder:
    folder = TrainingFolder(path, fingerprint(**changes))
    path.mkdir(exist_ok=True)
    folder.prepare()
    return folder


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 1e-3},
        {"max_tokens": 4800},
        {"label_smoothing": 0.0},
        {"sampler": "by_direction"},
        {"temperature": 5.0},
    ],
)
def test_a_changed_identity_starts_clean_beside_the_old(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "s1"
    prepare(path)
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, **change)
    assert not (path / "checkpoint_last.pt").exists()
    assert (tmp_path / "s1.replaced-1" / "checkpoint_last.pt").read_text() == "old"
    prepare(path)
    assert (tmp_path / "s1.replaced-2" / "fingerprint.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"max_updates": 9000},
        {"patience": 3},
        {"validate_interval_updates": 100},
        {"max_tokens": 1200, "tokens_per_update": 2400},  # the same effective batch
        {"precision": "fp32"},
        {"threads": 7},
        {"log_interval": 1},
        {"keep_checkpoints": 3},
    ],
)
def test_other_changes_continue(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "s1"
    prepare(path)
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, **change)
    assert (path / "checkpoint_last.pt").read_text() == "old"
    assert not (tmp_path / "s1.replaced-1").exists()


def test_updates_are_identity_where_the_learning_rate_ends_with_them(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path, scheduler="cosine")
    (path / "checkpoint_last.pt").write_text("old")
    prepare(path, scheduler="cosine", max_updates=9000)
    assert (tmp_path / "s1.replaced-1").exists()


def test_fewer_updates_than_trained_start_clean(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path).finish(6000, "max_updates")
    prepare(path, max_updates=100)
    assert (tmp_path / "s1.replaced-1" / "finished.json").exists()


def test_finished_holds_for_the_same_extendable_settings_only(tmp_path: Path) -> None:
    prepare(tmp_path / "s1").finish(6000, "max_updates")
    (tmp_path / "s1" / "checkpoint_last.pt").write_text("state")
    assert prepare(tmp_path / "s1", threads=3).is_finished()
    assert not prepare(tmp_path / "s1", max_updates=7000).is_finished()
    assert not prepare(tmp_path / "s2").is_finished()


def test_a_finished_training_goes_on_only_from_its_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "s1"
    prepare(path).finish(6000, "max_updates")
    with pytest.raises(
        UserError, match=r"max_updates changed from 6000 to 7000.*set max_updates back to 6000"
    ):
        prepare(path, max_updates=7000)
    with pytest.raises(UserError, match="patience changed from 20 to 3"):
        prepare(path, patience=3)
    assert read_json(path / "fingerprint.json")["extendable"]["max_updates"] == 6000
    prepare(path, keep_optimizer=False)
    (path / "checkpoint_last.pt").write_text("state")
    prepare(path, max_updates=7000)


def test_history_adds_up_attempts(tmp_path: Path) -> None:
    folder = prepare(tmp_path)
    write_json(
        tmp_path / "history.json",
        {"attempts": [{"seconds": 100.0, "peak_memory_mb": 1e6, "outcome": "killed"}]},
    )
    with pytest.raises(RuntimeError, match="broken"), folder.attempt():
        assert read_json(tmp_path / "history.json")["attempts"][1]["outcome"] == "killed"
        raise RuntimeError("broken")
    history = folder.history
    assert [attempt["outcome"] for attempt in history["attempts"]] == ["killed", "RuntimeError: broken"]
    assert 100.0 <= history["seconds"] < 105.0
    assert history["peak_memory_mb"] == 1e6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learning_rate": 1}, "unknown key 'learning_rate'"),
        ({"warmup_update": 1}, "did you mean 'warmup_updates'"),
        ({"scheduler": "cosin"}, "did you mean 'cosine'"),
        ({"max_tokens": 0}, "max_tokens 0 in the training settings must be positive"),
        ({"update_freq": 2}, "unknown key 'update_freq'"),
        ({"scheduler": "cosine", "max_updates": 10}, "warmup_updates 4000 .* below max_updates 10"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        complete_settings(given, "mixed")


@pytest.mark.parametrize(("max_tokens", "processes", "batches"), [(2400, 1, 4), (1200, 1, 8), (1200, 4, 2)])
def test_an_update_holds_the_same_tokens_however_it_is_split(
    max_tokens: int, processes: int, batches: int
) -> None:
    settings = complete_settings({"max_tokens": max_tokens, "tokens_per_update": 9600}, "mixed")
    assert accumulation(settings, processes) == batches


def test_an_update_that_cannot_be_split_so_is_refused() -> None:
    settings = complete_settings({"max_tokens": 2400, "tokens_per_update": 4800}, "mixed")
    with pytest.raises(UserError, match="4800 tokens is not a multiple of max_tokens 2400 in each of 4"):
        accumulation(settings, 4)


def test_one_of_many_takes_over_from_a_process_that_is_gone(tmp_path: Path) -> None:
    """Eight at once find a stale owner; the others must find the new one."""
    owner(tmp_path, pid=NO_PROCESS)
    script = (
        "import sys, time\n"
        "from workflow_scripts.models.training_folder import TrainingFolder\n"
        "empty = {'identity': {}, 'extendable': {}, 'execution': {}}\n"
        "time.sleep(max(0.0, float(sys.argv[2]) - time.time()))\n"
        "with TrainingFolder(sys.argv[1], empty).owned():\n"
        "    print('took it')\n"
        "    time.sleep(3)\n"
    )
    begin = str(time.time() + 1.5)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), begin],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    outputs = [process.communicate() for process in started]
    assert sum("took it" in out for out, _ in outputs) == 1
    assert sum("is being written by process" in error for _, error in outputs) == 7
    assert not (tmp_path / "owner.json").exists()


@pytest.mark.parametrize(
    ("gpus", "batches", "processes"), [(0, 1, 1), (2, 1, 1), (4, 6, 2), (8, 84, 4), (4, 84, 4)]
)
def test_as_many_gpus_as_an_update_can_be_shared_out_to(
    gpus: int, batches: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    settings = complete_settings({"max_tokens": 100, "tokens_per_update": 100 * batches}, "mixed")
    assert number_of_processes(settings) == processes
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert number_of_processes(settings) == 3
