"""What makes a corpus score of the summed statistics of sentences."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

#: The score of summed statistics [d] over n sentences.
Scorer = Callable[[NDArray[Any], int], float]


def mean_score(sums: NDArray[Any], n: int) -> float:
    """Return the mean of one number a sentence, of their sum [1] over n sentences."""
    return float(sums[0]) / n
