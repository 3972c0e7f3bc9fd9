"""The cases of a file of tests are its CASES and ACCEPTED; one process runs them all, for `reached`."""

import pytest


def pytest_generate_tests(metafunc):
    for argument, table in (("case", "CASES"), ("accepted", "ACCEPTED")):
        if argument in metafunc.fixturenames:
            cases = getattr(metafunc.module, table)
            metafunc.parametrize(argument, cases, ids=[case.name for case in cases])


@pytest.fixture(scope="module")
def reached():
    """Case → the checks that it reached."""
    return {}
