"""Notes on a config that is right: an old name and what it means; a share where a percentage is needed."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow_scripts.common.metric_names import OLD, OLD_NOTE


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return the lines, each with the key it is about."""
    evaluation, report = (config.get(key) or {} for key in ("evaluation", "report"))
    found = []
    if OLD in (evaluation.get("metrics") or []):
        found.append(f"evaluation.metrics: {OLD_NOTE}")
    if report.get("sweep_metric") == OLD:
        found.append(f"report.sweep_metric: {OLD_NOTE}")
    masks = config.get("masks") or {}
    thresholds = masks.get("k")
    given = thresholds if isinstance(thresholds, list) else [thresholds]
    sums = [
        f"masks.sets.{name}.select: {said}"
        for name, one in (masks.get("sets") or {}).items()
        for said in _shares(re.findall(r"mass:([\d.]+)", str(one.get("select"))), "mass:")
    ]
    return [*found[:1], *(f"masks.k: {said}" for said in _shares(given)), *sums]


def _shares(given: Sequence[object], before: str = "") -> list[str]:
    small = [k for k in given if isinstance(k, int | float | str) and _below_one(k)]
    if not small:
        return []
    percent = f"{Decimal(str(small[0])) * 100:f}".rstrip("0").rstrip(".")
    return [f"{before}{small[0]} is {small[0]} percent; if a share is meant, write {before}{percent}"]


def _below_one(k: float | str) -> bool:
    try:
        return Decimal(str(k)) < 1
    except InvalidOperation:
        return False
