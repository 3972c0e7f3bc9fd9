"""What the cases of a file reached: of the file, so that all of them run in one process."""

import pytest


@pytest.fixture(scope="module")
def reached():
    """Case → the checks that it reached."""
    return {}
