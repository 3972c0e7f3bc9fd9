"""Which penalties? The grid search of Dalvi et al. (2019, algorithm 2), on dev."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflow_scripts.analyse.probes.elastic_net import Probe, Trainer, accuracy
from workflow_scripts.analyse.probes.labelled import Split
from workflow_scripts.analyse.probes.ranking import Ranking, count_of, rank
from workflow_scripts.common.errors import UserError

#: Penalties that are tried, l1 and l2 alike.
GRID = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
#: Percent of units of which the search takes the top and the bottom.
SEARCHED_PERCENT = 20.0
#: Weights of what the top says beyond the bottom, and of what the penalties cost.
ALPHA = BETA = 0.5


@dataclass(frozen=True)
class Search:
    """The probe of the chosen penalties, its ranking, and a row for each pair that was tried."""

    probe: Probe
    ranking: Ranking
    rows: tuple[dict[str, Any], ...]


def searched_units(percent: float, units: int) -> int:
    """Return how many units a percentage is, of few units one: nobody asked for this percentage."""
    return count_of(percent, units) if units * percent >= 100 else 1


def grid_search(
    trainer: Trainer,
    split: Split,
    l1s: Sequence[float] = GRID,
    l2s: Sequence[float] = GRID,
    percent: float = SEARCHED_PERCENT,
    alpha: float = ALPHA,
    beta: float = BETA,
    require_convergence: bool = True,
) -> Search:
    """Return the probe of the pair of highest S = α (A_t − A_b) − β (A_z − A_l), all accuracies on dev.

    A_t, A_b: with the top or bottom ``percent`` of units alone, the others zero; A_l: with all units; A_z: of
    the probe without penalties. A_z is the same for every pair, so it is not trained where it would be slow:
    where the z-scores do not fit in memory; S is then undefined, and the order of pairs the same. Of equal
    S the larger penalties. A pair whose probe does not converge is chosen only if this is not required.

    Each l2 begins at the largest l1, and each next probe where the last one ended. UserError: no penalties,
    no probe converges.
    """
    if not l1s or not l2s:
        raise UserError(f"{trainer.data.name}: no penalties to try; name at least one l1 and one l2")
    data, dev = trainer.data, split.dev
    gold = data.y[dev]
    count = searched_units(percent, data.units)
    no_penalty = math.nan
    if len(l1s) * len(l2s) > 1 and trainer.holds_all:
        no_penalty = accuracy(trainer.fit(0, 0).predict(data.X, dev), gold)
    best: tuple[float, Probe, Ranking] | None = None
    rows = []
    for l2 in sorted(set(l2s), reverse=True):
        probe = None
        for l1 in sorted(set(l1s), reverse=True):
            probe = trainer.fit(l1, l2, start=probe)
            ranking = rank(probe.weights, probe.pull)
            top = accuracy(probe.predict(data.X, dev, ranking.order[:count]), gold)
            bottom = accuracy(probe.predict(data.X, dev, ranking.order[-count:]), gold)
            whole = accuracy(probe.predict(data.X, dev), gold)
            value = alpha * (top - bottom) + beta * whole
            rows.append(
                {**probe.facts(), "top": top, "bottom": bottom, "all": whole, "s": value - beta * no_penalty}
            )
            if (probe.converged or not require_convergence) and (best is None or value > best[0]):
                best = value, probe, ranking
    if best is None:
        raise UserError(
            f"{data.name}: no probe of {len(rows)} pairs of penalties converged; the nearest is"
            f" {min(row['gap'] for row in rows):.1e} from its optimum: allow more passes or larger penalties"
        )
    return Search(best[1], best[2], tuple(rows))
