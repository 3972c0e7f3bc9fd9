"""The text of trainings of this port: what it refuses."""

from __future__ import annotations

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.training.texts import read_texts


def test_a_direction_that_is_named_twice():
    with pytest.raises(UserError, match="en-de"):
        read_texts(None, "nowhere", "train", ["en-de", "en-fr", "en-de"])
