"""One SLURM controller and one experiment for all tests of this folder; where there can be none they say why.

They skip, but in continuous integration (CI=true) they fail: nobody would notice.
"""

import os
from typing import NoReturn

import pytest

from tests.slurm import controller as slurm
from tests.slurm.programs import end_all
from tests.slurm.runs import Runs
from tests.slurm.site import slurm_jobs

#: Fixtures that are runs, in the order in which they end.
RUNS = ("finished", "alone_finished", "two_tasks", "alone_two_tasks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that look at a run behind those that need none: these run meanwhile."""
    items.sort(key=lambda item: max((1 + RUNS.index(n) for n in _fixtures(item) if n in RUNS), default=0))


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def without(reason: str) -> NoReturn:
    """Skip the test, or fail in continuous integration."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"no SLURM, and CI is set: {reason}", pytrace=False)
    pytest.skip(f"no SLURM: {reason}")


@pytest.fixture(scope="session")
def controller(tmp_path_factory):
    if reason := slurm.install():
        without(reason)
    running = slurm.Controller(tmp_path_factory.mktemp("controller"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def runs(controller, request, tmp_path_factory):
    """The runs that the collected tests look at, all begun."""
    wanted = {name for item in request.session.items for name in _fixtures(item)}
    begun = Runs(tmp_path_factory.mktemp("runs"), wanted)
    yield begun
    end_all()
    begun.close()


@pytest.fixture(autouse=True)
def others_go_on(request):
    """With the first test that needs the controller the runs begin."""
    if "controller" in request.fixturenames:
        request.getfixturevalue("runs")


@pytest.fixture(scope="session")
def finished(runs):
    return runs.result("finished")


@pytest.fixture(scope="session")
def alone_finished(runs):
    return runs.result("alone_finished")


@pytest.fixture(scope="session")
def two_tasks(runs):
    """A training of two tasks whose workflow was killed and whose node failed."""
    return runs.result("two_tasks")


@pytest.fixture(scope="session")
def alone_two_tasks(runs):
    return runs.result("alone_two_tasks")


@pytest.fixture
def new_jobs(runs):
    """What jobs were submitted since the test began, but for those of `runs`."""
    before = {job.number for job in slurm_jobs()}
    return lambda: [j for j in slurm_jobs() if j.number not in before and j.run not in runs.jobs_are_named()]
