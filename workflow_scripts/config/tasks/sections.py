"""The section `tasks`: an encoder's tasks, their training, and the heads that matter to each."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.sampling_rules import PROPORTIONAL, check_sampling
from workflow_scripts.config.analyses.units import HeadSize
from workflow_scripts.config.base import DISTINCT, MOST_DRAWS, Name, Section
from workflow_scripts.config.tasks.tables import TaskName, TaskTable

Estimator = Literal["importance", "importance_token", "importance_signed"]
#: Systems of encoders beside the baseline: trained on all tasks, and with important heads alone at the end.
TRAINED, IMPORTANT_HEADS = "trained", "important_heads"


def _is_sampling(value: str) -> str:
    try:
        check_sampling(value)
    except UserError as error:
        raise ValueError(str(error)) from None
    return value


class TaskTraining(Section):
    """The training of all tasks together, each with a head of its own; the defaults are those published."""

    max_updates: PositiveInt = Field(1000, description="Updates.")
    check_every: PositiveInt = Field(
        200, description="Updates between two checkpoints, of which the best by the mean metric is taken."
    )
    lr: PositiveFloat = Field(2e-5, description="Highest learning rate.")
    examples: PositiveInt = Field(32, description="Examples of a batch, which is of one task.")
    batches: PositiveInt = Field(1, description="Batches of an update.")
    warmup_updates: NonNegativeInt = Field(0, description="Updates of linear warm-up.")
    scheduler: Literal["polynomial_decay", "cosine", "fixed", "inverse_sqrt"] = Field(
        "polynomial_decay", description="Learning rate after the warm-up; polynomial_decay is linear."
    )
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay.")
    clip_norm: float = Field(1.0, ge=0, description="Largest norm of the gradient; 0: no limit.")
    sampling: Annotated[str, AfterValidator(_is_sampling)] = Field(
        PROPORTIONAL,
        description="How often a task is drawn: proportional, square_root or annealed:E (epochs).",
    )

    def _mistakes(self) -> Iterator[str]:
        if self.check_every > self.max_updates:
            yield f"check_every: {self.check_every} is more than max_updates, {self.max_updates}"
        if self.scheduler == "inverse_sqrt" and not self.warmup_updates:
            yield "scheduler: inverse_sqrt needs warmup_updates of at least 1"
        if self.warmup_updates >= self.max_updates:
            yield f"warmup_updates: {self.warmup_updates} is not less than max_updates, {self.max_updates}"


class ImportantHeads(Section):
    """A second training, of the system `important_heads`: near its end each task goes on with the attention
    heads alone that matter most to it (IAT, Li et al. 2023)."""

    heads: HeadSize = Field("30%", description="Heads of each task: a share of the model's, or so many.")
    from_share: float = Field(
        0.9, gt=0, lt=1, description="The share of the updates after which this begins."
    )
    estimator: Estimator = Field("importance", description="The estimator of importance.")


class TaskHeads(Section):
    """Important attention-head pruning (IAP): heads are ranked for each task on the examples that are learned
    from, pruned in growing numbers, and every task is measured; random heads by the same rule beside them."""

    systems: Annotated[list[Name], DISTINCT] = Field(
        [TRAINED], min_length=1, description="Systems whose heads are pruned."
    )
    of: Estimator = Field("importance", description="The estimator of importance.")
    normalise: bool = Field(False, description="Divide by the norm within each layer's attention.")
    sizes: Annotated[list[HeadSize], DISTINCT] = Field(
        ["20%", "30%", "40%"], min_length=1, description="Heads that are pruned: shares, or so many."
    )
    keep_per_layer: NonNegativeInt = Field(0, description="Heads of each layer that always stay.")
    ascending: bool = Field(False, description="The least important heads go first.")
    exact: bool = Field(False, description="Importance is taken again, without those gone, before each size.")
    draws: int = Field(5, ge=5, le=MOST_DRAWS, description="Random prunings by the same rule.")
    score_examples: PositiveInt = Field(2000, description="Examples of each task on which heads are ranked.")
    max_examples: PositiveInt | None = Field(
        None, description="Examples of each task that are measured; null: all."
    )
    permutations: PositiveInt = Field(10_000, description="Permutations of tasks.")


class Tasks(Section):
    """Tasks of an encoder, in the place of directions of translation."""

    tables: dict[TaskName, TaskTable] = Field(min_length=1, description="Task to its labelled tables.")
    longest: PositiveInt | None = Field(
        None, description="Positions of an example; longer ones are cut. null: all that the model has."
    )
    held_out: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Share of the examples that choose the checkpoint, without a table valid.",
    )
    training: TaskTraining = Field(TaskTraining(), description="Training.")
    important_heads: ImportantHeads | None = Field(None, description="A training of these; null: none.")
    heads: TaskHeads | None = Field(None, description="Pruning of the heads that matter; null: not run.")

    @property
    def systems(self) -> list[str]:
        """The systems that are trained."""
        return [TRAINED, *([IMPORTANT_HEADS] if self.important_heads else [])]

    def _mistakes(self) -> Iterator[str]:
        most = self.training.max_updates
        if self.important_heads and not 0 < int(self.important_heads.from_share * most) < most:
            yield (
                f"important_heads.from_share: {self.important_heads.from_share:g} of {most} updates leaves"
                " none to one part of the training"
            )
        if self.heads and len(self.tables) < 2:
            yield "heads: heads are told apart by two tasks at least; add one, or leave heads out"
