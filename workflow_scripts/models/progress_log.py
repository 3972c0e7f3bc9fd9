"""What a person sees of a long training: one line every few updates, on stderr.

`update 1200/6000 | loss 4.123 | lr 1.2e-03 | 5830 words/s | 0.41 s/update | left 0:33`
"""

import logging
import math
import sys
import time
import warnings
from collections import deque
from typing import Any

from workflow_scripts.common.durations import clock
from workflow_scripts.common.errors import UserError

# Speed and time left look back this many log lines, so that a pause for validation does not shake them much.
SPEED_WINDOW = 20

# Below a warning, what these log is of use to their developers only.
_TALKATIVE = ("fairseq", "fairseq_cli", "torch")

logger = logging.getLogger(__name__)


def log_to_stderr() -> None:
    """Send this project's lines to stderr with the time, fairseq's only from warnings up."""
    logging.basicConfig(
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        level=logging.INFO,
        stream=sys.stderr,
        force=True,
    )
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # fairseq's data loader always asks for pinned memory; torch remarks on it each epoch without a GPU.
    warnings.filterwarnings("ignore", message=".*pin_memory.*")
    warnings.filterwarnings("ignore", message=".*mismatched key_padding_mask.*")
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def check_finite(value: float, what: str) -> None:
    """Raise UserError if `value` is NaN or infinite; `what`: its name in the message."""
    if not math.isfinite(value):
        raise UserError(
            f"{what} is not a finite number ({value}): the training has diverged; lower its lr, raise"
            " warmup_updates, or take precision fp32"
        )


class ProgressLog:
    """Averages over `interval` updates and logs a line; training ends at `last_update` at the latest."""

    def __init__(self, last_update: int, interval: int) -> None:
        self.last_update, self.interval = last_update, max(interval, 1)
        self.loss = self.tokens = 0.0
        self.marks: deque[tuple[float, int, float]] = deque(maxlen=SPEED_WINDOW)
        self.seen_tokens = 0.0
        self.resume(0)

    def resume(self, update: int) -> None:
        """Start the clock at `update`."""
        self.marks.clear()
        self.marks.append((time.monotonic(), update, self.seen_tokens))

    def update(self, update: int, output: dict[str, Any], tokens: int, learning_rate: float) -> None:
        """Take in one update: `output["loss"]` in bits per target token, `tokens` target tokens."""
        self.loss += float(output.get("loss", 0.0)) * tokens
        self.tokens += tokens
        self.seen_tokens += tokens
        if update % self.interval == 0 or update == self.last_update:
            logger.info(self.line(update, learning_rate, time.monotonic()))
            self.loss = self.tokens = 0.0

    def line(self, update: int, learning_rate: float, now: float) -> str:
        """Return the line for the updates since the last one and mark the time."""
        then, since, seen = self.marks[0]
        seconds, updates = max(now - then, 1e-9), max(update - since, 1)
        self.marks.append((now, update, self.seen_tokens))
        left = seconds / updates * (self.last_update - update)
        return (
            f"update {update}/{self.last_update} | loss {self.loss / max(self.tokens, 1):.3f}"
            f" | lr {learning_rate:.2e} | {(self.seen_tokens - seen) / seconds:.0f} words/s"
            f" | {seconds / updates:.2f} s/update | left {clock(left)}"
        )
