"""How the tests are handed out: unit by unit, in the order collected, each to the worker that is free."""

import json
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class UnitScheduling(LoadScopeScheduling):
    """The units of `tests.runner.units`; what is left of the unit a worker died in goes to another."""

    def __init__(self, config: pytest.Config, log: Any, units: Path) -> None:
        super().__init__(config, log)
        self._path = units
        self._units: dict[str, str] = {}

    def schedule(self) -> None:
        if not self._units:
            self._units = json.loads(self._path.read_text(encoding="utf-8"))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        nodeid = self.registered_collections[node][item_index]
        unit = self.assigned_work[node][self._units[nodeid]]
        unit[nodeid] = True
        if all(unit.values()):
            del self.assigned_work[node][self._units[nodeid]]
        self._reschedule(node)

    def _reschedule(self, node: Any) -> None:
        if node.shutting_down:
            return
        # A worker begins a test when it knows the one after it, or that none comes.
        while self.workqueue and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()

    def remove_node(self, node: Any) -> str | None:
        """Take a worker out; return the test it died of, and give what it had left to the others."""
        left = {name: unit for name, unit in self.assigned_work.pop(node).items() if not all(unit.values())}
        if not left:
            return None
        name, unit = next(iter(left.items()))
        died_of = next(test for test, done in unit.items() if not done)
        unit[died_of] = True
        if all(unit.values()):
            del left[name]
        for name, unit in reversed(left.items()):
            self.workqueue[name] = unit
            self.workqueue.move_to_end(name, last=False)
        for other in self.nodes:
            self._reschedule(other)
        return died_of
