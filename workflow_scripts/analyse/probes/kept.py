"""What do the top, bottom and random units of a ranking hold? Kept alone, taken out, and trained anew."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.draws import check_draws, drawn
from workflow_scripts.analyse.probes.elastic_net import Probe, Trainer, accuracy
from workflow_scripts.analyse.probes.labelled import Labelled, Split
from workflow_scripts.analyse.probes.ranking import count_of
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS

#: ``kept``: all others are zero. ``zeroed``: these are zero. Both in the probe that is there.
#: ``retrained``: a new probe of these units alone.
WAYS = ("kept", "zeroed", "retrained")
PERCENTS = (10.0, 15.0, 20.0)
Units = NDArray[np.int64]


def retrain(data: Labelled, split: Split, units: Units, like: Probe) -> tuple[Probe, Labelled]:
    """Return a probe of some units alone, with the penalties and tolerance of another, and their data."""
    part = data.with_units(units)
    return Trainer(part, split.train, like.tolerance).fit(like.l1, like.l2), part


def retrained_accuracy(
    data: Labelled, split: Split, rows: NDArray[np.int64], units: Units, like: Probe
) -> tuple[float, bool]:
    """Return the accuracy, on some rows, of a probe of some units alone, and whether it converged."""
    probe, part = retrain(data, split, units, like)
    return accuracy(probe.predict(part.X, rows), data.y[rows]), probe.converged


def kept_and_retrained(
    data: Labelled,
    split: Split,
    probe: Probe,
    order: Units,
    percents: Sequence[float] = PERCENTS,
    draws: int = FEWEST_DRAWS,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Return accuracy on test for each percentage, for each of ``WAYS``: of top, bottom and random units.

    ``order``: all units, most salient first. Random units of the same number are drawn without replacement
    from all units, at least five times: ``mean``, ``sd``, ``low``, ``high`` (95 % of further draws) and
    ``values``. ``unconverged``: how many of the new probes did not converge. UserError: fewer draws, a
    percentage that is less than one unit.
    """
    check_draws(draws, "random draws")
    rows, gold = split.test, data.y[split.test]
    everything = np.arange(data.units)
    stuck = 0

    def again(units: Units) -> float:
        nonlocal stuck
        found, converged = retrained_accuracy(data, split, rows, units, probe)
        stuck += not converged
        return found

    ways: dict[str, Callable[[Units], float]] = {
        "kept": lambda units: accuracy(probe.predict(data.X, rows, units), gold),
        "zeroed": lambda units: accuracy(probe.predict(data.X, rows, np.setdiff1d(everything, units)), gold),
        "retrained": again,
    }
    facts = []
    for percent in percents:
        count = count_of(percent, data.units)
        generator = np.random.Generator(np.random.PCG64(seed))
        random = [generator.permutation(data.units)[:count] for _ in range(draws)]
        stuck = 0
        found: dict[str, Any] = {"percent": percent, "units": count}
        for way, measure in ways.items():
            found[way] = {
                "top": measure(order[:count]),
                "bottom": measure(order[-count:]),
                "random": drawn([measure(units) for units in random]),
            }
        facts.append({**found, "unconverged": stuck})
    return facts
