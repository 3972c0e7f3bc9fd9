"""Malformed text, subwords, counts, masks and systems, each to the stage that reads it."""

import pickle

import pytest

from tests.malformed import (
    label_cases,
    mask_cases,
    system_cases,
    text_cases,
    topic_cases,
    used_cases,
    varied_cases,
)
from tests.malformed.mtdata_index import index_of_one
from tests.malformed.suite import test_accepted, test_refused, test_the_refused_reach_distinct_checks  # noqa: F401
from tests.malformed.tiny import Trap

CASES = [
    *text_cases.CASES,
    *mask_cases.CASES,
    *system_cases.CASES,
    *used_cases.CASES,
    *varied_cases.CASES,
    *topic_cases.CASES,
    *label_cases.CASES,
]
ACCEPTED = [*text_cases.ACCEPTED, *system_cases.ACCEPTED]


@pytest.fixture(scope="module", autouse=True)
def small_index(tmp_path_factory):
    with index_of_one(tmp_path_factory.mktemp("mtdata")):
        yield


def test_the_trap_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Trap()))
    assert (tmp_path / "ran").exists()
