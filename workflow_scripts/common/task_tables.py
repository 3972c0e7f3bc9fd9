"""What is known of a task's prepared tables: a JSON file beside its examples. Standard library only."""

from pathlib import Path
from typing import Any, NamedTuple

from workflow_scripts.common.errors import DamagedFileError
from workflow_scripts.common.files import read_json

FORMAT = "neuronspec-task-1"
#: Parts of a task's examples: to learn from, to choose a checkpoint by, to measure.
TRAIN, VALID, TEST = PARTS = ("train", "valid", "test")


class Task(NamedTuple):
    """A task: its name, its labels in the order of a head's outputs (none: a regression), its metric."""

    name: str
    labels: tuple[str, ...]
    metric: str


def read_task(path: Path) -> Task:
    """Return the task that a file is about; DamagedFileError for another file."""
    value: Any = read_json(path)
    try:
        if value["format"] != FORMAT:
            raise ValueError
        return Task(str(value["task"]), tuple(map(str, value["labels"])), str(value["metric"]))
    except (ValueError, KeyError, TypeError):
        raise DamagedFileError(
            f"{path}: not what prepare_tasks writes of a task ({FORMAT}); make it again"
        ) from None
