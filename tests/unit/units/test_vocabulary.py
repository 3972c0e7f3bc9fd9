"""Ids of subwords and language tokens."""

from __future__ import annotations

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.units.vocabulary import BOS, EOS, PAD, UNKNOWN, Vocabulary


def test_order_of_ids(tmp_path):
    (tmp_path / "dict.txt").write_text("\u2581the 100\na 7\n\u2028 1\n", encoding="utf-8")
    vocabulary = Vocabulary.read(tmp_path / "dict.txt", ["en", "de"])
    assert vocabulary.symbols == [
        "<s>", "<pad>", "</s>", "<unk>", "\u2581the", "a", "\u2028", "__en__", "__de__",
    ]  # fmt: skip
    assert (BOS, PAD, EOS, UNKNOWN) == (0, 1, 2, 3)
    assert vocabulary.subwords == ["\u2581the", "a", "\u2028"]
    assert len(vocabulary) == 9
    assert [vocabulary.id_of(s) for s in ("<pad>", "a", "__en__", "nowhere")] == [1, 5, 7, 3]
    assert vocabulary.encode(["a", "nowhere", "\u2581the"]) == [5, 3, 4]
    assert vocabulary.language_id("de") == 8


def test_an_unknown_language():
    with pytest.raises(UserError, match=r"'enn' is not one of en, de \(did you mean 'en'"):
        Vocabulary(["a"], ["en", "de"]).language_id("enn")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1\nb\n", "line 2: expected 'symbol count', found 'b'"),
        ("a 1\nb x\n", "line 2"),
        ("a 1\nb 1\na 2\n", r"dict\.txt: 'a' occurs more than once"),
        ("a 1\n<unk> 2\n", "'<unk>' occurs more than once"),
        ("a 1\n__en__ 2\n", "'__en__' occurs more than once"),
    ],
)
def test_malformed_dictionaries(tmp_path, text, message):
    (tmp_path / "dict.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        Vocabulary.read(tmp_path / "dict.txt", ["en"])
