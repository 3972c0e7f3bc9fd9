"""The section `masks`: the mask sets of an experiment, by name."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from pydantic import Field, field_validator

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.base import Percent, Section
from workflow_scripts.config.masks import ALL_UNITS, MaskSet, MaskSetName

#: The names of the sets that `masks.k` makes.
OF_K = re.compile(r"k(\d+(?:\.\d+)?)")


def no_mask_set(wanted: str, known: Sequence[str]) -> str:
    """Return that no mask set has this name: the nearest one, all there are, and what makes a set of k."""
    made = OF_K.fullmatch(wanted)
    more = f"; {wanted} is made where masks.k has {made[1]}" if made else ""
    return f"no mask set {wanted!r}{nearest(wanted, known)}; there are {', '.join(known)}{more}"


class Named(NamedTuple):
    """A mask set that has a file: its key, and where it is drawn several times the number of the draw."""

    key: str
    one: MaskSet
    draw: int | None

    @property
    def text(self) -> str:
        """The text on which its units are scored, of several draws its own."""
        return self.one.text if self.draw is None else f"{self.one.text}-{self.draw}"


class Masks(Section):
    """Mask sets: one for each threshold, `all`, and those of `sets`."""

    k: list[Percent] = Field(
        ["95"],
        min_length=1,
        description="Thresholds in percent. k = 95 makes the set k95 (`select: mass:95`): the fewest neurons"
        " of each layer with 95 % of its activations.",
    )
    sets: dict[MaskSetName, MaskSet] = Field({}, description="More mask sets, by the name of their files.")
    accept_uninformative: bool = Field(
        False, description="Accept masks of scores that say nothing; their manifests say what was found."
    )

    @field_validator("k")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        repeated = sorted({k for k in value if value.count(k) > 1})
        if repeated:
            raise ValueError(f"two values of k are the same number: {repeated[0]}")
        return value

    @cached_property
    def named(self) -> dict[str, Named]:
        """Every set that has a file: of each k, `all`, and those of `sets`, one for each draw."""
        own = {f"k{k}": MaskSet(select=f"mass:{k}") for k in self.k} | {ALL_UNITS: MaskSet(select="all")}
        out = {name: Named(name, one, None) for name, one in own.items()}
        for key, one in self.sets.items():
            if draws := self.draws(key):
                out.update({name: Named(key, one, n) for n, name in draws.items()})
            else:
                out[key] = Named(key, one, None)
        return out

    def draws(self, key: str) -> dict[int, str]:
        """Return the names of the sets that a key of `sets` is drawn as, by their numbers; of others none."""
        number = self.sets[key].number_of_draws if key in self.sets else 0
        return {n: f"{key}-{n}" for n in range(1, number + 1)}

    def chain(self, name: str | None) -> list[str]:
        """Return a set and those that it is made of, one after the other; of a circle each one once."""
        found: list[str] = []
        while name in self.named and name not in found:
            found.append(name)
            name = self.named[name].one.like
        return found
