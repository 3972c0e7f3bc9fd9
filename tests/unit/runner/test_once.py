"""A folder made once for all workers."""

import pytest

from tests.once import once
from tests.unit.runner.test_session import counts, run

SLOW = """
import time
import pytest
from tests.once import once

@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    def make(place):
        time.sleep(1)
        with open("made.txt", "a") as file:
            file.write(f"{place}\\n")
        (place / "half").touch()
    return once(tmp_path_factory, "slow", make)

@pytest.mark.parametrize("i", range(6))
def test_reads(folder, i):
    assert [path.name for path in folder.iterdir()] == ["half"]
    time.sleep(0.3)
"""


def test_workers_share_what_one_of_them_made(tmp_path):
    outcome, _ = run(tmp_path, slow=SLOW)
    assert counts(outcome) == (6, 0, 0)
    assert len((tmp_path / "made.txt").read_text().splitlines()) == 1


def test_what_failed_is_made_again(tmp_path, tmp_path_factory):
    name = tmp_path.name

    def fail(folder):
        (folder / "half").touch()
        raise ValueError

    with pytest.raises(ValueError):
        once(tmp_path_factory, name, fail)
    folder = once(tmp_path_factory, name, lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
    assert once(tmp_path_factory, name, fail) == folder
