"""data.entities, and what prepare_text counts and undoes of them."""

import json

import pytest

from workflow_scripts.data.prepare_text import main
from workflow_scripts.data.readers import count_entities, has_entity, undone


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&quot;Nein&quot;, sagt er.", '"Nein", sagt er.'),
        ("don&#39;t, don&#x27;t, don&apos;t", "don't, don't, don't"),
        ("&amp;quot;zweimal&amp;quot;", '"zweimal"'),
        ("dreimal &amp;amp;amp;", "dreimal &"),
        ("&lt;b&gt; &#91;1&#93; &#124;", "<b> [1] |"),  # as Moses escapes
        ("na&iuml;ve &Eacute;t&eacute; &#1078;", "naïve Été ж"),
        ("a&nbsp;b", "a\u00a0b"),
        # What ends a line must not: two sides of a corpus would drift apart.
        ("one&#10;two&#13;three&#8232;four", "one two three four"),
        ("&#32;blanks&#32;", "blanks"),
    ],
)
def test_entities_become_characters(line, expected):
    assert has_entity(line)
    assert undone(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "AT&T and R&D",
        "https://x.org/?a=1&copy=2&lt=3",  # html.unescape alone would make © of it
        "Müller & Söhne; und andere",
        "&unbekannt; &;",
        "&#; &#x; &#12345678;",
    ],
)
def test_what_is_no_entity_stays(line):
    assert not has_entity(line)
    assert undone(line) == line


@pytest.mark.parametrize("line", ["a &#0; b", "a &#7; b", "a &#xD800; b"])
def test_what_is_no_character_of_text_stays(line):
    assert undone(line) == line


def test_lines_are_counted_not_entities():
    assert count_entities(["&amp;&amp;&amp;", "&", "a", "&#39;"]) == 2


def prepare(folder, german, english, *options):
    for name, text in (("raw.de", german), ("raw.en", english)):
        (folder / name).write_text(text, encoding="utf-8")
    files = [str(folder / name) for name in ("raw.de", "raw.en", "out.de", "out.en", "stats.json")]
    main(["--pair", "de-en", "--files", *files[:2], "--out", *files[2:4], "--stats", files[4], *options])
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("out.de", "out.en")]
    return texts[0], texts[1], json.loads((folder / "stats.json").read_text())


GERMAN, ENGLISH = "A &amp; B\nC\n&quot;D&quot;\n", "A & B\nC\n&amp;quot;D&amp;quot;\n"


def test_they_are_counted_and_stay_unless_asked(tmp_path):
    german, english, stats = prepare(tmp_path, GERMAN, ENGLISH)
    assert (german, english) == (GERMAN, ENGLISH)
    assert stats["entities"] == {"lines": {"de": 2, "en": 1}, "undone": False}


def test_they_are_undone_before_anything_is_dropped(tmp_path):
    """An entity of a blank leaves nothing; two pairs that differ in escapes alone are one."""
    options = ("--unescape", "--empty", "drop", "--dedup")
    twice = "A &amp; B\nA & B\n&nbsp;\n"
    german, english, stats = prepare(tmp_path, twice, "x\nx\ny\n", *options)
    assert (german, english) == ("A & B\n", "x\n")
    assert stats["entities"] == {"lines": {"de": 2, "en": 0}, "undone": True}
    assert stats["dropped"] == {"empty": 1, "duplicate": 1}


@pytest.mark.parametrize("options", [(), ("--unescape",)])
def test_statistics_without_entities_have_no_word_of_them(tmp_path, options):
    german, english, stats = prepare(tmp_path, "A & B; C\n", "x &c y\n", *options)
    assert (german, english) == ("A & B; C\n", "x &c y\n")
    assert "entities" not in stats
