"""Tiny models, made once; nothing may ask the hub."""

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"

from tests.unit.comet.tiny_comet import make_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A model that reads source, hypothesis and reference."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def reference_free(tmp_path_factory):
    """A model that reads source and hypothesis, of the first form."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny-qe", "referenceless_regression_metric")


@pytest.fixture(scope="session")
def kiwi(tmp_path_factory):
    """A model of CometKiwi's form: hypothesis and source in one sequence."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny-kiwi", "unified_metric")


@pytest.fixture(scope="session")
def unite(tmp_path_factory):
    """A model of UniTE's form: hypothesis with source, with reference, and with both."""
    place = tmp_path_factory.mktemp("models") / "tiny-unite"
    return make_model(place, "unified_metric", segments=("mt", "src", "ref"))
