"""fairseq's trainer, mended where a resumed or failing training would go wrong unnoticed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
from fairseq import checkpoint_utils
from fairseq.distributed import ModuleProxyWrapper
from fairseq.file_io import PathManager
from fairseq.trainer import Trainer
from fairseq_cli import train as fairseq_train
from torch.nn.parallel import DistributedDataParallel

from workflow_scripts.models.progress_log import ProgressLog, check_finite
from workflow_scripts.models.training.checkpoints import copy_checkpoint, save_checkpoint
from workflow_scripts.models.training.collectives import from_rank_0, highest_of_all
from workflow_scripts.models.training.plan import moved_position
from workflow_scripts.models.training.slices import REASONS, SliceEnded, SliceWatch
from workflow_scripts.models.training.validation_rows import COLUMNS, forget_rows_after

logger = logging.getLogger(__name__)


_plain_load = checkpoint_utils.load_checkpoint_to_cpu


def _load_without_config(*args: Any, **named: Any) -> dict[str, Any]:
    """Read a checkpoint without its settings, which nobody needs and torch's restricted loader may refuse."""
    state: dict[str, Any] = _plain_load(*args, **named)
    return {**state, "cfg": None, "args": None}


checkpoint_utils.load_checkpoint_to_cpu = _load_without_config
checkpoint_utils.torch_persistent_save = save_checkpoint
PathManager.copy = staticmethod(copy_checkpoint)

# fairseq writes one with all optimiser states when an update fails; nothing would ever read or remove it.
CRASH = "crash.pt"


def forget_previous_training() -> None:
    """Clear what fairseq keeps in function attributes: a second training in this process starts clean."""
    for function, names in (
        (fairseq_train.should_stop_early, ("best", "num_runs")),
        (checkpoint_utils.save_checkpoint, ("best",)),
    ):
        for name in names:
            if hasattr(function, name):
                delattr(function, name)


@contextmanager
def _all_find(filename: str) -> Iterator[None]:
    """For the block, a checkpoint's file is there for all if it is there for process 0. A shared file system
    may show a file late, and processes that disagree would wait for each other."""
    found, plain = bool(from_rank_0(Path(filename).is_file())), PathManager.isfile
    PathManager.isfile = staticmethod(lambda path: found if path == filename else plain(path))
    try:
        yield
    finally:
        PathManager.isfile = staticmethod(plain)


def patience_is_spent(patience: int | None) -> bool:
    """True if the last `patience` validations brought no new best."""
    return bool(patience) and getattr(fairseq_train.should_stop_early, "num_runs", 0) >= (patience or 0)


