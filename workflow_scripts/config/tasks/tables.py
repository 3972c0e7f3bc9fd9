"""The sections of one task: its labelled tables, and what is measured of it."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.task_metrics import ACCURACY, SPEARMAN, check_metric
from workflow_scripts.common.task_tables import PARTS, TEST, VALID
from workflow_scripts.config.base import DISTINCT, LONGEST_NAME, TASK_NAME, Place, Section

#: Endings of tables that are read, a packing left out.
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
PACKED = (".gz", ".xz", ".bz2", ".zst")
#: Columns of items, of which pairs are made.
OF_ITEM = ("topic", "title", "description")

TaskName = Annotated[str, StringConstraints(pattern=TASK_NAME, max_length=LONGEST_NAME)]
Column = Annotated[str, StringConstraints(min_length=1)]


def _is_table(value: str) -> str:
    endings = [one for one in PurePath(value).suffixes if one not in PACKED]
    if not endings or endings[-1] not in ENDINGS:
        raise ValueError(f"{value}: the name of a table ends with {', '.join(ENDINGS)}")
    if endings[-1] == ".parquet" and PurePath(value).suffix in PACKED:
        raise ValueError(f"{value}: Parquet is packed by itself; unpack it")
    return value


Table = Annotated[Place, AfterValidator(_is_table)]


class TaskTable(Section):
    """One task: its tables, the columns that are read, and its metric."""

    train: Table = Field(description="Examples to learn from: .csv, .tsv, .jsonl (also packed) or .parquet.")
    valid: Table | None = Field(
        None, description="Examples that choose the checkpoint; null: `held_out` of those to learn from."
    )
    test: Table | None = Field(
        None,
        description="Examples that are measured at the end; if a task has none, all are measured on valid.",
    )
    texts: list[Column | Annotated[list[Column], Field(min_length=1)]] = Field(
        [],
        max_length=2,
        description="Columns of one text, or of two; a text of several columns is a list, joined by ` - `.",
    )
    label: Column = Field("label", description="Column of the label, or of the number.")
    topics: Literal["unnamed"] | Annotated[list[Column], DISTINCT] | None = Field(
        None,
        description="In the place of texts: tables of items, of which pairs of the same topic and of"
        " different ones are made (AG-Pair). Columns of topic, title and description; unnamed: the first"
        " three.",
    )
    regression: bool = Field(False, description="Labels are numbers.")
    metric: Literal["accuracy", "f1", "macro_f1", "matthews", "spearman"] | None = Field(
        None, description="What it is measured by; null: accuracy, of a regression spearman."
    )
    drop_empty: bool = Field(
        False, description="Examples without a text or label are left out, and counted; else they are errors."
    )
    most: PositiveInt | None = Field(
        None, description="Examples to learn from, drawn once for all seeds; null: all."
    )

    @property
    def files(self) -> dict[str, str]:
        """The tables that there are, by part."""
        return {name: file for name in PARTS if (file := getattr(self, name)) is not None}

    @property
    def its_metric(self) -> str:
        """The metric, with the default of its kind."""
        return self.metric or (SPEARMAN if self.regression else ACCURACY)

    def settings(self, held_out: float) -> dict[str, Any]:
        """Return how its tables are read, as options of the stage that prepares them."""
        columns: Any = {"texts": self.texts, "label": self.label}
        if self.topics is not None:
            named = self.topics != "unnamed"
            columns = dict(zip(OF_ITEM, self.topics, strict=True)) if named else None
        return {
            "columns": columns,
            "topics": self.topics is not None,
            "regression": self.regression,
            "metric": self.its_metric,
            "drop_empty": self.drop_empty,
            "held_out": None if VALID in self.files else held_out,
            "most": self.most,
        }

    def _mistakes(self) -> Iterator[str]:
        seen: dict[str, str] = {}
        for part, file in self.files.items():
            if (other := seen.setdefault(file, part)) != part:
                yield f"{part}: {file} is also {other}; what is measured must not be learned from"
        if self.topics is None and not self.texts:
            yield "texts: columns of one text or of two are needed, such as [sentence1, sentence2]"
        if self.topics is not None:
            if self.topics != "unnamed" and len(self.topics) != len(OF_ITEM):
                yield f"topics: three columns are needed, of {', '.join(OF_ITEM)}; or unnamed"
            if "texts" in self.model_fields_set or "label" in self.model_fields_set:
                yield "topics: pairs are made of items; leave texts and label out"
            if self.drop_empty or self.regression:
                yield "topics: labels are same and different, and items are whole; leave drop_empty and"
                yield "topics: regression out"
        if self.metric is not None:
            try:
                # Whether f1 is of two classes only the tables say.
                check_metric(self.metric, 0 if self.regression else 2, "")
            except UserError as error:
                yield f"metric: {str(error).partition(': ')[2]}"

    @property
    def has_test(self) -> bool:
        """Whether it is measured on examples that neither were learned from nor chose a checkpoint."""
        return TEST in self.files
