"""Temperature sampling: which lines of each direction an epoch holds (Neuron Specialization, section 4)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError

#: Of each direction the lines and the weight of each source of its text, in order.
Sources = dict[str, list[tuple[int, float]]]

# fairseq never lets a virtual epoch grow beyond this multiple of the real data (SampledMultiDataset).
MAX_SCALE_UP = 1.5


def temperature_probabilities(sizes: Sequence[float], temperature: float) -> NDArray[np.float64]:
    """Return p_d proportional to (n_d / N) ** (1 / T), float64 [directions]; UserError unless T > 0."""
    if not temperature > 0:
        raise UserError(
            f"temperature {temperature} in the training settings must be positive (1 keeps the sizes)"
        )
    counts = np.asarray(sizes, dtype=np.float64)
    weights: NDArray[np.float64] = (counts / counts.sum()) ** (1.0 / temperature)
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def default_virtual_size(sizes: Sequence[float], probabilities: NDArray[np.float64]) -> int:
    """Return the examples of a virtual epoch: every direction scaled so that the largest keeps its own size,
    at most 1.5 times the real size (fairseq's rule)."""
    largest = int(np.argmax(sizes))
    scaled = probabilities / probabilities[largest] * sizes[largest]
    size = min(scaled.sum(), MAX_SCALE_UP * sum(sizes))
    # Weighted sizes are not whole numbers: 29.999… is 30.
    return int(size) if all(isinstance(one, int) for one in sizes) else max(round(size), 1)


def epoch_counts(probabilities: NDArray[np.float64], virtual_size: int) -> NDArray[np.int64]:
    """Split `virtual_size` by `probabilities`, int64 [directions], by the largest remainders."""
    exact = probabilities * virtual_size
    # Exact multiples must not lose an example to rounding of the product.
    counts: NDArray[np.int64] = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: virtual_size - counts.sum()]] += 1
    return counts


def draw(size: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` of `size` line numbers, int64: each as often as every other, give or take one."""
    whole, rest = divmod(count, size)
    parts = [np.tile(np.arange(size, dtype=np.int64), whole)] if whole else []
    if rest:
        parts.append(rng.permutation(size)[:rest].astype(np.int64))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def draw_weighted(
    sources: Sequence[tuple[int, float]], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `count` line numbers, int64, of consecutive sources: by their lines times weight."""
    ends = np.cumsum([lines for lines, _ in sources])
    there = [
        (int(end) - lines, lines, weight) for end, (lines, weight) in zip(ends, sources, strict=True) if lines
    ]
    if len({weight for _, _, weight in there}) < 2:
        return draw(int(ends[-1]), count, rng)
    shares = np.array([lines * weight for _, lines, weight in there])
    counts = epoch_counts(shares / shares.sum(), count)
    parts = [start + draw(lines, int(own), rng) for (start, lines, _), own in zip(there, counts, strict=True)]
    return np.concatenate(parts)
