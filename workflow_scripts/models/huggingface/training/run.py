"""The training loop of the port: an update is the summed loss of its batches, divided by all their tokens.

The library's own trainer is not used: with several batches an update it divides each by its own tokens.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.models.huggingface.training.learner import Learner
from workflow_scripts.models.huggingface.training.optimiser import Optimiser
from workflow_scripts.models.huggingface.training.progress import Checkpoints, Progress
from workflow_scripts.models.huggingface.training.texts import TextBatches, read_texts
from workflow_scripts.models.progress_log import ProgressLog, check_finite
from workflow_scripts.models.training.collectives import highest_of_all, sum_of_all
from workflow_scripts.models.training.epochs import BY_DIRECTION, Epochs
from workflow_scripts.models.training.grouping import Integers
from workflow_scripts.models.training.memory import keep_freed_memory
from workflow_scripts.models.training.plan import (
    TrainingPlan,
    accumulation,
    batching_of,
    longest_sentence,
    precision_of,
    step_of,
)
from workflow_scripts.models.training.slices import REASONS, SliceEnded, SliceWatch
from workflow_scripts.models.training.surroundings import Surroundings, never
from workflow_scripts.models.training.validation_rows import (
    ALL,
    COLUMNS,
    VALIDATION,
    append_rows,
    forget_rows_after,
)

logger = logging.getLogger(__name__)

HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}


class Training:
    """One process's training of a port's model by a plan."""

    def __init__(self, plan: TrainingPlan, port: HuggingFacePort, surroundings: Surroundings) -> None:
        """Take the port on the CPU, with the weights that the training begins with."""
        self.plan, self.settings, self.surroundings = plan, plan.settings, surroundings
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        gpu = torch.cuda.is_available()
        device = torch.device("cuda", surroundings.device) if gpu else torch.device("cpu")
        automatic = "bf16" if gpu and torch.cuda.is_bf16_supported() else "fp16"
        precision = precision_of(self.settings, gpu, automatic)
        self.learner = Learner(plan, port, device, HALVES.get(precision), surroundings.select_again)
        fused = step_of(self.settings) != "reference"
        self.optimiser = Optimiser(
            self.learner.model.parameters(), self.settings, scaled=precision == "fp16", fused=fused
        )
        sizes = longest_sentence(plan), self.settings["max_tokens"]
        ids = port.text.padding, port.text.start
        self.batches = TextBatches(self._texts(port, "train"), *sizes, *ids)
        validation = self._texts(port, "valid")
        validation.check_each("valid", longest_sentence(plan))
        self.validation = TextBatches(validation, *sizes, *ids)
        self.progress, self.folder = Progress(), Path(plan.folder)
        batching = batching_of(self.settings, surroundings.processes)
        self.checkpoints = Checkpoints(self.folder, batching, self.settings["keep_checkpoints"])
        # One process watches the clock for all.
        self.watch = SliceWatch(surroundings.end_is_near if self.rank == 0 else never)
        self.log = ProgressLog(self.settings["max_updates"], self.settings["log_interval"])
        parameters = sum(one.numel() for one in self.learner.model.parameters())
        logger.info(
            f"{plan.system}: {parameters / 1e6:.1f} M parameters, {len(plan.directions)} directions,"
            f" {torch.get_num_threads()} threads, {device}"
        )

    def _texts(self, port: HuggingFacePort, subset: str) -> Epochs[Any]:
        settings, training = self.settings, subset == "train"
        return Epochs(
            read_texts(port, self.plan.data_bin, subset, self.plan.directions),
            seed=self.plan.seed,
            sampler=settings["sampler"] if training else BY_DIRECTION,
            temperature=settings["temperature"],
            sampling=settings.get("sampling"),
            virtual_epoch_size=settings["virtual_epoch_size"],
            shuffle=training,
        )

    def run(self) -> None:
        """Train to the end, or raise SliceEnded; see ``models.training.loop.Loop.run``."""
        with self.watch.signals():
            done = self._resume()
            while not done:
                done = self._epoch()

    def _epoch(self) -> bool:
        """Go through what is left of an epoch; return whether to stop."""
        for own in self._own_batches():
            if self.update(own) and self._complete():
                return True
        self.progress.epoch, self.progress.taken = self.progress.epoch + 1, 0
        return False

    def _own_batches(self) -> Iterator[list[Integers]]:
        """Yield this process's batches of each update; at an epoch's end it may have none."""
        processes = self.surroundings.processes
        batches = self.batches.of_epoch(self.progress.epoch)
        own, each = batches[self.rank :: processes], math.ceil(len(batches) / processes)
        size = accumulation(self.settings, processes)
        for start in range(self.progress.taken, each, size):
            self.progress.taken = min(start + size, each)
            yield own[start : start + size]

    def update(self, own: Sequence[Integers]) -> bool:
        """Make an update; False where half precision overflowed and none was made."""
        updates, learner = self.progress.updates, self.learner
        with self.watch.timed("update"):
            learner.begin_update(updates)
            # Dropout is drawn by the seed and the update alone, also when resumed.
            torch.manual_seed(self.plan.seed + updates)
            self.optimiser.adam.zero_grad(set_to_none=True)
            losses, labels = [], 0
            for examples in own:
                batch, numbers = self.batches.batch(examples)
                loss, _ = learner.loss(batch, numbers)
                self.optimiser.scaler.scale(loss).backward()
                learner.learn(numbers)
                losses.append(loss.detach())
                labels += int(batch.labelled.sum())
            # Only here, after all passes, is a GPU waited for.
            sums = torch.tensor([sum(map(float, losses)), labels], dtype=torch.float64)
            loss_sum, tokens = sum_of_all(sums).tolist()
            self.optimiser.share_gradients()
            rate = self.optimiser.step(updates, tokens, learner.holding)
        if rate is None:
            return False
        self.progress.updates += 1
        bits = loss_sum / tokens / math.log(2)
        check_finite(bits, f"the training loss at update {self.progress.updates}")
        self.log.update(self.progress.updates, {"loss": bits}, int(tokens), rate)
        return True

    def _complete(self) -> bool:
        """Do what is due after an update, or raise SliceEnded; return whether to stop."""
        try:
            self._stop_in_time(before_validation=self._is_due())
        except SliceEnded:
            self._save_for_the_next_slice()
            raise
        return self._complete_due()

    def _complete_due(self) -> bool:
        if self._is_due():
            try:
                with self.watch.timed("validation"):
                    loss = self._validate()
            except SliceEnded:
                self._save_for_the_next_slice()
                raise
            self.progress.note(loss)
            self._save(loss)
        return self._is_over()

    def _stop_in_time(self, *, before_validation: bool = False) -> None:
        own = REASONS.index(self.watch.reason(before_validation=before_validation))
        if reason := REASONS[highest_of_all(own)]:
            raise SliceEnded(reason, self.progress.updates)

    def _is_due(self) -> bool:
        updates = self.progress.updates
        due = updates % self.settings["validate_interval_updates"] == 0
        return bool(due or updates >= self.settings["max_updates"])

    def _is_over(self) -> bool:
        patience = self.settings["patience"]
        spent = patience is not None and self.progress.worse >= patience
        return bool(spent or self.progress.updates >= self.settings["max_updates"])

    def _validate(self) -> float:
        """Return the loss of all directions in bits per token, and write it by direction."""
        directions, processes = self.plan.directions, self.surroundings.processes
        sums = torch.zeros(len(directions), 3, dtype=torch.float64)
        batches = self.validation.of_epoch(1)
        self.learner.model.eval()
        with torch.no_grad():
            for first in range(0, len(batches), processes):
                # All ask, also one that has no batch left.
                self._stop_in_time()
                for examples in batches[first : first + processes][self.rank : self.rank + 1]:
                    batch, numbers = self.validation.batch(examples)
                    found = [float(one) for one in self.learner.loss(batch, numbers)]
                    sums[numbers[0]] += torch.tensor([*found, float(batch.labelled.sum())])
        sums = sum_of_all(sums)
        of = dict(zip([*directions, ALL], [*sums, sums.sum(dim=0)], strict=True))
        bits = {name: (one[:2] / one[2].clamp(min=1) / math.log(2)).tolist() for name, one in of.items()}
        update, loss = self.progress.updates, float(bits[ALL][0])
        # Compared with NaN, no later loss would be the best.
        check_finite(loss, f"the validation loss at update {update}")
        best = "" if self.progress.best is None else f" (best {min(self.progress.best, loss):.3f})"
        named = " ".join(f"{name} {bits[name][0]:.4f}" for name in directions)
        logger.info(f"validation at update {update}: loss {loss:.3f}{best} | {named}")
        if self.rank == 0:
            texts = {name: [f"{one:.4f}" for one in both] for name, both in bits.items()}
            rows = [(update, name, *texts[name], int(one[2])) for name, one in of.items()]
            append_rows(self.folder / VALIDATION, rows)
        return loss

    def _save_for_the_next_slice(self) -> None:
        # Without a loss of validation the next slice knows that this update is not complete.
        self._save(None)
        if distributed.is_initialized():
            # All wait until it is written: when one ends, the launcher ends the others.
            distributed.barrier()

    def _save(self, loss: float | None) -> None:
        if self.rank:
            return
        self.surroundings.check_owner(self.folder)
        with self.watch.timed("writing"):
            state = {**self.learner.state(), "optimizer": self.optimiser.state()}
            self.checkpoints.save(self.progress, state, loss)

    def _resume(self) -> bool:
        """Go on from the last checkpoint, if there is one; return whether nothing is left to train."""
        found = self.checkpoints.load()
        if self.rank == 0:
            # The rows of an update whose validation is still due will be written again.
            known = 0 if found is None else found.progress.updates - (not found.complete)
            for name in COLUMNS:
                forget_rows_after(self.folder / name, known)
        if found is None:
            return False
        self.progress = found.progress
        self.learner.load(found.state)
        self.optimiser.load(found.state["optimizer"])
        logger.info(f"resumed at update {self.progress.updates}, epoch {self.progress.epoch}")
        self.log.resume(self.progress.updates)
        # Whatever the time: what the last slice left undone is done first.
        return self._is_over() if found.complete else self._complete_due()


def train(plan: TrainingPlan, port: HuggingFacePort, surroundings: Surroundings) -> None:
    """Train a port's model by a plan; see ``models.training.loop.Loop.run``."""
    if plan.settings["threads"]:
        torch.set_num_threads(plan.settings["threads"])
    keep_freed_memory()
    Training(plan, port, surroundings).run()
