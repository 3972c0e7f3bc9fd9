"""What a person sees of a long evaluation pass: a line every few seconds, on stderr."""

import logging
import time

SECONDS_BETWEEN_LINES = 5.0

logger = logging.getLogger(__name__)


class Progress:
    """Logs batches done, positions a second and the time left, every few seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, batches: int, positions: int) -> None:
        """Take in one batch."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES and done < batches:
            return
        self.last = now
        spent = max(now - self.start, 1e-9)
        left = spent / done * (batches - done)
        logger.info(
            f"{self.name}: batch {done}/{batches} | {positions / spent:.0f} positions/s | left {left:.0f} s"
        )
