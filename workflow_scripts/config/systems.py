"""The section `systems`: what is made from the baseline, a mask set and a way to train for each."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PositiveInt, model_validator

from workflow_scripts.common.directions import split_direction
from workflow_scripts.config.base import DISTINCT, DirectionId, Section
from workflow_scripts.config.mask_list import Masks
from workflow_scripts.config.masks import ALL_UNITS, SWEEP
from workflow_scripts.config.training import Finetune, Settings

#: In the name of a part, between system and direction; no name of a system has a dot.
BEFORE_DIRECTION = "."
#: Keys of a training that count updates: a part trains its share of them.
COUNTED = ("max_updates", "warmup_updates", "validate_interval_updates")
#: Keys whose meaning is in masks that leave units out.
_OF_MASKS = ("momentum", "renew")
#: Keys that say how a system is trained.
_OF_TRAINING = (
    *("parameters", "head_weights", *_OF_MASKS),
    *("adapters", "each", "start", "settings", "directions"),
)


class Adapters(Section):
    """Small parts added to the model. Only they are trained; the baseline's weights stay as they are."""

    kind: Literal["bottleneck", "lora"] = Field(
        description="bottleneck: a small FFN after each FFN; lora: an addition of low rank to the weights of"
        " attention and FFNs."
    )
    by: Literal["direction", "language", "family"] = Field(
        "direction",
        description="Who has adapters of their own: each direction; the directions between the same two"
        " languages, or families (grouping family), either way round.",
    )
    size: PositiveInt = Field(64, description="Width of the small FFN, or the rank.")

    def row(self, direction: str, families: Mapping[str, str]) -> str:
        """Return the name of a direction's adapters. ``families``: language -> family; a language without
        one is its own."""
        if self.by == "direction":
            return direction
        sides = split_direction(direction)
        return "-".join(sorted({families.get(lang, lang) if self.by == "family" else lang for lang in sides}))


class OwnSettings(Settings):
    """Keys of `finetune` (`start: random`: of `train`) for this system. Others are as they are there."""

    sampler: Literal["by_direction"] = Field(
        "by_direction", description="Masked training needs one direction in a batch."
    )

    def given(self) -> dict[str, Any]:
        """Return the keys that the config gives, with their values."""
        return self.model_dump(include=self.model_fields_set)


