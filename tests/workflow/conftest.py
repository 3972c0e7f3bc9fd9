"""One finished experiment for the tests that change nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.finished_experiment import finish, lay_down_text


@pytest.fixture(scope="session")
def finished_experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished_experiment")
    lay_down_text(folder)
    return finish(folder)
