"""One SLURM controller for all tests of this folder; where none can be started they say why and skip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slurm import controller as slurm


@pytest.fixture(scope="session")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Controller]:
    slurm.install()
    if reason := slurm.missing():
        pytest.skip(f"no SLURM: {reason}")
    running = slurm.Controller(tmp_path_factory.mktemp("controller"))
    running.start()
    yield running
    running.stop()
