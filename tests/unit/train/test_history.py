"""What a training cost, over its attempts."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.train.history import History


def test_attempts_are_added_up(tmp_path: Path) -> None:
    """The first attempt is of a version that knew no devices."""
    write_json(
        tmp_path / "history.json",
        {"attempts": [{"seconds": 100.0, "peak_memory_mb": 1e6, "outcome": "killed"}]},
    )
    history = History(tmp_path)
    with pytest.raises(RuntimeError, match="broken"), history.attempt(["cpu"], code="abc"):
        assert read_json(tmp_path / "history.json")["attempts"][1]["outcome"] == "killed"
        raise RuntimeError("broken")
    value = history.read()
    assert [attempt["outcome"] for attempt in value["attempts"]] == ["killed", "RuntimeError: broken"]
    assert value["attempts"][1]["devices"] == ["cpu"]
    assert value["attempts"][1]["code"] == "abc"
    assert 100.0 <= value["seconds"] < 105.0
    assert value["peak_memory_mb"] == 1e6
    assert value["gpu_hours"] == 0.0


def test_gpu_hours_count_every_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour on four GPUs is two GPU hours, a quarter of an hour on one more 0.25."""
    now = 1000.0
    monkeypatch.setattr("workflow_scripts.train.history.time.monotonic", lambda: now)
    history = History(tmp_path)
    for devices, seconds in ((["NVIDIA A100"] * 4, 1800.0), (["NVIDIA A100"], 900.0)):
        with history.attempt(devices):
            now += seconds
    value = history.read()
    assert [attempt["gpu_hours"] for attempt in value["attempts"]] == [2.0, 0.25]
    assert (value["gpu_hours"], value["seconds"]) == (2.25, 2700.0)


def test_an_outcome_that_was_given_stays(tmp_path: Path) -> None:
    history = History(tmp_path)
    with pytest.raises(RuntimeError), history.attempt(["cpu"]) as attempt:
        attempt["outcome"] = "out of memory"
        raise RuntimeError("x")
    assert history.read()["attempts"][0]["outcome"] == "out of memory"


def test_nothing_is_written_over_the_history_of_one_that_took_the_folder_over(tmp_path: Path) -> None:
    ours = True
    history = History(tmp_path, lambda: ours)
    with history.attempt(["cpu"]):
        write_json(tmp_path / "history.json", {"attempts": ["theirs"]})
        ours = False
    assert read_json(tmp_path / "history.json") == {"attempts": ["theirs"]}


def test_what_ended_the_attempt_is_told_even_if_the_history_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(tmp_path)
    with pytest.raises(RuntimeError, match="the disk is full"), history.attempt(["cpu"]):
        history.file = tmp_path / "gone" / "history.json"
        (tmp_path / "gone").write_text("no folder")
        raise RuntimeError("the disk is full")
    assert "history.json could not be written" in caplog.text
