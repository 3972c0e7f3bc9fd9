"""The markers at a sentence's ends, and a direction's two languages."""

from __future__ import annotations

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.translate.markers import direction_languages, marker_symbols, strip_markers


def test_direction_is_split_by_the_known_languages() -> None:
    assert direction_languages("de-en", ["en", "de"]) == ("de", "en")
    assert direction_languages("zh-Hant-en", ["en", "zh-Hant"]) == ("zh-Hant", "en")
    with pytest.raises(UserError, match="'de-fr'"):
        direction_languages("de-fr", ["en", "de"])


def test_markers_are_stripped_and_unknown_stays() -> None:
    markers = marker_symbols(["en", "de"])
    pieces = ["__de__", "▁Ein", "<unk>", "__en__", "</s>", "<s>", "<pad>", "__fr__"]
    assert strip_markers(pieces, markers) == ["▁Ein", "<unk>", "__fr__"]
