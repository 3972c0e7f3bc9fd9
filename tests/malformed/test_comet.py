"""Malformed models and texts, each to the stage that reads it."""

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HOME"] = (
    "/nowhere"  # no model lies in the hub's cache; read once, when the library is imported
)

from tests.malformed.case import assert_share, refused, start
from tests.malformed.comet_cases import ACCEPTED, CASES


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Hashes and scores are kept elsewhere than among the files that must stay as they are."""
    monkeypatch.setenv("NEURONSPEC_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, reached, tmp_path, monkeypatch, capsys):
    reached[case.name] = refused(case, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case, tmp_path, monkeypatch):
    start(case, tmp_path, monkeypatch)(None)
    case.check(tmp_path)


def test_checks(reached):
    assert_share("comet", CASES, reached)
