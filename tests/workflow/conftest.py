"""One finished experiment for the tests that change nothing in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.once import once
from tests.workflow.finished_experiment import finish, lay_down_text


@pytest.fixture(scope="session")
def finished_experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        lay_down_text(folder)
        finish(folder)

    return once(tmp_path_factory, "finished_experiment", make)


@pytest.fixture(scope="session")
def elsewhere(finished_experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its copy in another folder, where nothing is changed either. Times stay."""

    def make(folder: Path) -> None:
        shutil.copytree(finished_experiment, folder, dirs_exist_ok=True)

    return once(tmp_path_factory, "elsewhere", make)
