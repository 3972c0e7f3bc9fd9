"""The text of trainings of this port: what it refuses."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.training.texts import (
    DirectionText,
    Sentences,
    TextBatches,
    read_texts,
)


def text(name: str, *sizes: int) -> DirectionText:
    """A direction whose sources have these sizes, its targets one token each."""
    sides = ([np.arange(size) for size in sizes], [np.arange(1) for _ in sizes])
    return DirectionText(name, *(Sentences.of(side) for side in sides), tagged=False)


def test_a_direction_without_a_sentence_that_fits_is_named():
    drawn = SimpleNamespace(directions=[text("en-de", 3, 9), text("en-fr", 8, 9), text("de-en", 7)])
    TextBatches(drawn, 8, 100, 0, 0).check_each("valid")
    with pytest.raises(UserError, match=r"^valid of en-fr, de-en: no sentence has at most 6 positions"):
        TextBatches(drawn, 6, 100, 0, 0).check_each("valid")


def test_a_direction_that_is_named_twice():
    with pytest.raises(UserError, match="en-de"):
        read_texts(None, "nowhere", "train", ["en-de", "en-fr", "en-de"])
