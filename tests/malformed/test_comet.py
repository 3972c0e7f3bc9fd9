"""Malformed models and texts, each to the stage that reads it."""

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
# No model lies in the hub's cache; read once, when the library is imported.
os.environ["HF_HOME"] = "/nowhere"

from tests.malformed.comet_cases import ACCEPTED, CASES  # noqa: F401
from tests.malformed.suite import test_accepted, test_refused, test_the_refused_reach_distinct_checks  # noqa: F401


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Hashes and scores are kept elsewhere than among the files that must stay as they are."""
    monkeypatch.setenv("NEURONSPEC_CACHE", str(tmp_path_factory.mktemp("cache")))
