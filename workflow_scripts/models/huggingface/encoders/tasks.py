"""Tasks of an encoder: what a head of it says of a text, or of two."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.common.task_metrics import ACCURACY, SPEARMAN, check_metric

#: Names of tasks: they are in the names of tensors and files.
NAME = re.compile(r"[A-Za-z0-9][\w-]*")


@dataclass(frozen=True)
class TaskSpec:
    """A task. ``labels``: the names of its classes, in the order of the head's outputs; none: a regression.
    ``metric``: what it is measured by. UserError: a name or a metric that cannot be."""

    name: str
    labels: tuple[str, ...] = ()
    metric: str = ACCURACY

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise UserError(f"task {self.name!r}: a name is of letters, digits, - and _")
        if len(self.labels) == 1:
            raise UserError(
                f"task {self.name!r}: one label, {self.labels[0]!r}; a classifier tells two apart"
            )
        check_metric(self.metric, len(self.labels), self.name)

    @classmethod
    def of(
        cls, name: str, train: Examples, metric: str | None = None, *, regression: bool = False
    ) -> "TaskSpec":
        """Return the task of a text to learn from: its labels in alphabetical order. UserError: one label, a
        label seen once, of a regression what is no number."""
        if regression:
            train.numbers()
            return cls(name, metric=metric or SPEARMAN)
        return cls(name, train.classes(), metric or ACCURACY)

    @property
    def outputs(self) -> int:
        """How many numbers its head gives."""
        return len(self.labels) or 1

    def gold(self, examples: Examples) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return the class or number of each example, [n]; UserError as ``Examples``."""
        if self.labels:
            return np.array(examples.numbered(self.labels), dtype=np.int64)
        return np.array(examples.numbers(), dtype=np.float64)


@dataclass(frozen=True)
class ExampleTask:
    """A task's examples as ids [n] of [positions], with all that the model adds. ``types``: which text each
    position is of, where the model reads that. ``gold`` [n]. ``cut``: texts that were too long."""

    spec: TaskSpec
    ids: Sequence[NDArray[np.int32]]
    types: Sequence[NDArray[np.int32]] | None
    gold: NDArray[np.int64] | NDArray[np.float64]
    cut: int = 0
    files: Sequence[Path] = ()

    @property
    def name(self) -> str:
        """The task's name."""
        return self.spec.name

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The positions of each example."""
        return np.array([len(one) for one in self.ids], dtype=np.int64)
