"""One finished experiment for the tests of all files, which change nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.workflow.finished_experiment import finish, lay_down_text


@pytest.fixture(scope="session")
def finished_experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        lay_down_text(folder)
        finish(folder)

    return made_once(tmp_path_factory, "finished_experiment", make)
