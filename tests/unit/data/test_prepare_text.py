"""Checks and normalisation of parallel text: every count worked out by hand."""

import hashlib
import json
from dataclasses import asdict

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.prepare_text import main, parse_range, prepare_pair


def lay_out(folder, german, english):
    files = [folder / "a.de", folder / "a.en"]
    for path, content in zip(files, (german, english), strict=True):
        path.write_bytes(content)
    return files, [folder / "out.de", folder / "out.en"]


def test_normalisations_are_applied_and_counted(tmp_path):
    german = b"\xef\xbb\xbfeins zwei\r\n  drei\t\r\n" + "vier\u2028f\u00fcnf\n".encode() + b"sechs"
    english = b"one two\nthree\nfour\x0bfive\nsix\xc2\xa0\n"
    files, out = lay_out(tmp_path, german, english)
    result = prepare_pair(files, out)
    assert out[0].read_bytes() == "eins zwei\ndrei\nvier f\u00fcnf\nsechs\n".encode()
    assert out[1].read_bytes() == b"one two\nthree\nfour five\nsix\n"
    assert result.sentences == 4
    assert result.words == [6, 6]
    assert asdict(result.normalised[0]) == {
        "crlf": 2, "byte_order_mark": 1, "separators": 1, "surrounding_blanks": 1,
    }  # fmt: skip
    assert asdict(result.normalised[1]) == {
        "crlf": 0, "byte_order_mark": 0, "separators": 1, "surrounding_blanks": 1,
    }  # fmt: skip


def test_a_lone_carriage_return_does_not_end_a_line(tmp_path):
    files, out = lay_out(tmp_path, b"a\rb\nc\n", b"x\ny\n")
    assert prepare_pair(files, out).sentences == 2
    assert out[0].read_bytes() == b"a b\nc\n"


def test_pairs_with_an_empty_side_may_be_kept(tmp_path):
    """Test sets, where they are scored as they are."""
    files, out = lay_out(tmp_path, b"a b\n\nc\n", b"x\ny\n \n")
    result = prepare_pair(files, out, empty="keep")
    assert [path.read_bytes() for path in out] == [b"a b\n\nc\n", b"x\ny\n\n"]
    assert (result.sentences, result.words, result.dropped) == (3, [3, 2], {"empty": 0})


def test_pairs_with_an_empty_side_are_dropped_together(tmp_path):
    files, out = lay_out(tmp_path, b"a\n\nc\n  \n", b"w\nx\n\n\n")
    result = prepare_pair(files, out, empty="drop")
    assert (out[0].read_bytes(), out[1].read_bytes()) == (b"a\n", b"w\n")
    assert (result.sentences, result.dropped, result.lines_in_files) == (1, {"empty": 3}, 4)


def test_a_range_of_lines(tmp_path):
    files, out = lay_out(tmp_path, b"0\n1\n2\n3\n", b"a\nb\n\nd\n")
    assert prepare_pair(files, out, lines=[(0, 2)]).sentences == 2
    assert out[1].read_bytes() == b"a\nb\n"
    assert prepare_pair(files, out, lines=[(3, None)]).lines_selected == 1
    assert out[0].read_bytes() == b"3\n"


def test_a_byte_order_mark_counts_only_at_the_start(tmp_path):
    files, out = lay_out(tmp_path, "a\n\ufeffb\n".encode(), b"x\ny\n")
    assert prepare_pair(files, out).normalised[0].byte_order_mark == 0
    assert out[0].read_text(encoding="utf-8") == "a\n\ufeffb\n"


def test_ranges():
    assert parse_range("0:1000") == (0, 1000)
    assert parse_range("7:") == (7, None)
    assert parse_range(":") == (0, None)


