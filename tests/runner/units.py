"""What is handed to a worker as a whole: tests that share something expensive, or one test.

Those of a file that use a fixture of their module stay together, tests marked `together("name")`
with all of that name. All others are units of their own. ``longest.txt`` has the seconds of the long units.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = Path(__file__).with_name("longest.txt")
#: Units that take fewer seconds need no place.
SHORT = 2.0
#: Scopes of fixtures that are worth sharing and that end with their file.
SHARED_SCOPES = ("class", "module", "package")


def unit_of(item: pytest.Item) -> str:
    """Return the name of the unit that a test belongs to."""
    mark = item.get_closest_marker("together")
    if mark is not None:
        return f"together:{mark.args[0]}"
    fixtures = item._fixtureinfo.name2fixturedefs if hasattr(item, "_fixtureinfo") else {}
    shared = any(definitions[-1].scope in SHARED_SCOPES for definitions in fixtures.values() if definitions)
    return item.nodeid.partition("::")[0] if shared else item.nodeid


def read_seconds() -> dict[str, float]:
    lines = LONGEST.read_text(encoding="utf-8").splitlines() if LONGEST.is_file() else []
    pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return {unit: float(seconds) for seconds, unit in pairs}


def write_seconds(seconds: dict[str, float]) -> None:
    """Keep the seconds of the long units; those of files that did not run now stay as they are."""
    ran = {unit.partition("::")[0] for unit in seconds}
    kept = {unit: value for unit, value in read_seconds().items() if _is_of_another(unit, ran)} | seconds
    order = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = [f"{value:.0f} {unit}" for unit, value in order if value >= SHORT]
    head = LONGEST.read_text(encoding="utf-8").splitlines()[:1] if LONGEST.is_file() else ["# seconds, unit"]
    LONGEST.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def _is_of_another(unit: str, ran: set[str]) -> bool:
    file = unit.partition("::")[0]
    return file not in ran and (ROOT / file).exists()


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests: units of known length first, the longest of them first; all else in its order."""
    seconds = read_seconds()
    order: dict[str, int] = {}
    for item in items:
        order.setdefault(unit_of(item), len(order))
    items.sort(key=lambda item: (-seconds.get(unit_of(item), 0.0), order[unit_of(item)]))
