"""Selectors: scores of units in, kept units out. Neuron Specialization, section 3, is the selector ``mass``.

A selector is written ``NAME[:AMOUNT][@SCOPE][:abs]``; ``Selector.text`` is its one canonical text:

- ``mass:95``: the fewest units of highest score that together hold 95 percent of the sum of all scores;
- ``top:30%``, ``top:12``: the units of highest score, a share (rounded down) or a number of them;
- ``bottom:30%``, ``bottom:12``: those of lowest score;
- ``random:30%``, ``random:12``: as many units drawn at random;
- ``all``: every unit.

Each group of the space (one layer's neurons, one attention's heads) is selected from by itself. ``@type``
takes all layers of a type together: the encoder's neurons, the decoder's cross-attention. ``@model`` takes
all groups together. ``:abs`` orders by magnitude. Equal scores keep the lower index first.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.space import UnitSpace

TIE_RULE = "stable: equal scores keep the lower index first"
EXAMPLES = {"mass": "mass:95", "top": "top:30%", "bottom": "bottom:30%", "random": "random:30%", "all": "all"}
# A spelling of k is part of file names. Above 100 every unit is kept.
SMALLEST_K, LARGEST_K = Decimal("0.000001"), 1_000_000
MOST_UNITS = 2**31 - 1

_FORM = re.compile(
    r"(?P<name>[^:@]*)(?::(?P<number>[^:@%]+)(?P<percent>%?))?(?:@(?P<scope>type|model))?(?P<abs>:abs)?"
)
#: What is selected from by itself: a group, all layers of a type, or all units.
Scope = Literal["group", "type", "model"]
#: Flat ids of units, as an index.
Pool = slice | NDArray[np.int64]


def normalise_k(k: Decimal | str | int) -> str:
    """Return the one spelling of a threshold, ``"97.5"`` for ``"97.50"``; UserError unless it is positive."""
    try:
        value = Decimal(k)
    except InvalidOperation:
        raise UserError(f"k is {k!r}, not a decimal number such as 95 or 97.5") from None
    if not value.is_finite() or value <= 0:
        raise UserError(f"k is {k}, but a share of the activations in percent is above 0")
    if not SMALLEST_K <= value <= LARGEST_K:
        raise UserError(f"k is {k}, but a share in percent is from {SMALLEST_K:f} to {LARGEST_K}")
    return _shortest(value)


def _shortest(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def least_percent(units: int) -> str:
    """Return the least percentage, of three digits, that is one of so many units: ``"8.34"`` of 12."""
    exact = Decimal(100) / units
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), rounding=ROUND_CEILING)
    return f"{rounded.normalize():f}"


@dataclass(frozen=True)
class Amount:
    """A number of units, or a share of them in percent."""

    number: Decimal
    percent: bool

    def of(self, units: int) -> int:
        """Return how many of so many units: a share is rounded down, a number is at most all of them."""
        numerator, denominator = self.number.as_integer_ratio()
        wanted = units * numerator // (100 * denominator) if self.percent else int(self.number)
        return min(units, wanted)


@dataclass(frozen=True)
class Selector:
    """A parsed selector; make one by ``parse_selector``."""

    text: str
    name: str
    amount: Amount
    scope: Scope = "group"
    magnitude: bool = False

    def select(self, scores: NDArray[Any], space: UnitSpace, seed: int | None = None) -> NDArray[np.bool_]:
        """Return the kept units, bool [units].

        ``scores``: [units], int64 or float64; ``mass`` sums floats exactly, as the fractions they are.
        ``seed``: for ``random`` (PCG64). UserError: a score is undefined, or negative where ``mass`` without
        ``:abs`` sums it; the amount is less than one unit. ValueError: the scores do not fit the space, or
        ``random`` has no seed.
        """
        if scores.shape != (space.size,):
            raise ValueError(f"scores {scores.shape} do not fit a space of {space.size} units")
        values = self._values(scores)
        if not (defined := np.isfinite(values)).all():
            raise UserError(f"select {self.text}: the score of unit {int(defined.argmin())} is undefined")
        if self.name == "mass" and (values < 0).any():
            raise UserError(
                f"select {self.text}: the score of unit {int((values < 0).argmax())} is negative, and a sum"
                f" of scores needs them not negative; {self.text}:abs takes their magnitude"
            )
        if self.name == "random" and seed is None:
            raise ValueError(f"{self.text} needs a seed")
        generator = np.random.Generator(np.random.PCG64(seed))
        keep = np.zeros(space.size, dtype=np.bool_)
        if mistake := self.keeps_none(space):
            raise UserError(mistake)
        for pool in self.pools(space).values():
            taken = SELECTORS[self.name](values[pool], self.amount, generator)
            keep[taken + pool.start if isinstance(pool, slice) else pool[taken]] = True
        return keep

    def keeps_none(self, space: UnitSpace) -> str | None:
        """Return a message where the amount is less than one unit of what is selected from, else None."""
        # The smallest first: what is one unit of it is one of each.
        for where, size in sorted(self.sizes(space).items(), key=lambda entry: entry[1]):
            if self.name != "mass" and not self.amount.of(size):
                return (
                    f"select {self.text}: that is less than one of the {size} units of {where}; take at least"
                    f" {least_percent(size)}%"
                )
        return None

    def asks_for_more(self, space: UnitSpace) -> str | None:
        """Return a message where its number is larger than what it selects from, else None."""
        for where, size in self.sizes(space).items():
            if not self.amount.percent and self.amount.number > size:
                return f"select {self.text}: there are {size} units of {where}; take at most {size}"
        return None

    def keeps_all(self, space: UnitSpace) -> bool:
        """Whether it keeps every unit of a space, whatever their scores."""
        if self.name == "mass":
            return self.amount.number > 100
        return all(self.amount.of(size) == size for size in self.sizes(space).values())

    def ranked(self, scores: NDArray[Any]) -> NDArray[Any] | None:
        """Return scores [units] of which it takes the highest; None if it looks at none."""
        if self.name not in RANKED:
            return None
        return RANKED[self.name] * self._values(scores)

    def _values(self, scores: NDArray[Any]) -> NDArray[Any]:
        return np.abs(scores) if self.magnitude else scores

    def pools(self, space: UnitSpace) -> dict[str, Pool]:
        """Return what it selects from by itself, name → units: each group, each type, or the whole model."""
        if self.scope == "model":
            return {"the model": slice(0, space.size)}
        return dict(space.slices() if self.scope == "group" else space.types())

    def sizes(self, space: UnitSpace) -> dict[str, int]:
        """Return how many units each of its ``pools`` has."""
        return {
            name: pool.stop - pool.start if isinstance(pool, slice) else pool.size
            for name, pool in self.pools(space).items()
        }


def parse_selector(text: str) -> Selector:
    """Return the selector that ``text`` names; UserError with the nearest right form."""
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise UserError(f"select {text!r}: not a selector such as {', '.join(EXAMPLES.values())}")
    name, number, percent = match["name"], match["number"], bool(match["percent"])
    if name not in SELECTORS:
        known = ", ".join(EXAMPLES.values())
        raise UserError(f"select {text!r}: no such selector{nearest(name, SELECTORS)}; there are {known}")
    if name == "all" and text.strip() != "all":
        raise UserError(f"select {text!r}: 'all' keeps every unit and takes nothing after it; write 'all'")
    if name == "random" and match["abs"]:
        raise UserError(f"select {text!r}: 'random' looks at no score; leave out ':abs'")
    amount = Amount(Decimal(100), percent=True)
    canonical = name
    if name != "all":
        if number is None:
            raise UserError(f"select {text!r}: {name!r} needs an amount, such as {EXAMPLES[name]!r}")
        amount = _amount(text, name, number, percent)
        canonical += f":{_shortest(amount.number)}" + "%" * (amount.percent and name != "mass")
    scope = cast(Scope, match["scope"] or "group")
    canonical += (f"@{scope}" if match["scope"] else "") + (match["abs"] or "")
    return Selector(canonical, name, amount, scope, bool(match["abs"]))


def _amount(text: str, name: str, number: str, percent: bool) -> Amount:
    if name == "mass":
        if percent:
            raise UserError(f"select {text!r}: 'mass' is in percent without the sign; write 'mass:{number}'")
        try:
            return Amount(Decimal(normalise_k(number)), percent=True)
        except UserError as error:
            raise UserError(f"select {text!r}: {error}") from None
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or not SMALLEST_K <= value <= MOST_UNITS:
        example = EXAMPLES[name]
        raise UserError(f"select {text!r}: {number} is no amount of units above 0, such as {example!r}")
    if percent and value > 100:
        raise UserError(f"select {text!r}: a share of the units is at most 100%; 'all' keeps every unit")
    if not percent and value != int(value):
        # 0.05 is a share of one, 12.5 is one of a hundred.
        share = f"{(value * 100 if value < 1 else value).normalize():f}%"
        raise UserError(
            f"select {text!r}: {number} is not a whole number of units; for a share write '{name}:{share}'"
        )
    return Amount(value, percent)


def _mass(values: NDArray[Any], amount: Amount, _: np.random.Generator) -> NDArray[np.intp]:
    """The unit that crosses the threshold is kept; without any score, the first unit; at 100, every score."""
    if amount.number > 100:
        return np.arange(values.size)
    order, sums = by_mass(values)
    return order[: mass_prefix(sums, amount.number)]


def by_mass(values: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the order of scores, none of them negative, highest first, and their running sums.

    The sums are exact: whole numbers in the proportions of the scores.
    """
    whole = _integers(values)
    order = np.argsort(-whole, kind="stable")
    return order, np.cumsum(whole[order])


