"""Fixtures of analyses."""

import pytest


@pytest.fixture
def data_bin(tmp_path):
    """The text of the small model, where torch is."""
    from tests.unit.analyse.small_model import write_data_bin

    return write_data_bin(tmp_path / "bin")
