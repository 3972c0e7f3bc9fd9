import pytest


@pytest.fixture(scope="session")
def controller():
    yield None
