"""What a run says once of a config that is right: an old name, and what it means.

Input: the config as written. Output: lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_scripts.metric_names import OLD, OLD_NOTE


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return the lines, each with the key it is about."""
    evaluation, report = (config.get(key) or {} for key in ("evaluation", "report"))
    found = []
    if OLD in (evaluation.get("metrics") or []):
        found.append(f"evaluation.metrics: {OLD_NOTE}")
    if report.get("sweep_metric") == OLD:
        found.append(f"report.sweep_metric: {OLD_NOTE}")
    return found[:1]
