"""The markers at a sentence's ends."""

from workflow_scripts.translate.markers import marker_symbols, strip_markers


def test_markers_are_stripped_and_unknown_stays():
    markers = marker_symbols(["en", "de"])
    pieces = ["__de__", "▁Ein", "<unk>", "__en__", "</s>", "<s>", "<pad>", "__fr__"]
    assert strip_markers(pieces, markers) == ["▁Ein", "<unk>", "__fr__"]
