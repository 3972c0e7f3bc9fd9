"""Sums over tokens of what several models' units are at the same tokens, made block by block.

Correlations, regressions and canonical correlations all follow from them, so no value is kept. Values are
float32 and are shifted by a first estimate of their mean, so that a mean far above the deviation costs no
digits. The products of a block are float32, their sums float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

#: A variance below this share of the mean square is rounding: the unit is constant.
ROUNDING = 1e-12


@dataclass
class Sums:
    """Sums over ``tokens`` positions, of M models with D units each; all float64.

    ``first``, ``squares``: model → [D]. ``products``: two models' numbers, the lower one first → [D, D].
    ``chance``: the same products of a draw, whose number is ``anchors``' index, with the anchor's tokens in
    another order: draw → other model → [D of the anchor, D].
    """

    anchors: Sequence[int] = ()
    whole: bool = True
    tokens: int = 0
    first: list[Tensor] = field(default_factory=list)
    squares: list[Tensor] = field(default_factory=list)
    products: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    chance: list[dict[int, Tensor]] = field(default_factory=list)

    def add(self, values: Sequence[Tensor], orders: Sequence[Tensor] = ()) -> None:
        """Add a block. ``values``: of each model its shifted values, float32 [n, D]. ``orders``: of each draw
        another order of the n tokens, int64 [n]. With ``whole`` a model's units are multiplied with one
        another, too."""
        if not self.first:
            self._begin(values)
        self.tokens += len(values[0])
        for model, one in enumerate(values):
            exact = one.double()
            self.first[model] += exact.sum(dim=0)
            self.squares[model] += exact.square().sum(dim=0)
        for (one_model, other), total in self.products.items():
            total += _product(values[one_model], values[other])
        for anchor, order, totals in zip(self.anchors, orders, self.chance, strict=True):
            moved = values[anchor][order].T
            for other, total in totals.items():
                total += moved @ values[other]

    def _begin(self, values: Sequence[Tensor]) -> None:
        models, device = range(len(values)), values[0].device
        sizes = [one.shape[1] for one in values]

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        self.first, self.squares = ([zeros(size) for size in sizes] for _ in range(2))
        self.products = {
            (a, b): zeros(sizes[a], sizes[b])
            for a in models
            for b in models
            if a < b or (a == b and self.whole)
        }
        self.chance = [
            {other: zeros(sizes[anchor], sizes[other]) for other in models if other != anchor}
            for anchor in self.anchors
        ]


def _product(one: Tensor, other: Tensor) -> Tensor:
    if one is other and one.device.type == "cpu":
        # numpy sees that the product is symmetric, and takes half the time.
        array = one.numpy()
        return torch.from_numpy(array.T @ array)
    return one.T @ other


@dataclass(frozen=True)
class Moments:
    """Means and covariances (of the population) over the tokens of one part of the text, or of several."""

    parts: Sequence[Sums]

    @property
    def tokens(self) -> int:
        """The number of tokens."""
        return sum(part.tokens for part in self.parts)

    def mean(self, model: int) -> Tensor:
        """Return the mean of each unit of a model, less the shift, [D]."""
        return sum_of([part.first[model] for part in self.parts]) / self.tokens

    def variance(self, model: int) -> Tensor:
        """Return the variance of each unit of a model, [D]; 0 of a constant one."""
        square = sum_of([part.squares[model] for part in self.parts]) / self.tokens
        variance = square - self.mean(model).square()
        return torch.where(variance > ROUNDING * square, variance, 0.0)

    def covariance(self, model: int, other: int) -> Tensor:
        """Return the covariance of each unit of a model and each one of another, or the same, [D, D]."""
        low, high = sorted((model, other))
        product = sum_of([part.products[low, high] for part in self.parts]) / self.tokens
        found = (product if model == low else product.T) - torch.outer(self.mean(model), self.mean(other))
        if model == other:
            found.diagonal().copy_(self.variance(model))
        return found

    def by_chance(self, draw: int, other: int) -> Tensor:
        """Return the covariance of the anchor's units, its tokens in a draw's order, and another's units."""
        anchor = self.parts[0].anchors[draw]
        product = sum_of([part.chance[draw][other] for part in self.parts]) / self.tokens
        return product - torch.outer(self.mean(anchor), self.mean(other))


def sum_of(tensors: Sequence[Tensor]) -> Tensor:
    """Return the sum of tensors; of one alone itself."""
    total = tensors[0]
    for one in tensors[1:]:
        total = total + one
    return total
