"""Do the counts of a direction rest on enough sentences? Masks of two disjoint parts of its text, compared.

The parts are the first half of the sentences and the rest. Of more sentences than are read here the first
part is those that are read. A part is never compared with the whole text, which holds it. Where the text is
ordered by topic, the parts differ in that, too: then masks of it are masks of its topics.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.sampled_masks import overlaps
from workflow_scripts.common.errors import first_of
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selection import Selection

#: Below it more than one in five of the units that either part keeps depends on which sentences were counted.
#: Judged by hand: samples of 50 sentences had .88 and .95 in docs/results/analysis, encoder and decoder.
LEVEL = 0.8
MEANS = ("encoder.mean", "decoder.mean")


def lines_of_first_part(counts: ScoreTable, most: int | None) -> int:
    """Return up to which line a direction's sentences are the first part; 0 where it cannot be told what was
    counted. ``counts``: of the direction alone. ``most``: sentences that are read."""
    facts = counts.metadata
    if facts.get("count_pads") or not isinstance(facts.get("sentences"), int):
        return 0
    half: int = (facts["sentences"] + facts.get("skipped_sentences", 0)) // 2
    return half if most is None else min(half, most)


def overlap_of_parts(
    direction: str, counts: ScoreTable, first: NDArray[np.int64], lines: int, selection: Selection
) -> dict[str, Any]:
    """Return ``iou``, the lower of the two stacks' means over layers, what ``chance`` gives there, and the
    ``sentences`` of the parts. ``counts``: of all sentences; ``first`` [units]: of the first part."""
    # Batches of other sizes round otherwise: a value near 0 may count on one side alone.
    rest = np.maximum(counts.row(direction) - first, 0)
    found = overlaps(np.stack([first, rest]), selection, direction, counts.space)
    name = min((name for name in MEANS if name in found), key=lambda one: found[one].iou[0, 1])
    whole = counts.metadata["sentences"] + counts.metadata.get("skipped_sentences", 0)
    return {
        "iou": float(found[name].iou[0, 1]),
        "chance": found[name].chance,
        "stack": name.partition(".")[0],
        "sentences": [lines, whole - lines],
    }


def too_few(parts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the directions whose parts agree less than ``LEVEL``, the worst first."""
    below = [name for name, one in parts.items() if one["iou"] < LEVEL]
    return sorted(below, key=lambda name: (parts[name]["iou"], name))


def caution(parts: Mapping[str, Mapping[str, Any]], select: str) -> str:
    """Return one line about directions whose counts rest on too few sentences; empty where none does."""
    worst: Sequence[str] = too_few(parts)
    if not worst:
        return ""
    told = [
        f"{name} ({parts[name]['iou']:.2f}, {' and '.join(map(str, parts[name]['sentences']))} sentences)"
        for name in worst
    ]
    return (
        f"WARNING: units were counted on too few sentences in {len(worst)} of {len(parts)} directions. Masks"
        f" ({select}) of two parts of the validation text overlap less than {LEVEL:g} (IoU):"
        f" {first_of(told)}. Give more validation text, or read their masks with care."
    )
