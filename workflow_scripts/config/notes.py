"""Notes on a config that is right: an old name and what it means; a share where a percentage is needed; a
ratio of words of languages without blanks."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow_scripts.common.hub import NOT_CHOSEN
from workflow_scripts.common.metric_names import OLD, OLD_NOTE
from workflow_scripts.common.scripts import script_of

#: The number of a selector of a share of activations.
_MASS = re.compile(r"\s*mass\s*:\s*([^@:\s]*)")
#: Scripts whose words follow each other without blanks (ISO 15924).
_WITHOUT_BLANKS = {"Hani", "Hans", "Hant", "Jpan", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"}


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return the lines, each with the key it is about."""
    evaluation, report = (config.get(key) or {} for key in ("evaluation", "report"))
    found: list[str] = []
    if OLD in (evaluation.get("metrics") or []):
        found.append(f"evaluation.metrics: {OLD_NOTE}")
    if report.get("sweep_metric") == OLD:
        found.append(f"report.sweep_metric: {OLD_NOTE}")
    found = [*found[:1], *_not_chosen(config.get("attach") or {}), *_ratio(config)]
    masks = config.get("masks") or {}
    shares = _shares("masks.k", masks.get("k"))
    for name, one in (masks.get("sets") or {}).items():
        found_in = map(_MASS.match, _texts(one.get("select")))
        shares += _shares(f"masks.sets.{name}.select", [mass[1] for mass in found_in if mass])
    return [*found, *shares]


def _not_chosen(attach: Mapping[str, Any]) -> list[str]:
    if attach.get("revision") != NOT_CHOSEN:
        return []
    return [f"attach.revision: no commit of {attach.get('model')} is chosen yet, and nothing can be fetched"]


def _ratio(config: Mapping[str, Any]) -> list[str]:
    data = config.get("data") or {}
    # The codes of invented languages are those of others.
    invented = (data.get("source") or {}).get("type") == "toy"
    if invented or (data.get("clean") or {}).get("max_ratio") is None:
        return []
    named = [one for one in config.get("languages") or [] if script_of(str(one)) in _WITHOUT_BLANKS]
    if not named:
        return []
    return [
        f"data.clean.max_ratio: words are counted between blanks, and text in {', '.join(named)} has none:"
        " most of its pairs will be left out; give no ratio"
    ]


def _texts(select: object) -> list[str]:
    """Return every selector of a mask set: one, or four in two sections."""
    if isinstance(select, dict):
        return [text for part in select.values() for text in _texts(part)]
    return [select] if isinstance(select, str) else []


def _shares(key: str, thresholds: object) -> list[str]:
    given = thresholds if isinstance(thresholds, list) else [thresholds]
    small = [k for k in given if isinstance(k, int | float | str) and _below_one(k)]
    if not small:
        return []
    percent = f"{Decimal(str(small[0])) * 100:f}".rstrip("0").rstrip(".")
    return [f"{key}: {small[0]} is {small[0]} percent; if a share is meant, write {percent}"]


def _below_one(k: float | str) -> bool:
    try:
        return Decimal(str(k)) < 1
    except InvalidOperation:
        return False
