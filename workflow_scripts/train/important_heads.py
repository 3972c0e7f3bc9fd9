"""Training of an encoder's important heads (IAT, Li et al. 2023): near the end of a training on several tasks
each task goes on with the attention heads alone that matter most to it.

The rest, FFNs, norms, embeddings, output projections and the tasks' own layers, goes on as before. The public
code differs in three ways. It leaves what the scoring of heads did to gradients in the next update, trains
without dropout from then on, and lets the momentum of Adam move heads that should stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workflow_scripts.activations.score_importance import COUNTING, importances
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.encoders.port import EncoderPort
from workflow_scripts.models.huggingface.encoders.tasks import ExampleTask
from workflow_scripts.models.huggingface.encoders.training import Training, TrainingSettings
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import IMPORTANCE
from workflow_scripts.units.selectors import parse_selector

MAX_TOKENS = 4096


@dataclass(frozen=True)
class ImportantHeads:
    """``heads``: which of a task's heads go on, ``30%`` or a number of them, of the model. ``from_share``: of
    the updates, after which only these do. ``estimator``: of importance."""

    heads: str = "30%"
    from_share: float = 0.9
    estimator: str = IMPORTANCE

    def __post_init__(self) -> None:
        if not 0 < self.from_share < 1:
            raise UserError(
                f"from_share {self.from_share}: a share of the updates is between 0 and 1, such as 0.9"
            )

    def first_update(self, max_updates: int) -> int:
        """Return after how many updates only important heads go on; UserError where a part has no update."""
        first = int(self.from_share * max_updates)
        if not 0 < first < max_updates:
            raise UserError(
                f"from_share {self.from_share} of {max_updates} updates is {first}: one of the two parts has"
                " none"
            )
        return first

    def masks(self, port: EncoderPort, tasks: Sequence[ExampleTask], seed: int) -> MaskTable:
        """Return a row for each task that keeps its most important heads, by the examples that it learns
        from. The network's gradients and mode stay as they are."""
        space = port.space(["head"])
        selector = parse_selector(f"top:{self.heads}@model")
        rows = []
        for task in tasks:
            scores = importances(port, port.batches(task, MAX_TOKENS), space).per_token(self.estimator)
            rows.append(selector.select(scores, space, seed_of(seed, task.name)))
        facts = {"rule": selector.name, "select": selector.text, "counting": COUNTING[self.estimator]}
        return MaskTable([one.name for one in tasks], np.stack(rows), space, facts)


def train_important_heads(
    port: EncoderPort,
    tasks: Sequence[ExampleTask],
    settings: TrainingSettings,
    important: ImportantHeads | None = None,
) -> Mapping[str, Any]:
    """Train a port's network on tasks, in place, from ``important.from_share`` of the updates on its
    important heads alone. Return ``losses`` (of an example, each update), ``masks`` (a row a task) and
    ``from``, the update. UserError as ``Training``, and where a part has no update."""
    important = important or ImportantHeads()
    first = important.first_update(settings.max_updates)
    training = Training(port, tasks, settings)
    losses = training.run(first)
    masks = important.masks(port, tasks, settings.seed)
    losses += training.run(settings.max_updates, masks)
    return {"losses": losses, "masks": masks, "from": first}
