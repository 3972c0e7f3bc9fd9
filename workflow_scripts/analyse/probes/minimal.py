"""How few units hold a property? Dalvi et al. (2019), algorithm 4: the shortest top of the ranking."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.elastic_net import Probe, accuracy
from workflow_scripts.analyse.probes.kept import retrain
from workflow_scripts.analyse.probes.labelled import Labelled, Split
from workflow_scripts.analyse.probes.ranking import count_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.selectors import least_percent

#: Percent of units that are tried, in this order.
SCHEDULE = (1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0)
#: How far below the accuracy of all units is near enough.
DELTA = 0.005


def minimal_subset(
    data: Labelled,
    split: Split,
    probe: Probe,
    order: NDArray[np.int64],
    delta: float = DELTA,
    schedule: Sequence[float] = SCHEDULE,
) -> dict[str, Any]:
    """Return the first top of the ranking whose new probe is within delta of all units, chosen on dev.

    ``order``: all units, most salient first. ``tried``: {percent, units, dev, test, converged} in order, as
    far as the first that is near enough. ``units`` and ``percent`` are None where none of the schedule is.
    Percentages that are less than one unit are left out. UserError: all of them are.
    """
    oracle = {
        "dev": accuracy(probe.predict(data.X, split.dev), data.y[split.dev]),
        "test": accuracy(probe.predict(data.X, split.test), data.y[split.test]),
    }
    possible = [percent for percent in sorted(schedule) if data.units * percent >= 100]
    if not possible:
        raise UserError(
            f"{max(schedule, default=0):g} % of {data.units} units is less than one;"
            f" take at least {least_percent(data.units)} %"
        )
    facts: dict[str, Any] = {"delta": delta, "oracle": oracle, "percent": None, "units": None, "tried": []}
    for percent in possible:
        count = count_of(percent, data.units)
        small, part = retrain(data, split, order[:count], probe)
        reached = {
            name: accuracy(small.predict(part.X, rows), data.y[rows])
            for name, rows in (("dev", split.dev), ("test", split.test))
        }
        facts["tried"].append({"percent": percent, "units": count, **reached, "converged": small.converged})
        if reached["dev"] >= oracle["dev"] - delta:
            return {**facts, "percent": percent, "units": count, **reached}
    return {**facts, "dev": None, "test": None}
