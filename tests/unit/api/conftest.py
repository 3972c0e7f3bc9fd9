"""One small results folder for all tests of the public functions, which only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.api.experiment import write_experiment


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "results/demo"
    write_experiment(folder)
    return folder