class NeuronspecTrainer(Trainer):
    """fairseq's trainer for `NeuronspecTranslationTask`.

    `batching`: "TOKENS tokens x BATCHES x PROCESSES", which fixes how an epoch is cut; if it differs an epoch
    cannot be resumed midway. `check_owner`: raises where the training's folder is no longer this process's.
    `completed`: the last update after which all was done that was due.
    """

    _wrapped_model: Any  # set by fairseq

    def __init__(
        self,
        cfg: Any,
        task: Any,
        model: Any,
        criterion: Any,
        batching: str,
        progress: ProgressLog,
        watch: SliceWatch,
        check_owner: Callable[[Path], None],
    ) -> None:
        super().__init__(cfg, task, model, criterion)
        self.batching = batching
        self.progress = progress
        self.watch = watch
        self.check_owner = check_owner
        self.completed: int | None = 0

    def stop_in_time(self, *, before_validation: bool = False) -> None:
        """Raise SliceEnded in all processes if one of them is to stop now."""
        own = REASONS.index(self.watch.reason(before_validation=before_validation))
        if reason := REASONS[highest_of_all(own)]:
            raise SliceEnded(reason, self.get_num_updates())

    @property
    def model(self) -> Any:
        """The network, in what makes the gradients of all processes one; fairseq's form of it needs a GPU."""
        if self._wrapped_model is None and self.use_distributed_wrapper:
            device = [self.cfg.distributed_training.device_id] if self.cuda else None
            self._wrapped_model = ModuleProxyWrapper(
                DistributedDataParallel(
                    self._model.to(self.device),
                    device_ids=device,
                    broadcast_buffers=False,
                    # Of adapters only the rows of this process's batches have a gradient.
                    find_unused_parameters=self.task.adapted is not None,
                    process_group=self.data_parallel_process_group,
                )
            )
        return super().model

    def train_step(self, samples: Any, raise_oom: bool = True) -> Any:
        """One update. Out of memory raises: fairseq would skip the batch, and nothing would fail or retry."""
        # At an epoch's end some processes have a batch less; fairseq would not count their other tokens in
        # what the gradient is divided by.
        samples = [sample for sample in samples if sample] or samples
        with self.watch.timed("update"):
            self.task.begin_update(self.get_num_updates())
            output = super().train_step(samples, raise_oom=True)
        if output is not None:
            # On a GPU in half precision an update that overflows gives no output and is tried again.
            check_finite(float(output["loss"]), f"the training loss at update {self.get_num_updates()}")
            tokens = int(output["sample_size"])  # of all processes
            self.progress.update(self.get_num_updates(), output, tokens, self.get_lr())
        return output

    def valid_step(self, sample: Any, raise_oom: bool = True) -> Any:
        """One batch of validation, if there is time for it. Out of memory raises here too."""
        self.stop_in_time()
        return super().valid_step(sample, raise_oom=True)

    def _log_oom(self, exc: Exception) -> None:
        """Nothing: the error is reported once, where the attempt ends."""

    def clip_grad_norm(self, clip_norm: float) -> Any:
        """Return the gradients' norm; end the training before one that is not finite spoils the weights."""
        where = f"the gradient after update {self.get_num_updates()}"
        try:
            norm = super().clip_grad_norm(clip_norm)
        except FloatingPointError:  # the loss scale of half precision is as small as may be
            norm = float("nan")
        check_finite(float(norm), where)
        return norm

    def save_checkpoint(self, filename: str, extra_state: dict[str, Any]) -> None:
        """Save with the patience counter and the batching, if the folder is still this process's."""
        if Path(filename).name == CRASH:
            return
        self.check_owner(self.task.folder)
        stop = fairseq_train.should_stop_early
        extra_state["patience"] = {
            "best": getattr(stop, "best", None),
            "num_runs": getattr(stop, "num_runs", 0),
        }
        extra_state["batching"] = self.batching
        extra_state |= self.task.masks_in_use()
        with self.watch.timed("writing"):
            super().save_checkpoint(filename, extra_state)

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> Any:
        """Load what `save_checkpoint` saved, and drop the log lines of updates that will come again."""
        with _all_find(filename):
            extra_state = super().load_checkpoint(filename, *args, **kwargs)
        folder, update = self.task.folder, self.get_num_updates()
        # A slice that ended left its last update without the validation that may have been due.
        incomplete = extra_state is not None and extra_state["val_loss"] is None
        self.completed = None if incomplete else update
        for name in COLUMNS:
            if self.is_data_parallel_master:
                forget_rows_after(folder / name, update - 1 if incomplete else update)
        if extra_state is None:
            return None
        self.task.take_masks(extra_state)
        patience = extra_state.get("patience", {})
        if patience.get("best") is not None:
            fairseq_train.should_stop_early.best = patience["best"]
            fairseq_train.should_stop_early.num_runs = patience["num_runs"]
        iterator = extra_state["train_iterator"]
        if extra_state.get("batching") != self.batching and iterator["iterations_in_epoch"] > 0:
            position = moved_position(
                iterator["iterations_in_epoch"], extra_state.get("batching"), self.batching
            )
            if position is None:
                logger.warning("the batches are cut differently now: going on with the next epoch")
                iterator["epoch"] += 1
            iterator["iterations_in_epoch"] = position or 0
        logger.info(f"resumed at update {self.get_num_updates()}, epoch {iterator['epoch']}")
        self.progress.resume(self.get_num_updates())
        return extra_state