def mass_prefix(sums: NDArray[Any], percent: Decimal) -> int:
    """Return how many of the first scores, at least one, hold so many percent; of sums of ``by_mass``."""
    numerator, denominator = percent.as_integer_ratio()
    # The smallest whole sum S with 100 * denominator * S >= numerator * total.
    needed = -(-numerator * int(sums[-1]) // (100 * denominator))
    return min(1 + int(np.searchsorted(sums, needed, side="left")), len(sums))


def _integers(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the same proportions as ``values``, whose sum is exact (int64, or Python's
    unbounded integers). The published code compares sums in float32, which loses units at k = 100."""
    if np.issubdtype(values.dtype, np.integer):
        fits = int(values.max()) * values.size < 2**63
        return values.astype(np.int64 if fits else object)
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    common = math.lcm(*(denominator for _, denominator in ratios))
    return np.array([numerator * (common // denominator) for numerator, denominator in ratios], dtype=object)


#: Selectors that look at scores: 1 where they take the highest, -1 the lowest.
RANKED = {"mass": 1, "top": 1, "bottom": -1}
#: Name -> (scores of one group, or of all; amount; generator) -> indices of the kept units.
SELECTORS: Mapping[str, Callable[[NDArray[Any], Amount, np.random.Generator], NDArray[np.intp]]] = {
    "mass": _mass,
    "top": lambda values, amount, _: np.argsort(-values, kind="stable")[: amount.of(values.size)],
    "bottom": lambda values, amount, _: np.argsort(values, kind="stable")[: amount.of(values.size)],
    "random": lambda values, amount, draw: draw.permutation(values.size)[: amount.of(values.size)],
    "all": lambda values, *_: np.arange(values.size),
}


def mass(scores: NDArray[Any], space: UnitSpace, k: Decimal | str | int) -> NDArray[np.bool_]:
    """Keep, in each group, the fewest units of highest score that hold k percent of the group's sum."""
    return parse_selector(f"mass:{normalise_k(k)}").select(scores, space)


def keep_all(space: UnitSpace) -> NDArray[np.bool_]:
    """Return a mask that keeps every unit: the continued-training control."""
    return np.ones(space.size, dtype=np.bool_)
