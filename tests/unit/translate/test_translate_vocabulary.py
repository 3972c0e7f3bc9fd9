"""Model order of the symbols, and the markers at a sentence's ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.translate.vocabulary import (
    direction_languages,
    marker_symbols,
    read_vocabulary,
    strip_markers,
)


def test_specials_then_dictionary_then_languages(tmp_path: Path) -> None:
    path = tmp_path / "dict.txt"
    # A piece may be a line separator of another kind: only the line feed ends a line.
    path.write_bytes("▁a 100\n\u2028 7\nb 1\n".encode())
    assert read_vocabulary(path, ["en", "de"]) == [
        *("<s>", "<pad>", "</s>", "<unk>"),
        *("▁a", "\u2028", "b"),
        *("__en__", "__de__"),
    ]


def test_a_malformed_or_repeated_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dict.txt"
    path.write_text("▁a 100\nb\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2"):
        read_vocabulary(path, ["en"])
    path.write_text("▁a 100\n<unk> 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="'<unk>' occurs more than once"):
        read_vocabulary(path, ["en"])


def test_direction_is_split_by_the_known_languages() -> None:
    assert direction_languages("de-en", ["en", "de"]) == ("de", "en")
    assert direction_languages("zh-Hant-en", ["en", "zh-Hant"]) == ("zh-Hant", "en")
    with pytest.raises(UserError, match="'de-fr'"):
        direction_languages("de-fr", ["en", "de"])


def test_markers_are_stripped_and_unknown_stays() -> None:
    markers = marker_symbols(["en", "de"])
    pieces = ["__de__", "▁Ein", "<unk>", "__en__", "</s>", "<s>", "<pad>", "__fr__"]
    assert strip_markers(pieces, markers) == ["▁Ein", "<unk>", "__fr__"]