def test_statistics(tmp_path):
    files, out = lay_out(tmp_path, b"eins zwei\r\ndrei\r\nvier\r\n", b"one two\nthree\nfour\n")
    stats = tmp_path / "stats.json"
    arguments = ["--pair", "de-en", "--files", *map(str, files), "--lines", "1:3", "--out", *map(str, out)]
    main([*arguments, "--stats", str(stats)])
    nothing = {"byte_order_mark": 0, "separators": 0, "surrounding_blanks": 0}
    assert json.loads(stats.read_text()) == {
        "format": "neuronspec-text-1", "pair": "de-en", "lines": [1, 3], "lines_in_files": 3,
        "lines_selected": 2, "sentences": 2, "dropped": {"empty": 0}, "words": {"de": 2, "en": 2},
        "normalised": {"de": {"crlf": 2, **nothing}, "en": {"crlf": 0, **nothing}},
        "sha256": {
            "de": hashlib.sha256(b"drei\nvier\n").hexdigest(),
            "en": hashlib.sha256(b"three\nfour\n").hexdigest(),
        },
    }  # fmt: skip


def two_sources(folder):
    """Three pairs, and three of which the second stands in the first source, with other blanks."""
    texts = {"a.de": "eins\nzwei\ndrei\n", "a.en": "one\ntwo\nthree\n"}
    texts |= {"b.de": "vier\nzwei \nzwei\nvier\n", "b.en": "four\n two\nTWO\nfour\n"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    files = ["--files", *(str(folder / name) for name in texts)]
    out = ["--out", str(folder / "o.de"), str(folder / "o.en"), "--stats", str(folder / "o.json")]
    return ["--pair", "de-en", *files, *out]


def test_sources_are_joined_in_their_order(tmp_path):
    main(two_sources(tmp_path))
    assert (tmp_path / "o.de").read_text().split() == ["eins", "zwei", "drei", "vier", "zwei", "zwei", "vier"]
    assert (tmp_path / "o.en").read_text().split() == ["one", "two", "three", "four", "two", "TWO", "four"]
    stats = json.loads((tmp_path / "o.json").read_text())
    assert (stats["sentences"], stats["lines_in_files"], stats["lines"]) == (7, 7, [0, 7])
    assert stats["words"] == {"de": 7, "en": 7}
    first, second = stats["sources"]
    assert first == {
        "files": {"de": f"{tmp_path}/a.de", "en": f"{tmp_path}/a.en"},
        "sentences": 3,
        "in_earlier_sources": 0,
        "examples": [],
    }
    # "four" stands twice in its own source, and "TWO" is another word: neither is in an earlier one.
    assert (second["sentences"], second["in_earlier_sources"]) == (4, 1)
    assert second["examples"] == [{"de": "zwei", "en": "two"}]


def test_pairs_that_stood_in_an_earlier_source_are_duplicates(tmp_path):
    main([*two_sources(tmp_path), "--dedup", "--lines", ":", "0:3"])
    assert (tmp_path / "o.en").read_text().split() == ["one", "two", "three", "four", "TWO"]
    stats = json.loads((tmp_path / "o.json").read_text())
    assert stats["dropped"] == {"empty": 0, "duplicate": 1}
    assert [source["sentences"] for source in stats["sources"]] == [3, 2]
    assert [source["in_earlier_sources"] for source in stats["sources"]] == [0, 1]


def test_one_source_has_no_word_of_several(tmp_path):
    words = two_sources(tmp_path)
    main([*words[:3], *words[3:5], *words[7:], "--lines", "1:3"])
    stats = json.loads((tmp_path / "o.json").read_text())
    assert "sources" not in stats
    assert (stats["lines"], stats["sentences"]) == ([1, 3], 2)


def test_one_file_for_both_languages(tmp_path):
    (tmp_path / "a.de").write_text("dog\n")
    (tmp_path / "a.en").symlink_to("a.de")
    out = [tmp_path / f"out.{language}" for language in ("de", "en")]
    with pytest.raises(UserError, match=r"a\.de and .*a\.de: one file for both languages; name that of each"):
        prepare_pair([tmp_path / "a.de"] * 2, out)
    # A link is meant.
    assert prepare_pair([tmp_path / "a.de", tmp_path / "a.en"], out).sentences == 1
