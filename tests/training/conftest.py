"""What the tests of training share: a tiny corpus, and one training of it that nothing disturbed."""

import shutil

import pytest

from tests.training.several import train
from tests.training.toy_world import HALVES, baseline_arguments, write_world


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def undisturbed(world, tmp_path_factory):
    """`folder` and `out` of the 20 updates of SETTINGS. For reading: every test has the same."""
    from workflow_scripts.train.train_baseline import main

    root = tmp_path_factory.mktemp("undisturbed")
    main(baseline_arguments(world, root / "folder", root / "out"))
    return root


@pytest.fixture(scope="session")
def straight(undisturbed):
    return undisturbed / "out"


@pytest.fixture(scope="session")
def in_two_processes(world, tmp_path_factory):
    """`folder` and `out` of a training in two processes that nothing disturbed, and how they ended."""
    root = tmp_path_factory.mktemp("two")
    command = baseline_arguments(world, root / "folder", root / "out", **HALVES)
    return root, train("workflow_scripts.train.train_baseline", [command] * 2, root / "program")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "folder"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def arguments(world, folder, out):
    return baseline_arguments(world, folder, out)


@pytest.fixture
def finished(undisturbed, tmp_path):
    """Lays down a copy of it as the test's own `folder` and `out`, in place of training the same."""

    def lay_down() -> None:
        for name in ("folder", "out"):
            shutil.copytree(undisturbed / name, tmp_path / name)

    return lay_down
