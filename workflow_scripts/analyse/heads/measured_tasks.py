"""Directions without sets of heads: the loss of references, and on request translations."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from workflow_scripts.analyse.effects.decoded import decoded_scores, read_pairs
from workflow_scripts.analyse.heads.pruning import Heads
from workflow_scripts.analyse.heads.pruning_results import Measured
from workflow_scripts.analyse.losses import sentence_losses
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.system import SystemFolder

#: (task or draw, size) → pruned heads, bool [heads].
Sets = Mapping[tuple[str, str], Heads]
NLL = "nll"

logger = logging.getLogger(__name__)


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


def translations(
    port: Port,
    system: SystemFolder,
    sets: Sets,
    space: UnitSpace,
    directions: Sequence[str],
    patterns: tuple[str, str],
    metrics: Sequence[str],
    sentences: int | None = None,
    tokenizers: Mapping[str, str] | None = None,
) -> tuple[list[Measured], dict[str, Any]]:
    """Return the scores of translations of every direction, of the whole model and without each set of heads,
    a ``Measured`` for each metric; and what was run: direction → ``sentences``, ``signatures``.

    ``patterns``: of sources and references; ``tokenizers``: target language → BLEU's. The system's own
    weights and masks of a direction are laid, too. UserError as ``decoded_scores``.
    """
    table = masks_of(sets, space)
    masks = port.intervene(table)
    base: dict[str, dict[str, float]] = {metric: {} for metric in metrics}
    after: dict[str, dict[tuple[str, str], dict[str, float]]] = {
        metric: {key: {} for key in sets} for metric in metrics
    }
    run: dict[str, Any] = {}
    for direction in directions:
        sources, references = read_pairs(*patterns, direction, sentences)
        found = decoded_scores(
            port,
            system,
            direction,
            masks,
            [None, *table.rows],
            sources,
            references,
            metrics=metrics,
            tokenizer=(tokenizers or {}).get(direction.partition("-")[2]),
        )
        for metric in metrics:
            base[metric][direction], *values = found.scores[metric]
            for key, value in zip(sets, values, strict=True):
                after[metric][key][direction] = value
        run[direction] = {"sentences": len(sources), "signatures": found.signatures}
        logger.info(f"{direction}: translated without {len(sets)} sets of heads")
    return [Measured(metric, True, base[metric], after[metric]) for metric in metrics], run
