"""The pages of the documentation site: README.md, docs/, and what they link to, in their folders.

The folders stay as they are, so that one link works on a Git host and on the site.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.common.errors import UserError

HOME, INDEX = "README.md", "docs/README.md"
#: Pages that no list has, in the order of their section.
PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md", "tests/README.md", "envs/README.md", "findings/README.md")
#: The section of pages that the index does not name.
REST = "Project"
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
TITLE = re.compile(r"^# (.+)$", re.M)

Pages = list[tuple[str, str]]
#: Section → its groups of pages (title and path); the group without a name first.
Navigation = dict[str, dict[str, Pages]]


def links_of(root: Path, page: str) -> Iterator[tuple[str, str]]:
    """Yield text and path below ``root`` of a page's links to files. UserError: one leaves the folder."""
    for text, link in LINK.findall(_text_of(root, page)):
        path = link.partition("#")[0]
        if not path or "://" in link or link.startswith("mailto:"):
            continue
        target = (root / page).parent.joinpath(path).resolve()
        if not target.is_relative_to(root):
            raise UserError(f"{page}: the link {link} leads out of the checkout")
        yield text, str(target.relative_to(root))


def _text_of(root: Path, page: str) -> str:
    try:
        return (root / page).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{page}: not UTF-8 at byte {error.start + 1}; convert the file with iconv") from None


def collect(root: Path) -> list[str]:
    """Return every file of the site, as paths below ``root``: pages, and files that they link to or show."""
    root = root.resolve()
    waiting = [HOME, *(str(path.relative_to(root)) for path in sorted((root / "docs").rglob("*.md")))]
    waiting += [page for page in PROJECT if (root / page).exists()]
    found: dict[str, None] = {}
    while waiting:
        one = waiting.pop(0)
        if one in found or not (root / one).is_file():  # a dead link is reported where the HTML is checked
            continue
        found[one] = None
        if one.endswith(".md"):
            waiting += [target for _, target in links_of(root, one)]
    return sorted(found)


def title_of(root: Path, page: str) -> str:
    """Return the first heading of a page."""
    heading = TITLE.search(_text_of(root, page))
    return heading[1].replace("`", "") if heading else page


def navigation(root: Path, pages: list[str]) -> Navigation:
    """Return the sections of the index with their pages, then the pages that it does not name.

    A table of the index is a group whose name is the first cell of its head. Links in text are in no group.
    """
    root, named = root.resolve(), {HOME, INDEX}
    sections: Navigation = {}
    text = _text_of(root, INDEX)
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        groups = sections.setdefault(title.strip(), {"": []})
        for block in re.split(r"\n\s*\n", body):
            head = block.strip().splitlines()[:1]
            group = head[0].strip("|").split("|")[0].strip() if head and head[0].startswith("|") else ""
            for name, link in LINK.findall(block):
                target = (root / INDEX).parent.joinpath(link.partition("#")[0]).resolve()
                page = str(target.relative_to(root))
                # The index may show a picture, or link to a file that is no page.
                if page in pages and page.endswith(".md") and page not in named:
                    named.add(page)
                    title = name[:1].upper() + name[1:] or title_of(root, page)
                    groups.setdefault(group.capitalize(), []).append((title, page))
    rest = [*PROJECT, *pages]
    left = dict.fromkeys(
        page for page in rest if page in pages and page.endswith(".md") and page not in named
    )
    return sections | ({REST: {"": [(title_of(root, page), page) for page in left]}} if left else {})


def nav_lines(sections: Navigation) -> Iterator[str]:
    """Yield the navigation as lines of YAML, titles as quoted text."""
    yield "nav:"
    yield f"  - Home: {HOME}"
    yield f"  - All pages: {INDEX}"
    for section, groups in sections.items():
        yield f"  - {_quoted(section)}:"
        for group, pages in groups.items():
            indent = " " * 6
            if group and pages:
                yield f"{indent}- {_quoted(group)}:"
                indent += " " * 4
            yield from (f"{indent}- {_quoted(title)}: {_quoted(page)}" for title, page in pages)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def assemble(root: Path, folder: Path) -> Path:
    """Copy the pages and the settings of the site into a new ``folder``; return the file of settings."""
    shutil.rmtree(folder, ignore_errors=True)
    files = collect(root)
    for file in files:
        place = folder / "pages" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, place)
    settings = folder / "mkdocs.yml"
    own = (root / "mkdocs.yml").read_text(encoding="utf-8")
    nav = nav_lines(navigation(root, files))
    settings.write_text("\n".join([own, "docs_dir: pages", *nav, ""]), encoding="utf-8")
    return settings
