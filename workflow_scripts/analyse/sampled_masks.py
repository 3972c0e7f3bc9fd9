"""Masks of samples of sentences: how they are drawn, counted again and compared with one another."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlap import layer_matrices
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.students_t import student_t
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitSpace

#: Sentences whose counts are float64 at one time.
BLOCK = 256
#: In the place of a number of sentences: as many as there are.
WHOLE = "all"

logger = logging.getLogger(__name__)


def draw(sentences: int, size: int, draws: int, seed: int) -> NDArray[np.float64]:
    """Return how often each sample takes each sentence, [draws, sentences].

    Of so many sentences the same draw of a size is the same in every direction; further draws change none.
    """
    out = np.zeros((draws, sentences))
    for number in range(draws):
        own = seed_of(seed, f"{size} sentences, draw {number + 1}")
        generator = np.random.Generator(np.random.PCG64(own))
        out[number] = np.bincount(generator.integers(sentences, size=size), minlength=sentences)
    return out


def resampled(counts: NDArray[np.uint16], samples: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the counts of samples, [draws, units]; sums of whole numbers, exact in float64."""
    sums = np.zeros((len(samples), counts.shape[1]))
    for start in range(0, len(counts), BLOCK):
        part = slice(start, start + BLOCK)
        sums += samples[:, part] @ counts[part].astype(np.float64)
    return sums.astype(np.int64)


@dataclass(frozen=True)
class Overlap:
    """IoU [draws, draws] of the masks of samples, the share of units that they keep, what chance gives."""

    iou: NDArray[np.float64]
    kept: float
    chance: float

    def summary(self) -> dict[str, float]:
        """Return the mean over pairs of draws, its interval and the rest, for the JSON."""
        mean, low, high = mean_of_pairs(self.iou)
        return {"mean_iou": mean, "low": low, "high": high, "kept": self.kept, "chance": self.chance}


def mean_of(overlaps: Sequence[Overlap]) -> Overlap:
    """Return the mean of overlaps whose draws are the same, such as those of several directions."""
    return Overlap(
        np.mean([one.iou for one in overlaps], axis=0),
        float(np.mean([one.kept for one in overlaps])),
        float(np.mean([one.chance for one in overlaps])),
    )


def chance_overlap(one: float, other: float) -> float:
    """Return the IoU that random masks have in the limit of many units, of the shares of units they keep."""
    return one * other / (one + other - one * other) if one + other else 1.0


def mean_of_pairs(iou: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean over all pairs of draws and its interval of 95 %.

    Pairs that share a draw are not independent. The interval is that of the jackknife over draws: the mean
    is taken again without each draw in turn, with Student's t of one degree of freedom less than draws.
    """
    draws = len(iou)
    pairs = iou[np.triu_indices(draws, 1)]
    mean = float(pairs.mean())
    without = (pairs.sum() - (iou.sum(axis=1) - np.diag(iou))) / math.comb(draws - 1, 2)
    error = math.sqrt((draws - 1) / draws * float(((without - without.mean()) ** 2).sum()))
    half = student_t(draws - 1) * error
    return mean, max(0.0, mean - half), min(1.0, mean + half)


def overlaps(
    counts: NDArray[np.int64], selection: Selection, direction: str, space: UnitSpace
) -> dict[str, Overlap]:
    """Return the overlap of samples' masks by layer, and its means by stack. ``counts``: [draws, units]."""
    keep = np.stack([selection.row(direction, row, space) for row in counts])
    table = MaskTable([str(number) for number in range(len(keep))], keep, space, selection.facts())
    shares = {key: float(keep[:, span].mean()) for key, span in space.slices().items()}
    found = {}
    for layer, matrix in layer_matrices(table, table.rows).items():
        stack = layer.partition(".")[0]
        members = [
            key for key in shares if key == layer or (layer not in shares and key.startswith(f"{stack}."))
        ]
        kept = [shares[key] for key in members]
        chance = [chance_overlap(share, share) for share in kept]
        found[layer] = Overlap(matrix, float(np.mean(kept)), float(np.mean(chance)))
    return found


def stability(
    counts_of: Iterable[tuple[str, NDArray[np.uint16]]],
    selection: Selection,
    space: UnitSpace,
    sizes: Sequence[int],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Return the JSON's ``directions`` and ``mean``: layer → a summary for each size, the whole text last.

    ``counts_of``: each direction with its counts [sentences, units], which may be made as it is asked for.
    ``sizes``: of samples. Raises UserError if a direction has fewer sentences than a sample.
    """
    directions: dict[str, Any] = {}
    found: dict[tuple[str, int | str], list[Overlap]] = {}
    for direction, counts in counts_of:
        number = len(counts)
        if number < max(sizes, default=0):
            raise UserError(
                f"--sentences {max(sizes)}: {direction} has {number} sentences that fit the model; take fewer"
                " (analysis.stability.sentences)"
            )
        layers: dict[str, list[dict[str, Any]]] = {}
        labelled: list[tuple[int | str, int]] = [*zip(sizes, sizes, strict=True), (WHOLE, number)]
        for label, size in labelled:
            sums = resampled(counts, draw(number, size, draws, seed))
            for layer, overlap in overlaps(sums, selection, direction, space).items():
                found.setdefault((layer, label), []).append(overlap)
                layers.setdefault(layer, []).append({"sentences": label, **overlap.summary()})
        directions[direction] = {"sentences": number, "layers": layers}
        last = (layers[layer][-1]["mean_iou"] for layer in ("encoder.mean", "decoder.mean"))
        logger.info(f"{direction}: {number} sentences; IoU {' and '.join(f'{one:.3f}' for one in last)}")
    mean: dict[str, list[dict[str, Any]]] = {}
    for (layer, label), several in found.items():
        mean.setdefault(layer, []).append({"sentences": label, **mean_of(several).summary()})
    return {"directions": directions, "mean": mean}
