"""How similar tasks are by their text and languages alone: what dissociation is compared with."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import split_direction
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.space import STACKS

Matrix = NDArray[np.float64]
#: Of a direction: how often each subword occurs, int64 [vocabulary], in its source and in its target.
Counts = tuple[NDArray[np.int64], NDArray[np.int64]]
SUBWORDS, SHARED_SIDE, FAMILY = "subwords", "shared side", "family"


def subword_counts(port: Port, batches: Batches) -> Counts:
    """Return how often each subword occurs in the source and the target of a direction, int64 [vocabulary].
    Specials and tags, which say the language, are left out."""
    found = np.zeros((len(STACKS), port.symbols), dtype=np.int64)
    for batch in batches:
        for side, stack in enumerate(STACKS):
            ids = port.tokens(batch, stack).cpu().numpy().ravel()
            found[side] += np.bincount(ids, minlength=port.symbols)
    found[:, [*port.marks, port.unknown]] = 0
    return found[0], found[1]


def cosine(one: NDArray[np.int64], two: NDArray[np.int64]) -> float:
    """Return the cosine of two arrays of counts; NaN where one of them is empty."""
    a, b = one.astype(np.float64), two.astype(np.float64)
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else float("nan")


def cosine_matrix(counts: Sequence[NDArray[np.int64]]) -> Matrix:
    """Return the cosine of every two of T arrays of counts, [T, T]."""
    return np.array([[cosine(one, two) for two in counts] for one in counts])


def similarities(
    tasks: Mapping[str, Sequence[str]], counts: Mapping[str, Counts], families: Mapping[str, str]
) -> dict[str, Matrix]:
    """Return the similarity of every two tasks in three ways, [T, T] each.

    ``subwords``: the cosine of the counts of subwords, mean of source and target; ``shared side``: the share
    of source and target that are the same language; ``family``: that are of one family (``families``:
    language → family, a language without one is its own). Of tasks of several directions: the mean over pairs
    of these.
    """

    def sides(direction: str) -> tuple[str, str]:
        source, target = split_direction(direction)
        return families.get(source, source), families.get(target, target)

    def alike(read: Callable[[str], tuple[str, str]]) -> Callable[[str, str], float]:
        return lambda one, two: float(np.mean([a == b for a, b in zip(read(one), read(two), strict=True)]))

    def by_subwords(one: str, two: str) -> float:
        return float(np.mean([cosine(a, b) for a, b in zip(counts[one], counts[two], strict=True)]))

    ways = {SUBWORDS: by_subwords, SHARED_SIDE: alike(split_direction), FAMILY: alike(sides)}
    return {name: _matrix(tasks, way) for name, way in ways.items()}


def _matrix(tasks: Mapping[str, Sequence[str]], way: Callable[[str, str], float]) -> Matrix:
    return np.array(
        [[np.mean([way(a, b) for a in one for b in two]) for two in tasks.values()] for one in tasks.values()]
    )
