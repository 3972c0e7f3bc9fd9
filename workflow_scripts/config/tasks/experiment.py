"""An experiment of an encoder and its tasks: no translation, no languages, tables in the place of text."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from workflow_scripts.common.errors import nearest
from workflow_scripts.common.task_tables import TEST, VALID
from workflow_scripts.common.word_properties import CONLLU, DIRECTION, LANGUAGE
from workflow_scripts.config.analyses.probes import Probes
from workflow_scripts.config.base import BASELINE, Language
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import FilesSource
from workflow_scripts.config.sections import Data
from workflow_scripts.config.systems import Made, System
from workflow_scripts.config.tasks.sections import Tasks
from workflow_scripts.units.space import STACKS

#: A source without any text.
NO_TEXT = FilesSource.model_construct(type="files", train=None, valid=None, tests={})


class TaskExperiment(Experiment):
    """An encoder, trained on tasks with labels: which heads and neurons serve which of them?"""

    #: The sections that it has; the others are of translation.
    sections: ClassVar[tuple[str, ...]] = ("experiment", "attach", "tasks", "train", "analysis")

    tasks: Tasks = Field(description="Tasks, their tables and training.")
    languages: list[Language] = Field([], description="None: a text is in whatever language it is.")
    data: Data = Field(Data(source=NO_TEXT), description="None: tables are the text.")
    systems: dict[str, System] = Field({}, description="None but those of the tasks.")

    def problems(self) -> Iterable[str]:
        """Yield every mistake that lies between sections."""
        given = self.model_fields_set
        for key in sorted(given - {*self.sections}):
            yield f"{key}: an experiment with tasks has none; it has {', '.join(self.sections)}"
        attach = self.attached_model
        if attach is None:
            what = "checkpoint is of translation" if self.attach else "this key is missing"
            yield f"attach: {what}: tasks need an encoder, attach.model (docs/how-to/encoders.md)"
        else:
            for key in ("tags", "prefixes"):
                if getattr(attach, key):
                    yield f"attach.{key}: an encoder is told no language; leave it out"
        for key in sorted(self.train.model_fields_set - {"seeds"}):
            yield f"train.{key}: training is in tasks.training; here are seeds alone"
        for key in sorted(self.analysis.model_fields_set - {"probes"}):
            hint = "; pruning of heads is in tasks.heads" if key == "heads" else ""
            yield f"analysis.{key}: of translation; an experiment with tasks has analysis.probes{hint}"
        known = self.all_systems
        for name in self.tasks.heads.systems if self.tasks.heads else ():
            if name not in known or name == BASELINE:
                hint = nearest(name, self.tasks.systems)
                why = "has untrained heads of tasks" if name == BASELINE else "is no system"
                yield f"tasks.heads.systems: {name!r} {why}{hint}; there are {', '.join(self.tasks.systems)}"
        if self.analysis.probes is not None:
            yield from self._probe_problems(self.analysis.probes)

    def _probe_problems(self, probes: Probes) -> Iterator[str]:
        key = "analysis.probes"
        for name in probes.systems:
            if name not in self.all_systems:
                hint = nearest(name, self.all_systems)
                yield f"{key}.systems: no system {name!r}{hint}; there are {', '.join(self.all_systems)}"
        if not probes.from_conllu:
            what = f"write {CONLLU}, and the key {CONLLU} with a file of each language"
            yield f"{key}.text: words for an encoder are those of CoNLL-U files; {what}"
        if probes.stacks != [STACKS[0]]:
            yield f"{key}.stacks: an encoder has no decoder; write stacks: [{STACKS[0]}]"
        for name in (LANGUAGE, DIRECTION):
            if name in probes.properties and len(probes.conllu) < 2:
                yield (
                    f"{key}.properties: {name} has one label, and a probe tells two apart; give conllu of two"
                    " languages, or take another property"
                )

    @property
    def measured_on(self) -> str:
        """The part on which tasks are measured at the end: valid, if one of them has no test."""
        return TEST if all(one.has_test for one in self.tasks.tables.values()) else VALID

    @property
    def train_directions(self) -> list[str]:
        """None: nothing is translated."""
        return []

    @property
    def untrained_directions(self) -> list[str]:
        """None."""
        return []

    @property
    def subsets(self) -> list[str]:
        """None: tables are not text of pairs."""
        return []

    @property
    def texts_alone(self) -> list[str]:
        """The languages of the CoNLL-U files, whose words are read one language at a time."""
        return list(self.analysis.probes.conllu) if self.analysis.probes else []

    @property
    def attached_as(self) -> dict[str, Any]:
        """See ``Experiment.attached_as``: tasks, which files name."""
        return {"longest": self.tasks.longest}

    @cached_property
    def made(self) -> dict[str, Made]:
        """None is made by masks."""
        return {}

    @property
    def all_systems(self) -> list[str]:
        """The encoder, and what is trained of it."""
        return [BASELINE, *self.tasks.systems]
