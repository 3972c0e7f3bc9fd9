"""Where a training is, and its checkpoints: what is saved, kept and found again."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workflow_scripts.models.training.checkpoints import (
    BEST,
    copy_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from workflow_scripts.models.training.plan import moved_position
from workflow_scripts.units.training_files import LAST

logger = logging.getLogger(__name__)


@dataclass
class Progress:
    """How far a training is. ``epoch`` from 1, of which each process has taken ``taken`` batches; ``best``
    loss of its validations, and how many after it were no better (``worse``)."""

    updates: int = 0
    epoch: int = 1
    taken: int = 0
    best: float | None = None
    worse: int = 0

    def note(self, loss: float) -> None:
        """Take in the loss of a validation."""
        self.worse = 0 if self.best is None or loss < self.best else self.worse + 1
        self.best = loss if self.best is None else min(loss, self.best)


class Found(NamedTuple):
    """A checkpoint that was read: where it is, all of it, and whether what was due after it is done."""

    progress: Progress
    state: dict[str, Any]
    complete: bool


class Checkpoints:
    """The checkpoints of a training's folder, in the form that ``models.training.checkpoints`` reads.
    ``batching``: how epochs are cut; ``keep``: validated ones beside the best and the last."""

    def __init__(self, folder: Path, batching: str, keep: int) -> None:
        self._folder, self._batching, self._keep = folder, batching, max(keep, 1)

    def save(self, progress: Progress, parts: Mapping[str, Any], loss: float | None) -> None:
        """Write a checkpoint. ``parts``: weights and states by name, ``extra_state`` among them. ``loss``: of
        the validation after the update; None where a slice ends before what is due is done."""
        extra = {"val_loss": loss, "best": progress.best, "batching": self._batching}
        state = {
            **parts,
            "extra_state": {**parts["extra_state"], **extra, "progress": asdict(progress)},
            "optimizer_history": [{"num_updates": progress.updates}],
        }
        if loss is None:
            save_checkpoint(state, self._folder / LAST)
            return
        own = self._folder / f"checkpoint_{progress.epoch}_{progress.updates}.pt"
        save_checkpoint(state, own)
        if progress.best is not None and loss <= progress.best:
            copy_checkpoint(own, self._folder / BEST)
        copy_checkpoint(own, self._folder / LAST)
        for old in self._validated()[: -self._keep]:
            old.unlink()

    def _validated(self) -> list[Path]:
        found = self._folder.glob("checkpoint_*_*.pt")
        return sorted(found, key=lambda path: int(path.stem.rpartition("_")[2]))

    def load(self) -> Found | None:
        """Return the last checkpoint; None without one."""
        path = self._folder / LAST
        if not path.is_file():
            return None
        state = read_checkpoint(path)
        extra = state["extra_state"]
        progress = Progress(**extra["progress"])
        if extra["batching"] != self._batching and progress.taken:
            position = moved_position(progress.taken, extra["batching"], self._batching)
            if position is None:
                logger.warning("the batches are cut differently now: going on with the next epoch")
                progress.epoch += 1
            progress.taken = position or 0
        # A slice that ended left its last update without the validation that may have been due.
        return Found(progress, state, extra["val_loss"] is not None)
