"""Which heads are pruned: by their importance or at random, cumulatively, with some of each layer kept.

Michel et al. (2019) prune over the whole model; here also each type of attention by itself, since the
importances of types are not comparable. Ranked and random pruning take heads by one rule (``extended``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.random_draws import draw_names
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.selectors import Selector, parse_selector
from workflow_scripts.units.space import UnitSpace

Heads = NDArray[np.bool_]
#: Added to a norm that may be 0.
TINY = 1e-20


@dataclass(frozen=True)
class PruningRule:
    """How heads are taken. ``sizes``: how many, ``20%`` or ``12``; ``scope``: of each type of attention, or
    of the model; ``keep_per_layer``: heads of each layer's attention that always stay; ``ascending``: the
    least important first."""

    sizes: Sequence[str]
    scope: Literal["type", "model"] = "type"
    keep_per_layer: int = 0
    ascending: bool = False

    def counts(self, space: UnitSpace) -> dict[str, dict[str, int]]:
        """Return how many heads each size takes, smallest first: size → type (or the model) → number.

        UserError, a line for each mistake: a size that is none, less than one head, or more heads than exist;
        more than may go where some of each layer stay.
        """
        found, mistakes = {}, []
        most = {
            name: sum(max(0, size - self.keep_per_layer) for size in sizes)
            for name, sizes in self._group_sizes(space).items()
        }
        for size in self.sizes:
            try:
                selector = self._selector(size)
                found[selector.text.removeprefix("top:").partition("@")[0]] = self._count(selector, space)
            except UserError as error:
                mistakes.append(str(error))
                continue
            for name, number in self._count(selector, space).items():
                if number > most[name]:
                    mistakes.append(
                        f"size {size}: {number} heads of {name} cannot go where {self.keep_per_layer} of each"
                        f" layer stay, but {most[name]}; take a smaller size or keep fewer"
                    )
        if mistakes:
            raise UserError("\n".join(dict.fromkeys(mistakes)))
        return dict(sorted(found.items(), key=lambda entry: sum(entry[1].values())))

    def _selector(self, size: str) -> Selector:
        selector = parse_selector(f"top:{size}@{self.scope}")
        if selector.magnitude:
            raise UserError(f"size {size}: a share of the heads, such as 20%, or a number of them")
        return selector

    def _count(self, selector: Selector, space: UnitSpace) -> dict[str, int]:
        if mistake := selector.keeps_none(space) or selector.asks_for_more(space):
            raise UserError(mistake)
        return {name: selector.amount.of(size) for name, size in selector.sizes(space).items()}

    def _group_sizes(self, space: UnitSpace) -> dict[str, list[int]]:
        every = [group.size for group in space.groups]
        if self.scope == "model":
            return {"the model": every}
        return {name: [group.size for group in space.groups if group.type == name] for name in space.types()}

    def order(self, importance: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return heads in the order in which they go, by their importance [heads]; ties by number."""
        return np.argsort(importance if self.ascending else -importance, kind="stable")

    def extended(
        self, gone: Heads, order: NDArray[np.intp], wanted: Mapping[str, int], space: UnitSpace
    ) -> Heads:
        """Return the pruned heads, bool [heads], after more of them went in an order.

        ``gone``: bool [heads], those before; ``order``: all heads, first ones first; ``wanted``: how many of
        each type (or the model) are gone afterwards. A head stays where its layer would have too few.
        """
        gone = gone.copy()
        group_of = np.repeat(np.arange(len(space.groups)), [group.size for group in space.groups])
        left = np.array([int((~gone[span]).sum()) for span in space.slices().values()])
        everything = np.arange(space.size)
        pools = space.types() if self.scope == "type" else {"the model": everything}
        for name, pool in pools.items():
            missing = wanted[name] - int(gone[pool].sum())
            for head in order[np.isin(order, pool)].tolist():
                if missing > 0 and not gone[head] and left[group_of[head]] > self.keep_per_layer:
                    gone[head] = True
                    left[group_of[head]] -= 1
                    missing -= 1
        return gone

    def steps(self, order: NDArray[np.intp], space: UnitSpace) -> dict[str, Heads]:
        """Return the pruned heads at each size, bool [heads], by one order: each has those before it."""
        gone, found = np.zeros(space.size, dtype=np.bool_), {}
        for size, wanted in self.counts(space).items():
            found[size] = gone = self.extended(gone, order, wanted, space)
        return found

    def random_steps(self, draws: int, space: UnitSpace, seed: int) -> dict[str, dict[str, Heads]]:
        """Return random pruning by the same rule, in random orders: ``random-1`` … → size → bool [heads].

        More draws change none that are there.
        """
        found = {}
        for number, name in enumerate(draw_names(draws), start=1):
            generator = np.random.Generator(np.random.PCG64(seed_of(seed, f"draw {number}")))
            found[name] = self.steps(generator.permutation(space.size), space)
        return found


def layer_normalised(importance: NDArray[np.float64], space: UnitSpace) -> NDArray[np.float64]:
    """Return importances [heads] divided by their L2 norm within each layer's attention (Molchanov et al.
    2017), so that layers compare; 0 stays 0."""
    found = importance.copy()
    for span in space.slices().values():
        found[span] /= np.linalg.norm(found[span]) + TINY
    return found


def names_of(heads: Heads, space: UnitSpace) -> list[str]:
    """Return heads, bool [heads], as ``encoder.0.self:3``, numbered from 0."""
    located = (space.locate(int(head)) for head in np.flatnonzero(heads))
    return [f"{key}:{index}" for key, index in located]
