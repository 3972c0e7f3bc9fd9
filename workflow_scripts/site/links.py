"""Checks a built site: every link, anchor and picture is there, and nothing is asked of another server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Where a page loads something from without a click. A link is followed by a reader alone.
LOADED = {
    ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"),
    ("audio", "src"), ("embed", "src"), ("object", "data"), ("form", "action"),
}  # fmt: skip
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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names and asks for."""
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if "href" in given:
            loads = tag == "link" and not NAMING & set(given.get("rel", "").split())
            (self.loaded if loads else self.links).append(given["href"])
        self.loaded += [given[name] for name in given if (tag, name) in LOADED]


def read_page(path: Path) -> Page:
    """Return what a page of HTML names and asks for."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def problems(site: Path) -> Iterator[str]:
    """Yield a line for each link, anchor or file that a built site lacks, and each outside request."""
    site = site.resolve()
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
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
            elif address.fragment and target in pages:
                anchor = unquote(address.fragment)
                if anchor not in pages[target].ids and anchor != "__skip":
                    yield f"{path.relative_to(site)}: {link} has no such anchor"
