"""Mean, sd and n over splits of what was found on each."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from workflow_scripts.analyse.probes.kept import WAYS


def summary(splits: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean, sd and n over splits of accuracy and majority on test, salient units by label, the minimal
    subset, each percentage, control and selectivity. The sd of one split is undefined (NaN)."""
    first = splits[0]
    told: dict[str, Any] = {
        "accuracy": over([one["accuracy"]["test"] for one in splits]),
        "majority": over([one["majority"]["accuracy"] for one in splits]),
        "salient": {
            label: over([one["salient"][label]["n"] for one in splits]) for label in first["salient"]
        },
        "minimal_units": over([one["minimal"]["units"] for one in splits]),
        "minimal_accuracy": over([one["minimal"].get("test") for one in splits]),
    }
    for place, kept in enumerate(first["kept"]):
        for way in WAYS:
            for which in ("top", "bottom"):
                values = [one["kept"][place][way][which] for one in splits]
                told[f"{way}_{which}_{kept['percent']:g}"] = over(values)
            means = [one["kept"][place][way]["random"]["mean"] for one in splits]
            told[f"{way}_random_{kept['percent']:g}"] = over(means)
    if "control" in first:
        for place, name in enumerate(("all", "selected")):
            chosen = [one["control"]["sets"][place] for one in splits]
            told[f"control_{name}"] = over([one["control"]["mean"] for one in chosen])
            told[f"selectivity_{name}"] = over([one["selectivity"]["mean"] for one in chosen])
        told["control_ceiling"] = over([one["control"]["ceiling"]["mean"] for one in splits])
        told["control_majority"] = over([one["control"]["majority"]["mean"] for one in splits])
    return told


def over(values: Sequence[float | None]) -> dict[str, Any]:
    """Return mean, sd and n of the values that are defined; NaN for the mean of none, the sd of one."""
    there = [float(value) for value in values if value is not None and not math.isnan(value)]
    return {
        "mean": statistics.fmean(there) if there else math.nan,
        "sd": statistics.stdev(there) if len(there) > 1 else math.nan,
        "n": len(there),
    }


def for_json(value: Any) -> Any:
    """The same with None for what is undefined or infinite."""
    if isinstance(value, dict):
        return {key: for_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
