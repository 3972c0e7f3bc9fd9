"""A page as HTML and as Markdown: what is not ours is never markup."""

import re

from workflow_scripts.report.page.as_html import as_html, shade
from workflow_scripts.report.page.as_markdown import as_markdown
from workflow_scripts.report.page.document import (
    Bullets,
    Code,
    Figure,
    Grid,
    Heading,
    Link,
    Notice,
    Para,
    Shaded,
    Strong,
    Word,
    cut,
    marked,
    shown,
)

HOSTILE = "</script><script>alert(1)</script>"


def body(blocks):
    return as_html([Heading(1, "t"), *blocks]).partition("<main>")[2]


def test_names_and_words_are_never_markup_in_html():
    blocks = [
        Para(HOSTILE), Bullets([Code(HOSTILE), Strong(HOSTILE), Word(HOSTILE), Link(HOSTILE, '"><b>.md')]),
        Notice("warning", HOSTILE, [HOSTILE]), Grid(HOSTILE, [HOSTILE], [[HOSTILE], [Shaded(HOSTILE, 0.5)]]),
        Figure(HOSTILE, HOSTILE, b"x", "f.png"),
    ]  # fmt: skip
    text = as_html([Heading(1, HOSTILE), *blocks])
    assert "<script" not in text and "<b>" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert 'href="%22%3E%3Cb%3E.md"' in text


def test_nothing_outside_the_file_is_asked_for():
    text = as_html([Heading(1, "t"), Figure("f", "c", b"\x89PNG", "../figures/f.png")])
    assert "default-src 'none'" in text
    assert re.findall(r'src="([^"]*)"', text) == ["data:image/png;base64,iVBORw=="]
    assert "http://" not in text and "https://" not in text and "url(" not in text and "@import" not in text


def test_characters_that_turn_the_line_or_end_it_are_spelt():
    assert shown("a\u202eb") == "a\\u202eb"
    assert shown("a\u2028b") == "a\\u2028b"
    assert shown("क्\u200dष") == "क्\u200dष"  # a joiner decides the form of the letters
    assert shown("a\nb") == "a b"
    assert "<bdi>بيت</bdi>" in body([Bullets([Word("بيت")])])


def test_a_table_in_html():
    table = Grid("of x", ["name", "a"], [[Code("de"), Shaded("0.50", 0.5)], ["fr", "1"]], notes=["… 1 more"])
    assert body([table]) == (
        '\n<h1>t</h1>\n<p class="caption">of x</p>\n'
        '<div class="wide" tabindex="0" role="region" aria-label="of x"><table><thead><tr>\n'
        '<th scope="col" class="t">name</th>\n<th scope="col">a</th>\n</tr></thead><tbody>\n'
        '<tr><th scope="row"><code>de</code></th><td class="s4">0.50</td></tr>\n'
        '<tr><th scope="row">fr</th><td>1</td></tr>\n</tbody></table></div>\n'
        '<p class="note">… 1 more</p>\n</main></body></html>\n'
    )


def test_shades_are_steps():
    assert [shade(share) for share in (-1, 0, 0.5, 1, 2)] == [0, 0, 4, 8, 8]


def test_markdown():
    blocks = [
        Heading(1, "a_b and _c_"), Notice("warning", "Read", [(Strong("Why? "), "because *x*")]),
        Bullets(["1. no list", ("see ", Link("a.md", "a b.md"))]),
        Grid("c", ["n", "v"], [[Code("a|b"), Word("x|y")]], (0, 1)),
        Figure("iou", "how alike", b"", "../figures/iou.png"),
    ]  # fmt: skip
    assert as_markdown(blocks) == (
        "# a_b and \\_c\\_\n\n"
        "> **Read**\n>\n> - **Why?** because \\*x\\*\n\n"
        "- 1\\. no list\n- see [a.md](a%20b.md)\n\n"
        "c\n\n| n | v |\n| --- | --- |\n| `a\\|b` | x\\|y |\n\n"
        "![iou](../figures/iou.png)\n\nhow alike\n"
    )


def test_names_between_backticks_are_set_apart():
    assert marked("`ns` − x: `all`") == (Code("ns"), " − x: ", Code("all"))


def test_a_long_table_says_how_many_rows_it_leaves_out():
    rows = [["a"], ["b"], ["c"]]
    assert cut(rows, 3, "rows", "x.csv") == (rows, [])
    assert cut(rows, 1, "rows", "x.csv") == ([["a"]], [("… 2 more rows in ", Code("x.csv"), ".")])
