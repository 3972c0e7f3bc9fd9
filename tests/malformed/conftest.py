"""What the cases of a file reached: of the file, so that all of them run in one process."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def reached() -> dict[str, set[str]]:
    """Case → the checks that it reached."""
    return {}
