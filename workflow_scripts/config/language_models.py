"""An experiment of a causal language model: languages in the place of directions, for analysis alone."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.active_rule import rule_problems
from workflow_scripts.config.analyses.criteria import criteria_problems
from workflow_scripts.config.analyses.effect_checks import effect_problems
from workflow_scripts.config.analyses.probes import Probes
from workflow_scripts.config.base import BASELINE, Section, SubsetName
from workflow_scripts.config.checks import language_problems
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.mask_checks import mask_problems
from workflow_scripts.config.masks import RANDOM
from workflow_scripts.config.sections import Data
from workflow_scripts.config.systems import Made, System
from workflow_scripts.config.tasks.experiment import NO_TEXT
from workflow_scripts.units.space import STACKS

#: What of `analysis` there is without translation.
ANALYSES = ("ablation", "criteria", "effects", "probes")


def _has_language(value: str) -> str:
    if "{lang}" not in value or "{" in (rest := value.replace("{lang}", "")) or "}" in rest:
        raise ValueError(f"{value}: the pattern of a text holds {{lang}}, and nothing else in braces")
    return value


#: A file of each language, plain or packed.
TextOfLanguage = Annotated[str, Field(min_length=1), AfterValidator(_has_language)]


class LanguageModel(Section):
    """Text of each language, a text a line: the model of `attach` is a causal language model, which is
    analysed and nothing else. It translates nothing and is not trained."""

    valid: TextOfLanguage = Field(description="Text on which units are scored: a path with {lang}.")
    tests: dict[SubsetName, TextOfLanguage] = Field(
        min_length=1, description="Text on which losses are measured, by name; analyses take the first."
    )
    empty_lines: Literal["error", "drop"] = Field(
        "error", description="An empty line: an error, or dropped and counted."
    )

    @property
    def patterns(self) -> dict[str, str]:
        """Subset → the path of its text, with {lang}."""
        return {VALID: self.valid, **self.tests}

    def _mistakes(self) -> Iterator[str]:
        if VALID in self.tests:
            yield f"tests.{VALID}: is the text on which units are scored; take another name"
        for name, pattern in self.tests.items():
            if pattern == self.valid:
                yield f"tests.{name}: {pattern} is also {VALID}; units are measured on other text"


class LanguageExperiment(Experiment):
    """A causal language model: which of its units serve which language?"""

    #: The sections that it has; the others are of translation.
    sections: ClassVar[tuple[str, ...]] = (
        *("experiment", "languages", "groups", "attach", "language_model", "train", "activations", "masks"),
        "analysis",
    )

    language_model: LanguageModel = Field(description="Text of each language.")
    data: Data = Field(Data(source=NO_TEXT), description="None: text is in language_model.")
    systems: dict[str, System] = Field({}, description="None: nothing is trained.")

    def problems(self) -> Iterable[str]:
        """Yield every mistake that lies between sections."""
        for key in sorted(self.model_fields_set - {*self.sections}):
            yield (
                f"{key}: a language model translates nothing and is not trained here; the config has"
                f" {', '.join(self.sections)}"
            )
        attach = self.attached_model
        if attach is None:
            what = "checkpoint is of translation" if self.attach else "this key is missing"
            yield f"attach: {what}: the model is attach.model (docs/how-to/language-models.md)"
        else:
            for key in ("tags", "prefixes"):
                if getattr(attach, key):
                    yield f"attach.{key}: a causal language model is told no language; leave it out"
        for key in sorted(self.train.model_fields_set - {"seeds"}):
            yield f"train.{key}: the model is not trained; here are seeds alone, of what is drawn"
        yield from language_problems(self)
        yield from self._mask_problems()
        yield from rule_problems(self)
        for key in sorted(self.analysis.model_fields_set - {*ANALYSES}):
            yield f"analysis.{key}: of translation; a language model has analysis.{', '.join(ANALYSES)}"
        if (ablation := self.analysis.ablation) is not None and ablation.metrics:
            yield "analysis.ablation.metrics: a language model translates nothing; leave it out"
        if (criteria := self.analysis.criteria) is not None:
            yield from criteria_problems(self, criteria)
        yield from effect_problems(self)
        if (probes := self.analysis.probes) is not None:
            yield from self._probe_problems(probes)

    def _mask_problems(self) -> Iterator[str]:
        by_direction = [
            name
            for name, one in self.masks.sets.items()
            if one.rows not in (None, RANDOM) or not isinstance(one.select, str | None) or one.file
        ]
        for name in by_direction:
            yield f"masks.sets.{name}: of directions; a language model's sets have select, or rows: random"
        if not by_direction:
            yield from mask_problems(self)

    def _probe_problems(self, probes: Probes) -> Iterator[str]:
        key = "analysis.probes"
        if probes.systems != [BASELINE]:
            yield f"{key}.systems: there is the model itself alone, {BASELINE}"
        if probes.stacks != [STACKS[1]]:
            yield f"{key}.stacks: a causal language model has no encoder; write stacks: [{STACKS[1]}]"
        known = [*self.language_model.patterns, "conllu"]
        if probes.text is not None and probes.text not in known:
            yield f"{key}.text: no {probes.text!r}{nearest(probes.text, known)}; there are {', '.join(known)}"
        for language in probes.conllu:
            if language not in self.languages:
                yield f"{key}.conllu.{language}: not in languages{nearest(language, self.languages)}"
        if probes.gold and not probes.conllu:
            name = probes.gold[0]
            yield f"{key}.properties: {name}: gold labels need the key conllu, a file for each language"

    @property
    def train_directions(self) -> list[str]:
        """The languages, which have a row each in scores and masks."""
        return list(self.languages)

    @property
    def untrained_directions(self) -> list[str]:
        """None."""
        return []

    @property
    def train_pairs(self) -> list[str]:
        """None: nothing is translated."""
        return []

    @property
    def pairs(self) -> list[str]:
        """None."""
        return []

    def pairs_of(self, subset: str) -> list[str]:
        """Return none: text is of one language."""
        return []

    @property
    def subsets(self) -> list[str]:
        """The text on which units are scored, and that on which they are measured."""
        return list(self.language_model.patterns)

    def directions_of(self, testset: str) -> list[str]:
        """Return all languages."""
        return self.train_directions

    def directions_scored(self, system: str, testset: str) -> list[str]:
        """Return none: nothing is decoded."""
        return []

    @property
    def counted_together(self) -> dict[str, list[str]]:
        """None: there is no encoder to share."""
        return {}

    @property
    def texts_alone(self) -> list[str]:
        """The languages; for probes of CoNLL-U files those that have one."""
        probes = self.analysis.probes
        own = probes is None or not probes.from_conllu
        return [one for one in self.languages if own or (probes is not None and one in probes.conllu)]

    @property
    def attached_as(self) -> dict[str, Any]:
        """See ``Experiment.attached_as``."""
        return {"languages": self.languages, "causal": True}

    @cached_property
    def made(self) -> dict[str, Made]:
        """None: nothing is made of the model."""
        return {}
