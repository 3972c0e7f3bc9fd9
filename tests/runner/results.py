"""What the tests gave, read from the lines that a session writes as its tests end."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Results:
    """Counts of one session, whole after every line: what has passed stays passed if the session dies."""

    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    units: dict[str, float] = field(default_factory=dict)
    collected: int = 0

    def add(self, line: str) -> str | None:
        """Take one line; return what is to be said about it now: a failure, with its text."""
        report = json.loads(line)
        if "collected" in report:
            self.collected = report["collected"]
            return None
        test, outcome = report["test"], report["outcome"]
        seconds = report.get("seconds", 0.0)
        self.seconds[test] = self.seconds.get(test, 0.0) + seconds
        self.cpu[test] = self.cpu.get(test, 0.0) + report.get("cpu", 0.0)
        unit = report.get("unit", test)
        self.units[unit] = self.units.get(unit, 0.0) + seconds
        if outcome == "failed":
            return self.fail(test, report["text"], report["when"])
        if outcome == "skipped" and self.outcomes.get(test) != "failed":
            self.outcomes[test] = "skipped"
            self.reasons[test] = report["text"]
        elif report["when"] == "call":
            self.outcomes.setdefault(test, "passed")
        return None

    def fail(self, test: str, text: str, when: str = "call") -> str:
        """Count a test as failed, whatever it was; return what is to be said."""
        self.outcomes[test] = "failed"
        phase = "" if when in ("call", "???") else f" ({when})"
        return f"FAILED {test}{phase}\n{text.rstrip()}\n"

    def count(self, outcome: str) -> int:
        return sum(found == outcome for found in self.outcomes.values())

    def longest(self, number: int) -> list[str]:
        most = sorted(self.seconds, key=lambda test: -max(self.cpu[test], self.seconds[test]))[:number]
        return [f"  {self.seconds[test]:6.1f} s {self.cpu[test]:6.1f} CPU s  {test}" for test in most]


class Reader:
    """The lines that were added to a file since the last look; half a line waits for its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def lines(self) -> list[str]:
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._position += len(whole)
        return whole.decode(errors="replace").splitlines()
