"""The progress line, with a clock worked out by hand."""

from __future__ import annotations

import pytest

from workflow_scripts.common.durations import clock
from workflow_scripts.models import progress_log as progress
from workflow_scripts.models.progress_log import ProgressLog


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (1, "0:01"), (60, "0:01"), (61, "0:02"), (5400, "1:30"), (36000, "10:00")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Two updates of 100 and 300 tokens in 8 s; 398 updates at 4 s are 1,592 s, 27 minutes."""
    now = [50.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    caplog.set_level("INFO")
    log = ProgressLog(last_update=400, interval=2)
    log.update(1, {"loss": 8.0}, 100, 1e-4)
    now[0] = 58.0
    log.update(2, {"loss": 4.0}, 300, 1e-3)
    assert caplog.messages == [
        "update 2/400 | loss 5.000 | lr 1.00e-03 | 50 words/s | 4.00 s/update | left 0:27"
    ]
