"""Units that say the same: clusters of correlated units, and what a property loses with one unit of each.

Dalvi et al. (2020): average linkage on 1 − |r|, cut at 0.5.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.design import Design
from workflow_scripts.analyse.probes.draws import check_draws, drawn
from workflow_scripts.analyse.probes.elastic_net import Probe
from workflow_scripts.analyse.probes.kept import retrained_accuracy
from workflow_scripts.analyse.probes.labelled import Labelled, Split
from workflow_scripts.analyse.probes.moments import measure
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.errors import UserError

#: Distance 1 − |r| at which clusters are cut.
CUT = 0.5
#: Distances between so many units are held in memory, 8 bytes each.
MOST_UNITS = 8192


def correlations(data: Labelled, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Pearson's r between units over some rows, [units, units]: 1 on the diagonal.

    A constant unit has 0 with all others. UserError: more units than there is memory for.
    """
    if data.units > MOST_UNITS:
        raise UserError(
            f"{data.name}: clusters of at most {MOST_UNITS} units, not {data.units}; take one layer at a time"
        )
    design = Design(data, rows, measure(data, rows))
    found = np.zeros((data.units, data.units))
    for _, block in design.blocks():
        found += (block.t() @ block).double().numpy()
    found = np.clip(found / len(rows), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def correlated_clusters(r: NDArray[np.float64], cut: float = CUT) -> NDArray[np.int64]:
    """Return the cluster of each unit, numbered in the order of their first units.

    ``r``: [units, units]; NaN counts as 0. Average linkage on 1 − |r|: clusters are joined whose units are on
    average at most ``cut`` apart, by the chain of nearest neighbours (Murtagh, 1983), in n² steps.
    """
    distance = 1 - np.abs(np.nan_to_num(r))
    np.fill_diagonal(distance, np.inf)
    n = len(distance)
    size = np.ones(n)
    alive = np.ones(n, dtype=np.bool_)
    joined: list[tuple[int, int]] = []
    chain: list[int] = []
    while alive.any():
        if not chain:
            chain = [int(alive.argmax())]
        tip = chain[-1]
        near = int(distance[tip].argmin())
        # Of equal neighbours the last one, or the chain would go in a circle.
        if len(chain) > 1 and distance[tip, chain[-2]] <= distance[tip, near]:
            near = chain[-2]
        if distance[tip, near] > cut:
            # Joining others never brings them nearer than they are now: this cluster stays as it is.
            alive[tip] = False
            distance[tip], distance[:, tip] = np.inf, np.inf
            chain.pop()
            continue
        if len(chain) > 1 and near == chain[-2]:
            chain = chain[:-2]
            keep, gone = min(tip, near), max(tip, near)
            joined.append((keep, gone))
            mean = (size[keep] * distance[keep] + size[gone] * distance[gone]) / (size[keep] + size[gone])
            size[keep] += size[gone]
            alive[gone] = False
            distance[gone], distance[:, gone] = np.inf, np.inf
            mean[~alive] = np.inf
            mean[keep] = np.inf
            distance[keep], distance[:, keep] = mean, mean
        else:
            chain.append(near)
    cluster = np.arange(n)
    for keep, gone in joined:
        cluster[cluster == gone] = keep
    _, first, number = np.unique(cluster, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable")[number].astype(np.int64)


def without_redundancy(
    data: Labelled,
    split: Split,
    probe: Probe,
    clusters: NDArray[np.int64],
    draws: int = FEWEST_DRAWS,
    seed: int = 1,
) -> dict[str, Any]:
    """Return accuracy on test with one random unit of each cluster, and with as many units of any cluster.

    New probes with the penalties of ``probe``. ``one_each`` and ``random``: draws, at least five, as of
    ``kept_and_retrained``. UserError: fewer draws.
    """
    check_draws(draws, "random draws")
    generator = np.random.Generator(np.random.PCG64(seed))
    sizes = np.bincount(clusters)
    found: dict[str, list[float]] = {"one_each": [], "random": []}
    stuck = 0
    for _ in range(draws):
        order = generator.permutation(data.units)
        _, first = np.unique(clusters[order], return_index=True)
        for name, units in (
            ("one_each", order[first]),
            ("random", generator.permutation(order)[: len(sizes)]),
        ):
            reached, converged = retrained_accuracy(data, split, split.test, units, probe)
            found[name].append(reached)
            stuck += not converged
    return {
        "units": data.units,
        "clusters": len(sizes),
        "alone": int((sizes == 1).sum()),
        "largest": int(sizes.max()),
        "unconverged": stuck,
        **{name: drawn(values) for name, values in found.items()},
    }
