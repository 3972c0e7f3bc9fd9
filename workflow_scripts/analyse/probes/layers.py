"""Where in the model a property is: a probe of each layer alone, and the layers of the salient units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.controls import control_labels, majority
from workflow_scripts.analyse.probes.elastic_net import Trainer, accuracy, require_converged
from workflow_scripts.analyse.probes.labelled import Labelled, Split, split
from workflow_scripts.analyse.probes.ranking import salient_units
from workflow_scripts.analyse.probes.spread import spread
from workflow_scripts.units.space import UnitSpace

#: Facts of one layer.
LayerFacts = dict[str, Any]


@dataclass(frozen=True)
class Penalties:
    """Those of the probe of all layers, of one split."""

    seed: int
    l1: float
    l2: float


def layer_probes(
    data: Labelled,
    space: UnitSpace,
    penalties: Sequence[Penalties],
    shares: tuple[float, float, float],
    controls: int,
    kind: str,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, LayerFacts]:
    """Return what a probe of each layer alone reaches on test: group → facts.

    ``accuracy`` over the splits, ``majority`` beside it; of the first split ``control`` over so many control
    tasks, and ``selectivity``, accuracy minus control. Each probe has the penalties of its split. UserError:
    a probe did not converge.
    """
    assert isinstance(data.X, np.ndarray)
    found = {}
    for key, span in space.slices().items():
        part = replace(data, X=data.X[:, span])
        reached, majorities = [], []
        for one in penalties:
            parts = split(part, one.seed, shares)
            reached.append(_accuracy(part, parts, one))
            majorities.append(majority(part.y, parts)["accuracy"])
        first = split(part, penalties[0].seed, shares)
        control = [_control(part, first, penalties[0], kind, number) for number in range(1, controls + 1)]
        found[key] = {
            "units": span.stop - span.start,
            "accuracy": spread(reached),
            "majority": spread(majorities),
            "control": spread(control),
            "selectivity": spread([reached[0] - value for value in control]),
        }
        say(f"{key}: accuracy {np.mean(reached):.3f}, majority {np.mean(majorities):.3f}")
    return found


def _accuracy(data: Labelled, parts: Split, penalties: Penalties) -> float:
    probe = Trainer(data, parts.train).fit(penalties.l1, penalties.l2)
    require_converged(probe, data.name)
    return accuracy(probe.predict(data.X, parts.test), data.y[parts.test])


def _control(data: Labelled, parts: Split, penalties: Penalties, kind: str, number: int) -> float:
    y = control_labels(data.words, data.y, len(data.labels), number, kind)
    if len(np.unique(y[parts.train])) < 2:
        return np.nan
    return _accuracy(replace(data, y=y, name=f"{data.name}, control task {number}"), parts, penalties)


def salient_layers(
    weights: NDArray[np.float64], labels: Sequence[str], space: UnitSpace, percent: float
) -> dict[str, Any]:
    """Return how many units are salient, of each label and of any, and in which layers.

    ``weights``: [splits, labels, units]; a label's salient units are the fewest of largest |weight| that hold
    ``percent`` of its sum. ``count``: over the splits. ``share``: of the salient units of any label the share
    in each group, over the splits; ``expected``: what a draw from all units would give. ``centre``: the mean
    layer of these units, ``expected_centre`` that of all. A label without weights has no salient unit.
    """
    layers = np.concatenate([np.full(group.size, group.layer) for group in space.groups])
    counts: dict[str, list[int]] = {label: [] for label in labels}
    unions, centres = [], []
    shares: dict[str, list[float]] = {key: [] for key in space.keys}
    for of_split in weights:
        salient = salient_units(of_split, percent)
        for label, units in zip(labels, salient, strict=True):
            counts[label].append(len(units))
        union = np.unique(np.concatenate(salient))
        unions.append(len(union))
        centres.append(float(layers[union].mean()) if len(union) else np.nan)
        for key, span in space.slices().items():
            inside = int(((union >= span.start) & (union < span.stop)).sum())
            shares[key].append(inside / len(union) if len(union) else np.nan)
    return {
        "percent": percent,
        "labels": {label: spread(found) for label, found in counts.items()},
        "any": spread(unions),
        "share": {key: spread(found) for key, found in shares.items()},
        "expected": {group.key: group.size / space.size for group in space.groups},
        "centre": spread(centres),
        "expected_centre": float(layers.mean()),
    }
