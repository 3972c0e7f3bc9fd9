"""Malformed text, subwords, counts, masks and systems, each to the stage that reads it."""

import pickle

import pytest

from tests.malformed import mask_cases, system_cases, text_cases
from tests.malformed.case import assert_share, refused, start
from tests.malformed.mtdata_index import index_of_one
from tests.malformed.tiny import Trap

CASES = [*text_cases.CASES, *mask_cases.CASES, *system_cases.CASES]
ACCEPTED = [*text_cases.ACCEPTED, *system_cases.ACCEPTED]


@pytest.fixture(scope="module", autouse=True)
def small_index(tmp_path_factory):
    with index_of_one(tmp_path_factory.mktemp("mtdata")):
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, reached, tmp_path, monkeypatch, capsys):
    reached[case.name] = refused(case, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case, tmp_path, monkeypatch):
    start(case, tmp_path, monkeypatch)(None)
    case.check(tmp_path)


def test_the_trap_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Trap()))
    assert (tmp_path / "ran").exists()


def test_checks(reached):
    assert_share("text", CASES, reached)
