"""What the tests of training share: a tiny corpus, binarised, for each file of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.toy_world import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))
