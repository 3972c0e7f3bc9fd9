"""Notes on a config that is right: an old name and what it means; a share where a percentage is needed."""

from collections.abc import Mapping
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
    return [*found[:1], *_shares((config.get("masks") or {}).get("k"))]


def _shares(thresholds: object) -> list[str]:
    given = thresholds if isinstance(thresholds, list) else [thresholds]
    small = [k for k in given if isinstance(k, int | float | str) and _below_one(k)]
    if not small:
        return []
    percent = f"{Decimal(str(small[0])) * 100:f}".rstrip("0").rstrip(".")
    return [f"masks.k: {small[0]} is {small[0]} percent; if a share is meant, write {percent}"]


def _below_one(k: float | str) -> bool:
    try:
        return Decimal(str(k)) < 1
    except InvalidOperation:
        return False
