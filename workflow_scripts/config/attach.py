"""What other programs made: the section `attach`, a baseline and systems of plain fairseq; files of units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from workflow_scripts.common.errors import first_of, nearest
from workflow_scripts.config.attach_model import AttachedModel, model_problems
from workflow_scripts.config.base import BASELINE, Name, Place, Section
from workflow_scripts.config.file_source import TRAIN, VALID, FilesSource

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

#: Between folders of binarised text, as in fairseq's own option.
BETWEEN_SHARDS = ":"


def _of_directions(value: str) -> str:
    rest = value.replace("{direction}", "")
    if "{" in rest or "}" in rest:
        raise ValueError("in braces it may have {direction} alone")
    return value


#: A file of units that another program wrote, or a pattern with {direction}.
ForeignFile = Annotated[str, StringConstraints(min_length=1), AfterValidator(_of_directions)]


class Attach(Section):
    """The baseline is a checkpoint of fairseq, which is not trained; text gets its vocabulary."""

    kind: ClassVar[str] = "(checkpoints)"
    checkpoint: Place = Field(description="Checkpoint of task translation_multi_simple_epoch.")
    dictionary: Place = Field(description="dict.txt of the checkpoint.")
    subwords: Place = Field(description="SentencePiece model of the checkpoint.")
    data_bin: Place | None = Field(
        None,
        description="Training and validation text as fairseq-preprocess binarised it: a folder, or one for"
        " each shard with : between. Then data.source has tests alone. null: text of data.source.",
    )
    systems: dict[Name, Place] = Field(
        {},
        description="Systems whose weights are checkpoints, too: a name in `systems`, which says their masks,"
        " to a checkpoint that was fine-tuned from this baseline.",
    )

    @property
    def shards(self) -> list[str]:
        """The folders of binarised text."""
        return self.data_bin.split(BETWEEN_SHARDS) if self.data_bin else []

    @property
    def files(self) -> dict[str, str]:
        """Every file, by its key."""
        own = {key: getattr(self, key) for key in ("checkpoint", "dictionary", "subwords")}
        return own | {f"systems.{name}": file for name, file in self.systems.items()}


def _kind(value: Any) -> str:
    given = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    keys = {str(one) for one in given}
    # Without the key itself, those that it is written with, or a name like one of them.
    if "model" in keys or (keys.isdisjoint(Attach.model_fields) and _like(keys, AttachedModel.model_fields)):
        return AttachedModel.kind
    return Attach.kind


def _like(keys: Iterable[str], known: Iterable[str]) -> bool:
    return any(nearest(key, known) for key in keys)


#: A section ``attach``: of which kind its keys say.
AnyAttach = Annotated[
    Annotated[Attach, Tag(Attach.kind)] | Annotated[AttachedModel, Tag(AttachedModel.kind)],
    Discriminator(_kind),
]


def _needed(experiment: Experiment, subset: str) -> str | None:
    """Return for what text of a subset is needed, "" where that goes without saying; None: it is not. That of
    training is not where nothing is trained."""
    if subset == VALID or BASELINE not in experiment.taken:
        return ""
    trained = sorted(set(experiment.trainings) - set(experiment.taken))
    uses = [f"{first_of(trained)}: trained on it (train: none is not)"] if trained else []
    if experiment.evaluation.off_target:
        uses.append("evaluation.off_target: learns languages from it (off_target: false does not)")
    return f"; {'; '.join(uses)}" if uses else None


def attach_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `attach`, and text that is missing because of it, or not."""
    attach, source = experiment.checkpoints, experiment.data.source
    binarised = attach is not None and attach.data_bin is not None
    if binarised and not isinstance(source, FilesSource):
        yield f"attach.data_bin: with it data.source has tests alone, of type files, not {source.type}"
    elif isinstance(source, FilesSource):
        for key in (TRAIN, VALID):
            if binarised and getattr(source, key) is not None:
                yield f"data.source.{key}: attach.data_bin has this text; leave it out"
            needed = _needed(experiment, key)
            if not binarised and getattr(source, key) is None and needed is not None:
                yield f"data.source.{key}: this key is missing{needed}"
    if experiment.attach is not None and experiment.uses is not None:
        yield "attach: uses takes the baseline from another experiment; give one of the two"
    if experiment.attached_model is not None:
        yield from model_problems(experiment, experiment.attached_model)
    if attach is None:
        return
    if "subwords" in experiment.model_fields_set:
        yield "subwords: the vocabulary is that of attach.subwords and attach.dictionary; leave it out"
    if attach.data_bin and (number := len(attach.shards)) != experiment.data.shards:
        yield f"data.shards: is {experiment.data.shards}, but attach.data_bin names {number} folders"
    if "" in attach.shards:
        yield "attach.data_bin: a folder has no name; write one : between two folders, and none around them"
    for folder in sorted({one for one in attach.shards if attach.shards.count(one) > 1}):
        yield f"attach.data_bin: {folder!r} is listed twice"
    if binarised and experiment.evaluation.off_target:
        yield (
            "evaluation.off_target: the identifier learns languages from training text, and attach.data_bin"
            " has ids alone; write off_target: false"
        )
    for name in attach.systems:
        key = f"attach.systems.{name}"
        if name == BASELINE:
            yield f"{key}: the baseline is attach.checkpoint"
        elif name not in experiment.made:
            yield f"{key}: no system {name!r}{nearest(name, experiment.made)}; there are {[*experiment.made]}"
        elif not experiment.made[name].system.is_plain:
            yield f"{key}: systems.{name} may only have masks, what else was done is in the checkpoint"