class System(Section):
    """A system made from the baseline."""

    masks: str = Field(
        SWEEP,
        description="A mask set (k95, all …); one that is drawn several times makes as many systems, NAME-1,"
        " NAME-2 …; sweep: one system for each k, NAME-k95. With adapters or each the default is all.",
    )
    train: Literal["none", "finetune", "gradients"] = Field(
        "finetune",
        description="none: the baseline's weights, through the masks, without further training; gradients:"
        " the masks are laid on gradients alone (of heads: IAT), and it translates without them.",
    )
    parameters: Literal["all", "ffn", "heads"] = Field(
        "all",
        description="What is trained; ffn: the weights and biases of the FFNs alone; heads: those of query,"
        " key and value of attention heads.",
    )
    head_weights: Literal["qkv", "qkvo"] = Field(
        "qkv",
        description="What of a head masks of gradients are laid on: its rows of query, key and value, as"
        " published; qkvo: its columns of the output projection, too.",
    )
    momentum: Literal["shared", "own"] = Field(
        "shared",
        description="shared, as published: Adam moves a unit's weights on while its mask is off; own: they"
        " move in updates of the directions that keep it alone.",
    )
    renew: PositiveInt | None = Field(
        None, description="Updates after which the masks are estimated again, of the model as it is then."
    )
    adapters: Adapters | None = Field(None, description="Train only adapters.")
    each: Literal["direction"] | None = Field(
        None, description="direction: a model of its own for each direction, trained on its text alone."
    )
    start: Literal["baseline", "random"] = Field(
        "baseline",
        description="Weights that training starts from; random needs each, and has the settings of train.",
    )
    directions: Annotated[list[DirectionId] | None, DISTINCT] = Field(
        None, min_length=1, description="Trained directions that it is trained and scored in; null: all."
    )
    settings: OwnSettings = Field(OwnSettings(), description="Settings of its training.")

    @model_validator(mode="before")
    @classmethod
    def _whole_by_default(cls, data: Any) -> Any:
        if isinstance(data, dict) and "masks" not in data and (data.get("adapters") or data.get("each")):
            return {**data, "masks": ALL_UNITS}
        return data

    def _mistakes(self) -> Iterator[str]:
        given = {key for key in _OF_TRAINING if getattr(self, key) != type(self).model_fields[key].default}
        if self.train == "none":
            for key in (key for key in _OF_TRAINING if key in given):
                yield f"{key}: with train: none nothing is trained; leave it out"
        if self.masks == ALL_UNITS:
            for key in self.of_masks:
                yield f"{key}: {getattr(self, key)} needs masks that leave units out, not all"
        for key in ("adapters", "each"):
            if key in given and self.masks != ALL_UNITS:
                yield f"masks: {key} needs masks: all, not {self.masks!r}"
        if self.adapters is not None:
            for key in sorted({"each", "parameters", "head_weights"} & given):
                yield f"{key}: with adapters only these are trained; leave it out"
        if self.start == "random" and self.each is None:
            yield "start: random weights are trained with each: direction alone, such as bilingual models"

    @property
    def of_masks(self) -> list[str]:
        """Keys whose values ask of training what only masks of units with weights of their own can give."""
        default = type(self).model_fields
        found = [key for key in _OF_MASKS if getattr(self, key) != default[key].default]
        return ["train", *found] if self.train == "gradients" else found

    @property
    def is_plain(self) -> bool:
        """Whether it is trained as `finetune` says, in all directions."""
        return self.train == "finetune" and all(
            getattr(self, key) == type(self).model_fields[key].default for key in _OF_TRAINING
        )

    @property
    def knows_untrained(self) -> bool:
        """Whether it can translate directions that are only evaluated."""
        of_trained = (self.directions, self.each, self.adapters, self.renew)
        return all(one is None for one in of_trained)

    def method(self, directions: list[str], families: Mapping[str, str]) -> dict[str, Any]:
        """Return how its training differs from the published one; empty where it does not. ``directions``:
        those that are trained; ``families``: language -> family."""
        keys = ("train", "parameters", "head_weights", "momentum")
        values = {key: (getattr(self, key), type(self).model_fields[key].default) for key in keys}
        found: dict[str, Any] = {
            key: value for key, (value, usual) in values.items() if value not in (usual, "none")
        }
        if self.renew is not None:
            found["renew"] = self.renew
        if self.adapters is not None:
            rows = {direction: self.adapters.row(direction, families) for direction in directions}
            found["adapters"] = {"kind": self.adapters.kind, "size": self.adapters.size, "rows": rows}
        return found


class Made(NamedTuple):
    """One system of those that a key of `systems` makes: of a sweep one for each k, of a drawn set one for
    each draw, whose number is ``draw``."""

    name: str
    key: str
    system: System
    maskset: str
    draw: int | None = None


def spread(systems: Mapping[str, System], masks: Masks) -> Iterator[Made]:
    """Yield every system that the keys of `systems` make, in order."""
    for key, system in systems.items():
        if system.masks == SWEEP:
            yield from (Made(f"{key}-k{k}", key, system, f"k{k}") for k in masks.k)
        elif draws := masks.draws(system.masks):
            yield from (Made(f"{key}-{n}", key, system, name, n) for n, name in draws.items())
        else:
            yield Made(key, key, system, system.masks)


def part_name(system: str, direction: str) -> str:
    """Return the name of the part of a system that is trained in one direction alone."""
    return f"{system}{BEFORE_DIRECTION}{direction}"


def training_of(made: Made, train: Settings, finetune: Settings, shares: int) -> Finetune:
    """Return the settings of a system's training, or of a part's.

    A part trains its share of the updates, one of ``shares``, rounded up, unless its system says how many.
    """
    system = made.system
    base = train if system.start == "random" else finetune
    values, own = base.model_dump(exclude={"seeds"}), system.settings.given()
    # One says in place of the other how often directions are drawn.
    for key, other in (("sampling", "temperature"), ("temperature", "sampling")):
        if key in own:
            values.pop(other)
    if system.each and "max_updates" not in own:
        values |= {key: -(-values[key] // shares) for key in COUNTED}
    return Finetune.model_validate({**values, "sampler": "by_direction", **own})
