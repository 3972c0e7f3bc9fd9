"""Means over seeds and pairs, with their spread; what is undefined is left out and counted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.overlaps.comparison import FIGURES
from workflow_scripts.analyse.sampled_masks import mean_of_pairs

#: Fewest draws of which the mean over pairs has an interval.
FEWEST = 3


def summary_of(compared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means of comparisons that are the same but for their seeds or draws.

    Returns:
        ``n`` of comparisons; ``layers``: layer → {figure: spread, ``places``: {above, within, below: how many
        comparisons}, ``largest_p``}; ``structure``: side → layer → {``r``: spread, ``largest_p``,
        ``smallest_possible_p``}. Comparisons of several pairs of seeds share seeds, so their sd is of the
        values, not of a mean.
    """
    layers = {
        layer: {
            **{name: mean_sd(one["layers"][layer][name] for one in compared) for name in FIGURES},
            "places": {
                place: sum(one["layers"][layer]["place"] == place for one in compared)
                for place in ("above", "within", "below")
            },
            "largest_p": max(one["layers"][layer]["p"] for one in compared),
        }
        for layer in compared[0]["layers"]
    }
    return {"n": len(compared), "layers": layers, "structure": _structures(compared)}


def _structures(compared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side, layers in compared[0]["structure"].items():
        for layer in layers:
            several = [one["structure"][side][layer] for one in compared]
            p = [one["p"] for one in several if one["p"] is not None]
            found.setdefault(side, {})[layer] = {
                "r": mean_sd(one["r"] for one in several),
                "largest_p": max(p, default=None),
                "smallest_possible_p": several[0].get("smallest_p"),
            }
    return found


def between_draws(compared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean IoU over all pairs of draws of one set, by layer: ``mean_iou``, and where there are
    three draws its interval of 95 % by the jackknife over draws, ``low`` and ``high``."""
    names = list(dict.fromkeys(name for one in compared for name in (one["one"], one["other"])))
    place = {name: number for number, name in enumerate(names)}
    found: dict[str, Any] = {}
    for layer in compared[0]["layers"]:
        iou = np.ones((len(names), len(names)))
        for one in compared:
            first, second = place[one["one"]], place[one["other"]]
            iou[first, second] = iou[second, first] = one["layers"][layer]["iou"]
        if len(names) < FEWEST:
            found[layer] = {"mean_iou": float(iou[0, 1]), "low": None, "high": None}
            continue
        mean, low, high = mean_of_pairs(iou)
        found[layer] = {"mean_iou": mean, "low": low, "high": high}
    return {"draws": len(names), "layers": found}
