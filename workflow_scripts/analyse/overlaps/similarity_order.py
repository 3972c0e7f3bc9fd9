"""Which of several things are alike: their order by average linkage of 1 - IoU."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def similarity_order(names: Sequence[str], iou: NDArray[np.float64]) -> dict[str, Any]:
    """Return the order in which like things stand together, and how they join.

    ``iou``: [names, names], symmetric. Distances are 1 - IoU itself, not distances between the rows of the
    matrix, which depend on sets that two others have nothing to do with; clusters join by the mean distance
    of their members (Sokal and Michener 1958).

    Returns:
        ``order``: the names; ``joins``: from the most alike on, the two sides and the mean IoU at which
        they join.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(names) < 2:
        return {"order": list(names), "joins": []}
    distances = 1 - (iou + iou.T) / 2
    np.fill_diagonal(distances, 0)
    # A square matrix would be taken for observations.
    joined = linkage(squareform(distances, checks=False), method="average")
    members = [[name] for name in names]
    joins = []
    for one, other, distance, _ in joined.tolist():
        sides = [members[int(one)], members[int(other)]]
        joins.append({"sides": sides, "iou": 1 - distance})
        members.append(sides[0] + sides[1])
    return {"order": [names[leaf] for leaf in leaves_list(joined)], "joins": joins}
