"""Examples of a task: a text, or two, and a label or a number. As JSON lines, a line an example. Standard
library only."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workflow_scripts.common.errors import DamagedFileError, UserError, first_of, nearest
from workflow_scripts.common.files import write_text

FORMAT = "neuronspec-examples-1"


@dataclass(frozen=True)
class Examples:
    """``texts``: of each example one, or two. ``labels``: its label, of a regression a number as text.
    ``where``: the file that they are from, for messages."""

    texts: Sequence[tuple[str, ...]]
    labels: Sequence[str]
    where: str = "examples"

    def __len__(self) -> int:
        return len(self.labels)

    def write(self, path: str | Path) -> None:
        """Write the examples to ``path`` atomically."""
        rows = (
            {"texts": texts, "label": label} for texts, label in zip(self.texts, self.labels, strict=True)
        )
        lines = (json.dumps(one, ensure_ascii=False) for one in ({"format": FORMAT}, *rows))
        write_text(path, "".join(f"{line}\n" for line in lines))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read what ``write`` wrote; DamagedFileError for anything else."""
        try:
            first, *rest = map(json.loads, Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n"))
            if first != {"format": FORMAT}:
                raise ValueError
            return cls([tuple(row["texts"]) for row in rest], [row["label"] for row in rest], str(path))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedFileError(f"{path}: not examples of a task ({FORMAT}); make them again") from None

    def classes(self) -> tuple[str, ...]:
        """Return the labels of a text to learn from, sorted; UserError: one label, or one seen once."""
        counts = Counter(self.labels)
        if len(counts) < 2:
            only = f", {next(iter(counts))!r}" if counts else ""
            raise UserError(f"{self.where}: {len(counts)} label{only}; a classifier tells at least two apart")
        if once := sorted(label for label, count in counts.items() if count == 1):
            raise UserError(
                f"{self.where}: seen once, so that it cannot be learned: {first_of(once)}; leave such labels"
                " out or join them with others (numbers are those of a regression)"
            )
        return tuple(sorted(counts))

    def numbered(self, classes: Sequence[str]) -> list[int]:
        """Return the number of each label in ``classes``; UserError for a label that is none of them."""
        number = {label: place for place, label in enumerate(classes)}
        if unknown := next((label for label in self.labels if label not in number), None):
            raise UserError(
                f"{self.where}: label {unknown!r} is not one of {', '.join(classes)}"
                f"{nearest(unknown, classes)}"
            )
        return [number[label] for label in self.labels]

    def numbers(self) -> list[float]:
        """Return the labels as numbers; UserError where one is none, or all are equal."""
        found = []
        for line, label in enumerate(self.labels, start=1):
            try:
                found.append(float(label))
            except ValueError:
                found.append(math.nan)
            if not math.isfinite(found[-1]):
                raise UserError(f"{self.where}, example {line}: {label!r:.60} is not a number")
        if len(set(found)) < 2:
            only = found[0] if found else "missing"
            raise UserError(f"{self.where}: all numbers are {only}; there is nothing to learn")
        return found
