"""Translations of directions without sets of heads, and their scores."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.effects.decoded import decoded_scores, read_pairs
from workflow_scripts.analyse.heads.measured_tasks import Sets, masks_of
from workflow_scripts.analyse.heads.pruning_results import Measured
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER
from workflow_scripts.models.port import Port
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.system import SystemFolder

logger = logging.getLogger(__name__)


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
            tokenizer=(tokenizers or {}).get(direction.partition("-")[2], DEFAULT_TOKENIZER),
        )
        for metric in metrics:
            base[metric][direction], *values = found.scores[metric]
            for key, value in zip(sets, values, strict=True):
                after[metric][key][direction] = value
        run[direction] = {"sentences": len(sources), "signatures": found.signatures}
        logger.info(f"{direction}: translated without {len(sets)} sets of heads")
    return [Measured(metric, True, base[metric], after[metric]) for metric in metrics], run
