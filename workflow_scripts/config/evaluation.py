"""The sections of the config on scores and tables: what is measured, compared and shown."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints, model_validator

from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.config.base import (
    ANY_METRIC,
    LANGUAGES_ONCE,
    METRIC,
    DirectionId,
    Language,
    Name,
    Place,
    Section,
)

#: sacrebleu's names of tokenizers for BLEU; tests/unit/evaluate/test_sacrebleu_inside.py compares them with
#: those that the environment can make.
Tokenizer = Literal[
    "13a",
    "char",
    "flores101",
    "flores200",
    "intl",
    "ja-mecab",
    "none",
    "spBLEU-1K",
    "spm",
    "zh",
]
#: In a config chrF2++ is chrf++; what follows from a config calls it as files do.
Metric = Annotated[Literal["bleu", "chrf++", "chrf2", "ter", "chrf"], AfterValidator(metric_id)]
_ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
#: A name in files, tables and `--metrics`.
MetricName = Annotated[str, StringConstraints(pattern=METRIC, max_length=40)]
AnyMetric = Annotated[str, StringConstraints(pattern=ANY_METRIC, max_length=40), AfterValidator(metric_id)]


class CometModel(Section):
    """One COMET model: a metric of its own, by its name."""

    name: MetricName = Field("comet", description="Name of the metric in files and tables.")
    model: str | None = Field(None, description="Name on the hub, such as Unbabel/wmt22-comet-da.")
    folder: Place | None = Field(
        None, description="Folder with hparams.yaml and checkpoints/model.ckpt, instead of a name on the hub."
    )
    revision: str | None = Field(
        None, description="Branch, tag or commit on the hub; null: main, as it was when it was fetched."
    )
    known_languages: list[Language] | None = Field(
        None,
        min_length=1,
        description="Languages it knows, others are flagged; null: those of XLM-R, if that is the encoder.",
    )
    batch_size: PositiveInt = Field(16, description="Sentences scored at once.")
    threads: PositiveInt = Field(2, description="CPU threads of a job, where there is no GPU.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.model is None) == (self.folder is None):
            raise ValueError("a COMET model needs either the key model (its name on the hub) or folder")
        if self.folder is not None and self.revision is not None:
            raise ValueError("revision is of a model on the hub; a folder has none")
        if self.model is not None and not _ON_HUB.fullmatch(self.model):
            raise ValueError(f"{self.model!r} is no name on the hub, such as Unbabel/wmt22-comet-da")
        return self


class Significance(Section):
    """Tests of every system against the baseline and against the control of continued training."""

    resamples: int | None = Field(
        None,
        ge=100,
        description="Resamples, and random assignments; null: 1,000, or ten by level for each direction"
        " (12,000 of sixty at 0.05), as Holm's correction needs them.",
    )
    seed: int = Field(12345, ge=0, description="Random seed of the resamples.")
    level: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="A difference with p, after Holm's correction, of at most this is a win or a loss.",
    )


class Evaluation(Section):
    """What is scored."""

    metrics: list[Metric] = Field(
        ["bleu", "chrf++"],
        min_length=1,
        description="sacrebleu's BLEU, chrF2++, chrF2 and TER (lower is better); chrf: old name of chrf++.",
    )
    tokenizers: Annotated[dict[Language, Tokenizer], LANGUAGES_ONCE] = Field(
        {}, description="sacrebleu's tokenizer for BLEU by target language; 13a for those not named."
    )
    comet: list[CometModel] = Field([], description="COMET models; each is a metric.")
    testsets: list[str] | None = Field(
        None,
        min_length=1,
        description="Test sets to decode; null: all of the source. valid may be named too.",
    )
    references: list[Literal["raw", "paper"]] = Field(
        ["raw"],
        min_length=1,
        description="raw: the test set's own text; paper: rebuilt from binarised text, as published.",
    )
    empty_references: Literal["error", "count", "drop"] = Field(
        "error",
        description="A test set's line with an empty side: an error (or what data.empty_lines says), counted"
        " as it is, or dropped for all systems.",
    )
    significance: Significance | None = Field(
        Significance(), description="Paired tests against baseline and control; null: none."
    )
    off_target: bool = Field(
        True,
        description="The share of hypotheses in a wrong language, by an identifier of this experiment's.",
    )
    likelihood: bool = Field(False, description="The references' log-likelihood by every system.")
    contrastive: dict[Name, Place] = Field(
        {}, description="Contrastive test sets: name and TSV file; see docs/how-to/likelihood.md."
    )


class Published(Section):
    """Numbers that others published, to be compared with ours."""

    file: Place = Field(description="CSV of system, direction, metric (BLEU, chrF2++, COMET), score.")
    systems: dict[Name, str] = Field(
        min_length=1, description="Name of a system of this experiment to its name in the file."
    )
    testset: str | None = Field(None, description="Our test set; null where there is one only.")
    references: Literal["raw", "paper"] = Field("paper", description="Our references.")


class Report(Section):
    """Tables and figures."""

    sweep_metric: AnyMetric | None = Field(
        None, description="Metric of the figure over k; null: the first of evaluation.metrics."
    )
    without: dict[Name, list[DirectionId]] = Field(
        {}, description="Directions that a second set of averages leaves out, by a name of your own."
    )
    bilingual: Name | None = Field(
        None, description="System of bilingual models, for the table of interference and transfer."
    )
    published: Published | None = Field(None, description="Published numbers to compare with.")
