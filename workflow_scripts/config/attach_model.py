"""A model of the library transformers, taken as the baseline: a folder, or a name on the hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from workflow_scripts.common.errors import first_of, nearest
from workflow_scripts.config.base import DirectionId, Language, Place, Section
from workflow_scripts.config.model_port import unbinarised_problems

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
#: Tags of families that put the target's before a source (``>>deu<<``, ``<2de>``).
OF_TARGET = re.compile(r">>[\w-]+<<|<2[\w-]+>")
COMMIT = re.compile("[0-9a-f]{40}")
#: Keys of an attached checkpoint of fairseq, which has its own vocabulary.
_OF_CHECKPOINTS = ("checkpoint", "dictionary", "subwords", "data_bin", "systems")


def _commit(value: Any) -> Any:
    if isinstance(value, int):
        raise ValueError("a commit is 40 digits and letters a to f, in quotes")
    return value


class AttachedModel(Section):
    """The baseline is a model of the library transformers, which is not trained; text stays text."""

    kind: ClassVar[str] = "(model)"
    model: Place = Field(description="Its folder; with revision its name on the hub, OWNER/NAME.")
    revision: Annotated[str, StringConstraints(min_length=1), BeforeValidator(_commit)] | None = Field(
        None, description="The commit on the hub, 40 digits and letters; null: model is a folder."
    )
    tags: dict[Language, Annotated[str, StringConstraints(min_length=1)] | None] = Field(
        {},
        description="Language to the model's token for it (deu_Latn, __de__, >>deu<<); null: sources of it"
        " have none. Not for models that take `prefixes`.",
    )
    prefixes: dict[DirectionId, str] = Field(
        {}, description="Direction to the text that is put before its sources, for T5 and mT5."
    )

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, data: Any) -> Any:
        if both := [key for key in _OF_CHECKPOINTS if isinstance(data, dict) and key in data]:
            raise ValueError(
                f"model and {both[0]}: a baseline is a model of transformers or a checkpoint of fairseq, with"
                " its dictionary and subwords; leave one of the two out"
            )
        return data

    def _mistakes(self) -> Iterator[str]:
        on_hub = ON_HUB.fullmatch(self.model) is not None
        if self.revision is not None and not on_hub:
            yield (
                f"model: {self.model!r} is no name on the hub, such as facebook/m2m100_418M, which revision"
                " is of; of a folder leave revision out"
            )
        elif self.revision is not None and not COMMIT.fullmatch(self.revision):
            yield (
                f"revision: {self.revision!r:.60} is not a commit, 40 digits and letters a to f; branches and"
                " tags move"
            )
        seen: dict[str, str] = {}
        for language, tag in self.tags.items():
            if tag is not None and (other := seen.setdefault(tag, language)) != language:
                yield f"tags.{language}: {tag!r} is the tag of {other}, too; each language has its own"

    @property
    def shares(self) -> bool:
        """Whether a source is the same for every target: without prefixes, and tags of targets in it."""
        return not self.prefixes and not any(tag and OF_TARGET.fullmatch(tag) for tag in self.tags.values())

    @property
    def is_fetched(self) -> bool:
        """Whether it is a name on the hub."""
        return self.revision is not None


def model_problems(experiment: Experiment, attach: AttachedModel) -> Iterable[str]:
    """Yield every mistake that other sections make with an attached model."""
    yield from _language_problems(experiment, attach)
    yield from _left_out(experiment)
    yield from _training_problems(experiment)
    yield from unbinarised_problems(experiment, "attach.model")


def _language_problems(experiment: Experiment, attach: AttachedModel) -> Iterable[str]:
    known, directions = experiment.languages, experiment.evaluated_directions
    for language in attach.tags:
        if language not in known:
            yield f"attach.tags.{language}: not in languages{nearest(language, known)}"
    missing = [one for one in known if one not in attach.tags] if attach.tags else []
    if missing:
        yield f"attach.tags: there is none of {first_of(missing)}; each language has one, or null"
    for direction in attach.prefixes:
        if direction not in directions:
            yield f"attach.prefixes.{direction}: not evaluated{nearest(direction, directions)}"
    without = [one for one in directions if one not in attach.prefixes] if attach.prefixes else []
    if without:
        yield f'attach.prefixes: there is none of {first_of(without)}; each direction has one, or ""'


def _left_out(experiment: Experiment) -> Iterable[str]:
    """Yield a line for each section on what the model has, or on what there is not with it."""
    given = experiment.model_fields_set
    for key, why in (
        ("subwords", "the tokenizer is that of attach.model"),
        ("text", "the tokenizer of attach.model reads text as it is"),
        ("model", "the architecture is that of attach.model"),
    ):
        if key in given:
            yield f"{key}: {why}; leave it out"


def _training_problems(experiment: Experiment) -> Iterable[str]:
    """Yield a line for each setting of a training of the baseline."""
    for key in sorted(experiment.train.model_fields_set - {"seeds"}):
        yield f"train.{key}: the baseline is attach.model, which is not trained; leave it out"
