"""What all tests share: the folder of shared material, and one thread so that results repeat."""

import os

import pytest

# Set before any test module imports torch or numpy, which read it once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.shared_material import need


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the shared material that a test is marked to need, before its fixtures are made."""
    for mark in item.iter_markers("shared"):
        need(mark.args)


@pytest.fixture(scope="session")
def shared():
    """The folder of shared material; without it the test is skipped, or fails in CI."""
    return need()
