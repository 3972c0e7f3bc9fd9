"""What is wrong in a built site: each kind of broken link, and each request to another server."""

import pytest

from workflow_scripts.site.links import problems

WHOLE = '<h1 id="top">A</h1><a href="b.html#end">b</a> <a href="https://x.org/">out</a> <a href="#top">up</a>'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a.html").write_text(WHOLE)
    (tmp_path / "b.html").write_text('<a id="end"></a><a href="c/">c</a><link rel="next" href="a.html">')
    (tmp_path / "c").mkdir()
    (tmp_path / "c/index.html").write_text('<img src="../p%20q.png"><img src="data:image/png;base64,AA">')
    (tmp_path / "p q.png").write_bytes(b"")
    return tmp_path


def test_a_whole_site_has_no_problem(site):
    assert list(problems(site)) == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<a href="gone.html">', "gone.html leads nowhere"),
        ('<a href="b.html#nope">', "b.html#nope has no such anchor"),
        ('<a href="#nope">', "#nope has no such anchor"),
        ('<a href="/a.html#nope">', "/a.html#nope has no such anchor"),
        ('<img src="gone.png">', "gone.png leads nowhere"),
        ('<a href="../outside">', "../outside leads nowhere"),
        ('<a href="results">', "results leads nowhere"),
        ('<script src="https://x.org/a.js">', "asks another server for https://x.org/a.js"),
        ('<link rel="stylesheet" href="//x.org/a.css">', "asks another server for //x.org/a.css"),
        ('<svg><image href="https://x.org/a.png">', "asks another server for https://x.org/a.png"),
        ('<svg><use xlink:href="gone.svg#a">', "gone.svg#a leads nowhere"),
        ('<video poster="//x.org/a.png">', "asks another server for //x.org/a.png"),
        ('<img srcset="a.html 1x, https://x.org/a.png 2x">', "asks another server for https://x.org/a.png"),
        ("<p style=\"background: url('https://x.org/b')\">", "asks another server for https://x.org/b"),
        ('<style>a {}\n@import "//x.org/c.css";</style>', "asks another server for //x.org/c.css"),
        ("<style>p { src: url( gone.woff ) }</style><p>url(prose)", "gone.woff leads nowhere"),
        ('<img src="http://x.org/a.png">', "asks another server for http://x.org/a.png"),
    ],
)
def test_what_is_broken_is_named_with_its_page(site, html, said):
    (site / "results").mkdir()  # a folder without a page of its own
    (site / "d.html").write_text(html)
    assert list(problems(site)) == [f"d.html: {said}"]


def test_what_style_sheets_ask_for_is_looked_at(site):
    """Their addresses are relative to their own folder; pictures inside of them are no requests."""
    (site / "c/ours.css").write_text("a { b: url('data:image/svg+xml,<svg xmlns=\"http://w3.org/\">') }")
    assert list(problems(site)) == []
    bad = '@import url(https://x.org/f.css); a { b: url("../p q.png") c: url(p.png) }'
    (site / "c/ours.css").write_text(bad)
    assert list(problems(site)) == [
        "c/ours.css: asks another server for https://x.org/f.css",
        "c/ours.css: p.png leads nowhere",
    ]
