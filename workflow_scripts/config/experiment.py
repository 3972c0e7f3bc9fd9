"""The whole config of an experiment, and what follows from it of mask sets and systems."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import model_validator

from workflow_scripts.config import checks
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.contents import Contents
from workflow_scripts.config.masks import ALL_UNITS, SWEEP
from workflow_scripts.config.systems import BEFORE_DIRECTION, Made, part_name, spread, training_of
from workflow_scripts.config.training import Finetune
from workflow_scripts.units.exchanges import drawn_exchange


class Experiment(Contents):
    """Everything a run needs to know.

    Experiments of other kinds (tasks of an encoder, language models) are subclasses: they say what takes the
    place of directions, which sections there are, and what must hold between them.
    """

    #: The sections that a config of this kind has.
    sections: ClassVar[tuple[str, ...]] = tuple(Contents.model_fields)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = list(self.problems())
        if problems:
            # One ValueError holds them all, so that a user sees every mistake at once.
            raise ValueError("\n".join(problems))
        return self

    def problems(self) -> Iterable[str]:
        """Yield every mistake that lies between sections."""
        return checks.problems(self)

    def resolved(self) -> dict[str, Any]:
        """Return the config with its defaults, as JSON has it."""
        return self.model_dump(mode="json", include={*self.sections})

    @property
    def texts_alone(self) -> list[str] | None:
        """The languages whose text is read by itself, where nothing is translated; None of translation."""
        return None

    @property
    def attached_as(self) -> dict[str, Any]:
        """What the rows of an attached model are, as options of the stage that makes it the baseline."""
        if self.attached_model is None:
            return {}
        own = self.attached_model.model_dump(include={"tags", "prefixes"})
        return {"languages": self.languages, "directions": self.train_directions, **own}

    def of_other_text(self, maskset: str) -> list[str]:
        """Return the mask sets that differ from one in nothing but the text that they are selected on."""
        sets, own = self.masks.named, self.masks.named[maskset]
        alike = [name for name, one in sets.items() if one.one.like is None and one.text != own.text]
        made = self.mask_sets
        same = (made[maskset], own.one.scores)
        return [name for name in alike if (made[name], sets[name].one.scores) == same]

    @property
    def mask_sets(self) -> dict[str, dict[str, Any]]:
        """Every mask set by name, with what the stage that selects makes it of."""
        return {
            name: one.settings(draw, self.families, self.pivot)
            for name, (_, one, draw) in self.masks.named.items()
        }

    def drawn_pairs(self, maskset: str, seed: int) -> dict[str, str]:
        """Return whose row each direction takes in a mask set whose pairs are drawn; of others none."""
        _, one, draw = self.masks.named[maskset]
        if one.partners is None:
            return {}
        return drawn_exchange(
            one.partners, self.train_directions, self.pivot or "", self.families, seed, draw or 1
        )

    @cached_property
    def foreign_masks(self) -> dict[str, str]:
        """Mask sets of files that another program wrote, to these."""
        return {name: of.one.file for name, of in self.masks.named.items() if of.one.file is not None}

    @cached_property
    def made(self) -> dict[str, Made]:
        """Every system but the baseline; sweeps and draws are spread out."""
        return {one.name: one for one in spread(self.systems, self.masks)}

    @property
    def masked(self) -> dict[str, str]:
        """Every system but the baseline, to its mask set."""
        return {name: one.maskset for name, one in self.made.items()}

    @property
    def through_masks(self) -> dict[str, str]:
        """The systems that translate through masks, and untrained directions too, to their mask sets."""
        return {
            name: one.maskset
            for name, one in self.made.items()
            if one.system.train != "gradients" and one.system.knows_untrained
        }

    @property
    def finetuned(self) -> dict[str, str]:
        """Fine-tuned system to its mask set; not those that are joined from parts."""
        return {
            name: one.maskset
            for name, one in self.made.items()
            if one.system.train != "none" and one.system.each is None
        }

    @property
    def untrained(self) -> dict[str, str]:
        """System to its mask set, of those that have the baseline's weights."""
        return {name: one.maskset for name, one in self.made.items() if one.system.train == "none"}

    @cached_property
    def parts(self) -> dict[str, tuple[str, str]]:
        """The parts of systems that have a model for each direction: name → system and direction."""
        return {
            part_name(name, direction): (name, direction)
            for name, one in self.made.items()
            if one.system.each
            for direction in self.trained_by(name)
        }

    @cached_property
    def trainings(self) -> dict[str, Made]:
        """Everything that is fine-tuned here: systems, and parts of systems, each in its one direction."""
        own = {name: self.made[name] for name in self.finetuned if name not in self.taken}
        return own | {
            part: self.made[name]._replace(name=part)
            for part, (name, _) in self.parts.items()
            if name not in self.used
        }

    @property
    def joined(self) -> list[str]:
        """The systems that are joined from parts."""
        return [name for name, one in self.made.items() if one.system.each]

    @property
    def draws(self) -> dict[str, list[str]]:
        """Keys of systems whose masks are drawn several times, to the systems that they make."""
        out: dict[str, list[str]] = {}
        for name, one in self.made.items():
            if one.draw is not None:
                out.setdefault(one.key, []).append(name)
        return out

    def trained_by(self, name: str) -> list[str]:
        """Return the directions that a system, or a part of one, is trained in, in the order of all."""
        system, direction = self._parted(name)
        if direction:
            return [direction]
        own = None if name == BASELINE else self.made[system].system.directions
        return [one for one in self.train_directions if own is None or one in own]

    def _parted(self, name: str) -> tuple[str, str]:
        """Return a system's name and, for a part of one, its direction: a k has a point, too (`ns-k97.5`)."""
        if name == BASELINE or name in self.made:
            return name, ""
        system, _, direction = name.rpartition(BEFORE_DIRECTION)
        return system, direction

    def directions_of_system(self, name: str) -> list[str]:
        """Return the directions that a system is scored in: of those that it is not trained in only if it
        has what it needs for any direction."""
        if name == BASELINE or self.made[name].system.knows_untrained:
            return self.evaluated_directions
        return self.trained_by(name)

    def directions_scored(self, system: str, testset: str) -> list[str]:
        """Return the directions of a test set that a system translates."""
        known = set(self.directions_of_system(system))
        return [direction for direction in self.directions_of(testset) if direction in known]

    @property
    def partial_systems(self) -> dict[str, list[str]]:
        """The directions of each system that does not translate all that are scored."""
        every = self.scored_directions
        had = {name: set(self.directions_of_system(name)) for name in self.all_systems}
        return {
            name: [d for d in every if d in own] for name, own in had.items() if not own.issuperset(every)
        }

    def training_of(self, name: str) -> Finetune:
        """Return the settings with which a system, or a part of one, is fine-tuned."""
        return training_of(self.trainings[name], self.train, self.finetune, len(self.train_directions))

    def method_of(self, name: str) -> dict[str, Any]:
        """Return how the training of a system or part differs from the published one."""
        system = self.made[self._parted(name)[0]].system
        return system.method(self.trained_by(name), self.families)

    def engine_of(self, name: str) -> str:
        """Return what decodes a system: the library of its port where CTranslate2 cannot."""
        return self.port if self.needs_reference(name) else self.decode.engine

    def needs_reference(self, name: str) -> bool:
        """Tell whether CTranslate2's weights cannot hold what a system has."""
        if name == BASELINE:
            return False
        system, maskset = self.made[name].system, self.made[name].maskset
        chain = (self.masks.named[one].one for one in self.masks.chain(maskset))
        stream = system.train != "gradients" and any("resid" in one.units for one in chain)
        small_ffns = system.adapters is not None and system.adapters.kind == "bottleneck"
        return stream or small_ffns

    @property
    def sweeps(self) -> list[str]:
        """Names of the systems that are a sweep over k: NAME of NAME-k95."""
        return [name for name, system in self.systems.items() if system.masks == SWEEP]

    @property
    def control(self) -> str | None:
        """The continued-training control: the first system that is trained with every unit."""
        plain = (name for name, one in self.made.items() if one.system.is_plain)
        return next((name for name in plain if self.masked[name] == ALL_UNITS), None)

    @property
    def all_systems(self) -> list[str]:
        """The baseline and every system made from it, in the order of the tables."""
        return [BASELINE, *self.masked]

    @property
    def used(self) -> list[str]:
        """Systems that are taken from another experiment, not trained."""
        return self.uses.systems if self.uses else []

    @property
    def attached(self) -> dict[str, str]:
        """Systems that are checkpoints of fairseq, to these; the baseline first."""
        attach = self.checkpoints
        return {BASELINE: attach.checkpoint, **attach.systems} if attach else {}

    @property
    def taken(self) -> list[str]:
        """Systems that are not trained here: of another experiment, checkpoints of fairseq, a model."""
        return [*self.used, *self.attached, *([BASELINE] if self.attached_model else [])]

    @property
    def vocabulary_of(self) -> str:
        """The experiment whose baseline has the vocabulary, where it is taken with systems."""
        return self.uses.experiment if self.uses else self.experiment

    @property
    def known_architecture(self) -> dict[str, Any]:
        """What the config says of the model; of an attached baseline only the keys that it gives."""
        known = self.model.architecture()
        if self.attach is None:
            return known
        given = self.model.model_fields_set if "model" in self.model_fields_set else set()
        return {key: value for key, value in known.items() if key in given}
