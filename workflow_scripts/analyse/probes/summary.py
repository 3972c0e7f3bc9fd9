"""Mean, sd and n over splits of what was found on each."""

import math
from collections.abc import Sequence
from typing import Any

from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.probes.kept import WAYS


def summary(splits: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean, sd and n over splits of accuracy and majority on test, salient units by label, the minimal
    subset, each percentage, control, selectivity and redundancy. The sd of one split is undefined (None)."""
    first = splits[0]
    told: dict[str, Any] = {
        "accuracy": mean_sd([one["accuracy"]["test"] for one in splits]),
        "majority": mean_sd([one["majority"]["accuracy"] for one in splits]),
        "salient": {
            label: mean_sd([one["salient"][label]["n"] for one in splits]) for label in first["salient"]
        },
        "minimal_units": mean_sd([one["minimal"]["units"] for one in splits]),
        "minimal_accuracy": mean_sd([one["minimal"].get("test") for one in splits]),
    }
    for place, kept in enumerate(first["kept"]):
        for way in WAYS:
            for which in ("top", "bottom"):
                values = [one["kept"][place][way][which] for one in splits]
                told[f"{way}_{which}_{kept['percent']:g}"] = mean_sd(values)
            means = [one["kept"][place][way]["random"]["mean"] for one in splits]
            told[f"{way}_random_{kept['percent']:g}"] = mean_sd(means)
    if "control" in first:
        for place, name in enumerate(("all", "selected")):
            chosen = [one["control"]["sets"][place] for one in splits]
            told[f"control_{name}"] = mean_sd([one["control"]["mean"] for one in chosen])
            told[f"selectivity_{name}"] = mean_sd([one["selectivity"]["mean"] for one in chosen])
        told["control_ceiling"] = mean_sd([one["control"]["ceiling"]["mean"] for one in splits])
        told["control_majority"] = mean_sd([one["control"]["majority"]["mean"] for one in splits])
    if "redundancy" in first:
        found = [one["redundancy"] for one in splits]
        told["clusters"] = mean_sd([one["clusters"] for one in found])
        for name in ("one_each", "random"):
            told[f"clusters_{name}"] = mean_sd([one[name]["mean"] for one in found])
    return told


def for_json(value: Any) -> Any:
    """The same with None for what is undefined or infinite."""
    if isinstance(value, dict):
        return {key: for_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
