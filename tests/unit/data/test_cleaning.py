"""Cleaning of training pairs: every pair that goes, and why, worked out by hand."""

import json

import numpy as np
import pytest

from workflow_scripts.data import prepare_text
from workflow_scripts.data.cleaning import Limits, PairFilter, SeenHashes, pair_hashes, word_counts
from workflow_scripts.data.prepare_text import main, prepare_pair

PAIRS = [
    ("eins zwei", "one two"),
    ("eins zwei drei vier", "one"),  # four words for one
    ("eins zwei", "one two"),  # again
    ("eins zwei", "one too"),  # only one side again
    ("one two", "eins zwei"),  # the sides changed over
    ("a b c d e f", "a b c d e f"),  # six words
    ("eins  zwei drei", "one"),  # three words for one: allowed; two blanks are one
    ("eins zwei drei vier", "one"),
    ("one two", "eins zwei"),  # again
]


def kept_of(limits, block=3):
    pair_filter, kept = PairFilter(limits), []
    for start in range(0, len(PAIRS), block):
        texts = list(zip(*PAIRS[start : start + block], strict=True))
        places = pair_filter.kept(texts, [word_counts(side) for side in texts])
        kept += [start + place for place in places]
    return kept, pair_filter.dropped


@pytest.mark.parametrize(
    ("limits", "kept", "dropped"),
    [
        (Limits(), [0, 1, 2, 3, 4, 5, 6, 7, 8], {}),
        (Limits(max_words=5), [0, 1, 2, 3, 4, 6, 7, 8], {"too_long": 1}),
        (Limits(max_ratio=3.0), [0, 2, 3, 4, 5, 6, 8], {"ratio": 2}),
        (Limits(max_ratio=2.9), [0, 2, 3, 4, 5, 8], {"ratio": 3}),
        (Limits(dedup=True), [0, 1, 3, 4, 5, 6], {"duplicate": 3}),
        # A pair counts under its first reason: the second "eins zwei drei vier" is no duplicate.
        (Limits(5, 3.0, True), [0, 3, 4, 6], {"too_long": 1, "ratio": 2, "duplicate": 2}),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 100])
def test_what_stays_and_what_is_counted(limits, kept, dropped, block):
    assert kept_of(limits, block) == (kept, dropped)


def test_limits_look_at_both_sides():
    """Six words in the source, then in the target; four words for one, then one for four."""
    texts = [["a b c d e f", "a", "a b c d", "a", "a b"], ["a b c d e", "a b c d e f", "a", "a b c d", "a b"]]
    words = [word_counts(side) for side in texts]
    assert words == [[6, 1, 4, 1, 2], [5, 6, 1, 4, 2]]
    for limits, kept, dropped in (
        (Limits(max_words=5), [2, 3, 4], {"too_long": 2}),
        (Limits(max_ratio=3.0), [0, 4], {"ratio": 3}),
    ):
        pair_filter = PairFilter(limits)
        assert list(pair_filter.kept(texts, words)) == kept
        assert pair_filter.dropped == dropped


def test_hashes_are_told_apart_over_many_runs():
    """Blocks of random numbers below 5,000 against a plain set; runs have to merge on the way."""
    rng = np.random.default_rng(0)
    seen, plain = SeenHashes(), set()
    for size in [*rng.integers(1, 400, size=60), 0]:
        block = rng.integers(0, 5000, size=size).astype(np.uint64)
        expected = []
        for value in block.tolist():
            expected.append(value not in plain)
            plain.add(value)
        assert seen.add(block).tolist() == expected
        assert len(seen) == len(plain)
    assert len(seen._runs) <= 13  # each over twice as long as the next


def test_the_whole_range_of_hashes():
    largest = 2**64 - 1
    seen = SeenHashes()
    assert seen.add(np.array([largest, 0, largest], dtype=np.uint64)).tolist() == [True, True, False]
    assert seen.add(np.array([0, 1, largest], dtype=np.uint64)).tolist() == [False, True, False]


def test_the_hash_knows_where_the_source_ends():
    assert len(set(pair_hashes(["ab", "a", "c", "ab"], ["c", "bc", "ab", "c"]).tolist())) == 3
    assert pair_hashes([], []).tolist() == []
    # blake2b(b"a\nb", digest_size=8) by another implementation (b2sum -l 64), little endian
    assert pair_hashes(["a"], ["b"]).tobytes().hex() == "a76de9f2d561975f"


@pytest.mark.parametrize("block", [2, 10_000])
def test_files_and_statistics(tmp_path, monkeypatch, block):
    """Duplicates are those of the normalised text, through the ends of blocks."""
    monkeypatch.setattr(prepare_text, "BLOCK_LINES", block)
    (tmp_path / "a.de").write_bytes(b"eins\n zwei \n\neins\r\nzwei\ndrei vier\n")
    (tmp_path / "a.en").write_bytes(b"one\ntwo\nx\none\ntwo\nthree\n")
    arguments = ["--pair", "de-en", "--files", str(tmp_path / "a.de"), str(tmp_path / "a.en")]
    arguments += ["--out", str(tmp_path / "o.de"), str(tmp_path / "o.en"), "--stats", str(tmp_path / "s")]
    main([*arguments, "--empty", "drop", "--dedup", "--max-ratio", "1.5", "--max-words", "2"])
    assert (tmp_path / "o.de").read_text() == "eins\nzwei\n"
    assert (tmp_path / "o.en").read_text() == "one\ntwo\n"
    stats = json.loads((tmp_path / "s").read_text())
    assert stats["dropped"] == {"empty": 1, "too_long": 0, "ratio": 1, "duplicate": 2}
    assert (stats["lines_selected"], stats["sentences"]) == (6, 2)
    assert stats["words"] == {"de": 2, "en": 2}


@pytest.mark.parametrize("block", [1, 2, 3, 10_000])
def test_a_range_of_lines_through_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(prepare_text, "BLOCK_LINES", block)
    # An error outside the range is none, and the first line of the block is not the first of the file.
    (tmp_path / "a.de").write_bytes(b"\xff\n1\n2\r\n3\n\xff\n")
    (tmp_path / "a.en").write_bytes(b"\na\nb\nc\n\n")
    files, out = [tmp_path / "a.de", tmp_path / "a.en"], [tmp_path / "o.de", tmp_path / "o.en"]
    result = prepare_pair(files, out, lines=[(1, 4)])
    assert out[0].read_text() == "1\n2\n3\n" and out[1].read_text() == "a\nb\nc\n"
    assert (result.lines_selected, result.lines_in_files) == (3, 5)
    assert result.normalised[0].crlf == 1


@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_range_that_begins_in_a_later_block(tmp_path, monkeypatch, block):
    """Line 7 is in the fourth block of two lines: what went before is more than a block."""
    monkeypatch.setattr(prepare_text, "BLOCK_LINES", block)
    for name in ("a.de", "a.en"):
        (tmp_path / name).write_text("".join(f"{name} {number}\n" for number in range(12)))
    files, out = [tmp_path / "a.de", tmp_path / "a.en"], [tmp_path / "o.de", tmp_path / "o.en"]
    result = prepare_pair(files, out, lines=[(7, 10)])
    assert out[0].read_text() == "a.de 7\na.de 8\na.de 9\n"
    assert out[1].read_text() == "a.en 7\na.en 8\na.en 9\n"
    assert (result.lines_selected, result.lines_in_files) == (3, 12)
