"""One undisturbed run of the tiny experiment for the tests of all files."""

import pytest

from tests.once import once
from tests.system.tiny_run import run_undisturbed


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The folder that it ran in. Nothing may be changed there: later runs are made in a copy."""
    return once(tmp_path_factory, "tiny_run", run_undisturbed)
