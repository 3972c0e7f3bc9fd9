"""Checks a built site: every link, anchor and picture is there, and nothing is asked of another server.

Looked at are HTML and CSS; what a script asks for is seen in a browser alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Where a page loads something from without a click. A link is followed by a reader alone.
LOADED = {
    ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"),
    ("audio", "src"), ("embed", "src"), ("object", "data"), ("form", "action"), ("video", "poster"),
    ("track", "src"), ("input", "src"), ("image", "href"), ("image", "xlink:href"), ("use", "href"),
    ("use", "xlink:href"),
}  # fmt: skip
#: A file that CSS names: url("…"), url(…), @import "…".
IN_CSS = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^'")\s]+))\s*\)|@import\s+["']([^"']*)""")
#: Kinds of <link> that name a page, and load nothing.
NAMING = {"canonical", "next", "prev", "alternate"}


@dataclass
class Page(HTMLParser):
    """One page's anchors, and what it links to or loads."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names and asks for."""
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self._in_style = tag == "style"
        self.loaded += [given[name] for name in given if (tag, name) in LOADED]
        # Several pictures, each perhaps with a width: "a.png 1x, b.png 2x".
        self.loaded += [one.split()[0] for one in given.get("srcset", "").split(",") if one.strip()]
        self.loaded += named_in_css(given.get("style", ""))
        if "href" in given and (tag, "href") not in LOADED:
            loads = tag == "link" and not NAMING & set(given.get("rel", "").split())
            (self.loaded if loads else self.links).append(given["href"])

    def handle_data(self, data: str) -> None:
        """Note what the CSS of a page asks for."""
        if self._in_style:
            self.loaded += named_in_css(data)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a page's CSS."""
        self._in_style = False


def named_in_css(text: str) -> list[str]:
    """Return the addresses that CSS names."""
    return [next(filter(None, found), "") for found in IN_CSS.findall(text)]


def read_page(path: Path) -> Page:
    """Return what a page of HTML names and asks for."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def problems(site: Path) -> Iterator[str]:
    """Yield a line for each link, anchor or file that a built site lacks, and each outside request."""
    site = site.resolve()
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    for path in sorted(site.rglob("*.css")):
        pages[path] = Page(loaded=named_in_css(path.read_text(encoding="utf-8")))
    for path, page in pages.items():
        for link in dict.fromkeys([*page.links, *page.loaded]):
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if link in page.loaded and address.scheme != "data":
                    yield f"{path.relative_to(site)}: asks another server for {link}"
                continue
            # Only the page for "not found" is shown at any address; its links begin at the site's own root.
            start = site if address.path.startswith("/") else path.parent
            target = (start / unquote(address.path).lstrip("/")).resolve() if address.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_relative_to(site) or not target.exists():
                yield f"{path.relative_to(site)}: {link} leads nowhere"
            elif address.fragment and target in pages and target.suffix == ".html":
                anchor = unquote(address.fragment)
                if anchor not in pages[target].ids and anchor != "__skip":
                    yield f"{path.relative_to(site)}: {link} has no such anchor"
