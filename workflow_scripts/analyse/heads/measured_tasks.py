"""Tasks without sets of heads: their text, their loss, and the metrics that they have."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.analyse.heads.pruning import Heads
from workflow_scripts.analyse.heads.pruning_results import Measured
from workflow_scripts.analyse.heads.pruning_tables import OWN
from workflow_scripts.analyse.losses import MAX_TOKENS, sentence_losses
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.port import Batches, MeasuringPort, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace

#: (task or draw, size) → pruned heads, bool [heads].
Sets = Mapping[tuple[str, str], Heads]
NLL = "nll"

logger = logging.getLogger(__name__)


def open_texts(
    port: Port, data: Path, most_of: Mapping[str, int | None], tasks: Sequence[str]
) -> tuple[dict[str, dict[str, Batches]], dict[str, dict[str, str]]]:
    """Return the text of every task, subset → task → batches, and in the same way the hash of its files.

    ``most_of``: subset → how many of its first lines are taken; None: all.
    """
    text: dict[str, dict[str, Batches]] = {}
    hashes: dict[str, dict[str, str]] = {}
    for subset, most in most_of.items():
        opened = {name: port.task(data, subset, name) for name in tasks}
        text[subset] = {name: port.batches(one, MAX_TOKENS, max_lines=most) for name, one in opened.items()}
        hashes[subset] = {name: data_sha256(one.files) for name, one in opened.items()}
    return text, hashes


def masks_of(sets: Sets, space: UnitSpace) -> MaskTable:
    """Return masks without each set of heads, a row for each, in order."""
    return MaskTable(map(" ".join, sets), ~np.stack([*sets.values()]), space, {})


def losses(
    port: Port,
    sets: Sets,
    space: UnitSpace,
    batches_of: Mapping[str, Batches],
    laid: Mapping[str, AbstractContextManager[None]],
) -> tuple[Measured, dict[str, dict[str, int]]]:
    """Return the loss of every direction, nats per token, of the whole model and without each set of heads,
    and what was run: direction → ``tokens``, ``sentences``.

    ``laid``: direction → what the system has for it. Sets of the same heads are run once.
    """
    table = masks_of(sets, space)
    masks = port.intervene(table)
    base: dict[str, float] = {}
    after: dict[tuple[str, str], dict[str, float]] = {key: {} for key in sets}
    texts, pace = {}, Pace(len(batches_of))
    for direction, batches in batches_of.items():
        with laid[direction]:
            found, tokens = sentence_losses(port, masks, batches, [None, *table.rows])
        base[direction], *values = (found.sum(axis=1) / tokens.sum()).tolist()
        for key, value in zip(sets, values, strict=True):
            after[key][direction] = value
        texts[direction] = {"tokens": int(tokens.sum()), "sentences": len(tokens)}
        logger.info(f"{direction}: {len(sets)} sets of heads | {pace.step()}")
    return Measured(NLL, False, base, after), texts


def own_metrics(
    port: MeasuringPort,
    sets: Sets,
    space: UnitSpace,
    batches_of: Mapping[str, Batches],
    laid: Mapping[str, AbstractContextManager[None]],
) -> tuple[Measured, dict[str, dict[str, Any]]]:
    """Return the metric of every task, of the whole model and without each set of heads, and of each task
    which one it is and of how many examples. Undefined values are NaN. See ``losses``."""
    table = masks_of(sets, space)
    masks = port.intervene(table)
    base: dict[str, float] = {}
    after: dict[tuple[str, str], dict[str, float]] = {key: {} for key in sets}
    names: dict[str, dict[str, Any]] = {}
    # Sets of the same heads are run once.
    same = {row: heads.tobytes() for row, heads in zip(table.rows, sets.values(), strict=True)}
    for task, batches in batches_of.items():
        found: dict[bytes, float] = {}
        with laid[task]:
            whole = port.measure(batches)
            for key, row in zip(sets, table.rows, strict=True):
                if same[row] not in found:
                    with masks.use(row):
                        found[same[row]] = port.measure(batches).value
                after[key][task] = found[same[row]]
        base[task] = whole.value
        names[task] = {"metric": whole.metric, "n": whole.n}
        logger.info(f"{task}: {whole.metric} without {len(sets)} sets of heads")
    return Measured(OWN, True, base, after), names
