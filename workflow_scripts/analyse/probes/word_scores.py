"""Which words a unit answers to: mean size of its z-scores, by word type."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Words of less than this share of the highest mean are not told.
LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Word:
    """A word type, its mean |z| as a share of the highest, its mean z with the sign, and how often it is."""

    word: str
    share: float
    mean: float
    tokens: int


def top_words(
    values: NDArray[np.float16 | np.float32 | np.float64],
    words: Sequence[str],
    most: int = 10,
    least_tokens: int = 1,
) -> list[Word]:
    """Return the words at which a unit is farthest from its mean, highest first, then by spelling.

    ``values``: [tokens] of one unit. A type's score is the mean of |z| over its tokens, divided by the
    highest; scores up to 0.1 are left out, and so are types of fewer tokens than ``least_tokens``. A constant
    unit has no words.
    """
    plain = np.asarray(values, dtype=np.float64)
    if not len(plain) or np.ptp(plain) == 0:
        return []
    z = (plain - plain.mean()) / plain.std()
    types, number = np.unique(np.asarray(words), return_inverse=True)
    tokens = np.bincount(number)
    size = np.bincount(number, np.abs(z)) / tokens
    mean = np.bincount(number, z) / tokens
    enough = tokens >= least_tokens
    if not enough.any():
        return []
    share = np.where(enough, size / size[enough].max(), 0.0)
    order = np.argsort(-share, kind="stable")
    return [
        Word(str(types[one]), float(share[one]), float(mean[one]), int(tokens[one]))
        for one in order[:most]
        if share[one] > LEAST_SHARE
    ]
