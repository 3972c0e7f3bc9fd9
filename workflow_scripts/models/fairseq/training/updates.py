"""What follows each update: end if it is time, else validate and save if that is due.

In place of fairseq's `validate_and_save`. A training that ends saves without validating, and the next slice
does what is left: no row, no patience and no best checkpoint depends on where slices end.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq import checkpoint_utils
from fairseq_cli import train as fairseq_train

from workflow_scripts.models.training.slices import SliceEnded
from workflow_scripts.units.training_files import LAST

_validate_and_save = fairseq_train.validate_and_save


def complete_update(
    cfg: Any, trainer: Any, task: Any, epoch_itr: Any, subsets: list[str], end_of_epoch: bool
) -> tuple[list[float | None], bool]:
    """Do what is due after an update, or raise SliceEnded; return validation losses and whether to stop."""
    if trainer.get_num_updates() == trainer.completed:
        # Half precision overflowed: no update was made, and fairseq would validate the last one again.
        return [None], False
    try:
        trainer.stop_in_time(before_validation=_is_validated(cfg, trainer))
    except SliceEnded:
        _save_for_the_next_slice(trainer, epoch_itr)
        raise
    return _complete(cfg, trainer, task, epoch_itr, subsets, end_of_epoch)


fairseq_train.validate_and_save = complete_update


def _is_validated(cfg: Any, trainer: Any) -> bool:
    update: int = trainer.get_num_updates()
    most: float = cfg.optimization.max_update
    return update % int(cfg.dataset.validate_interval_updates) == 0 or update >= most


def _complete(
    cfg: Any, trainer: Any, task: Any, epoch_itr: Any, *rest: Any
) -> tuple[list[float | None], bool]:
    timed = trainer.watch.timed("validation") if _is_validated(cfg, trainer) else nullcontext()
    try:
        with timed:
            losses, stop = _validate_and_save(cfg, trainer, task, epoch_itr, *rest)
    except SliceEnded:
        _save_for_the_next_slice(trainer, epoch_itr)
        raise
    trainer.completed = trainer.get_num_updates()
    return losses, bool(stop)


def complete_loaded_update(cfg: Any, trainer: Any, task: Any, epoch_itr: Any, place: dict[str, Any]) -> bool:
    """Do what the last slice left undone, at the iterator's `place`; return whether to stop."""
    if trainer.completed == trainer.get_num_updates():
        return False
    # Whatever the time: a slice makes at least one update. Only an iterator that has begun can be saved.
    epoch_itr.next_epoch_itr(shuffle=place["shuffle"])
    stop = _complete(cfg, trainer, task, epoch_itr, cfg.dataset.valid_subset.split(","), False)[1]
    epoch_itr.load_state_dict(place)
    return stop


def _save_for_the_next_slice(trainer: Any, epoch_itr: Any) -> None:
    trainer.consolidate_optimizer()
    if trainer.should_save_checkpoint_on_current_rank:
        # Without a loss of validation the next slice knows that this update is not complete.
        state = {"train_iterator": epoch_itr.state_dict(), "val_loss": None}
        if hasattr(checkpoint_utils.save_checkpoint, "best"):
            state["best"] = checkpoint_utils.save_checkpoint.best
        trainer.save_checkpoint(str(Path(trainer.cfg.checkpoint.save_dir) / LAST), state)
    if torch.distributed.is_initialized():
        # All wait until it is written: when one ends, the launcher ends the others.
        torch.distributed.barrier()
