"""CPU seconds that plain fairseq, or our trainer, takes for 1,000 targets, by its own clock.

``run-in fairseq tests.bench.step plain|ours FOLDER KEPT UPDATES``. Whole updates of a base model
(512/2048, 6+6 layers, vocabulary 8,000) on batches of one direction, some 1,000 source and as many
target positions without padding. KEPT: the share of FFN units that the masks keep, at random; 1: no
masks. Start-up and the first update do not count: that makes the states of the optimiser. ``run-in
fairseq tests.bench.step make FOLDER KEPT …`` writes text and masks.
"""

import logging
import sys
import time
from pathlib import Path

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq import metrics
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion
from fairseq.optim.adam import FairseqAdam
from fairseq.trainer import Trainer

from tests.bench.bench_training import ARCHITECTURE, DIRECTIONS, our_trainer, plain_trainer, write_world
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space

MAX_TOKENS = 1050
SENTENCES = 400


def make(folder: Path, shares: list[str]) -> None:
    """Write text and masks."""
    write_world(folder, SENTENCES)
    space = model_space(ARCHITECTURE.to_dict(), ["ffn"])
    for share in shares:
        keep = np.random.default_rng(1).random((len(DIRECTIONS), space.size)) < float(share)
        MaskTable(DIRECTIONS, keep, space, {}).write(folder / f"{share}.npz")


def plain(folder: Path) -> Trainer:
    """Return fairseq's own trainer; its task gives the same batches as ours."""
    trainer, _ = plain_trainer(folder, MAX_TOKENS)
    if (
        type(trainer.optimizer) is not FairseqAdam
        or type(trainer.criterion) is not LabelSmoothedCrossEntropyCriterion
    ):
        raise SystemExit("the anchor is not plain fairseq: its optimiser or criterion is another one")
    return trainer


def seconds(trainer: Trainer, updates: int) -> float:
    """Return the CPU seconds of 1,000 targets."""
    trainer.task.load_dataset("train")
    batches = trainer.get_train_iterator(1).next_epoch_itr(shuffle=True)
    trainer.train_step([next(batches)])
    samples = [next(batches) for _ in range(updates)]
    begin = time.process_time()
    for sample in samples:
        trainer.train_step([sample])
    return (time.process_time() - begin) / sum(int(sample["ntokens"]) for sample in samples) * 1000


def main() -> None:
    way, folder, *words = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
    if way == "make":
        make(folder, words)
        return
    kept, updates = words
    torch.set_num_threads(1)
    logging.disable(logging.INFO)
    metrics.reset()
    masks = None if float(kept) == 1 else kept
    print(
        seconds(plain(folder) if way == "plain" else our_trainer(folder, masks, {}, MAX_TOKENS), int(updates))
    )


if __name__ == "__main__":
    main()
