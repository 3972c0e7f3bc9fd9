"""The site of this checkout, built as `make docs` does; and one with a broken anchor, which is refused."""

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.site.build import build
from workflow_scripts.workflow.software.environments import ROOT


def test_the_site_is_built_and_no_link_is_broken(tmp_path):
    """`build` itself refuses broken links and requests to other servers."""
    site = tmp_path / "site"
    assert build(ROOT, site, tmp_path / "work") > 90
    home = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="docs/tutorial/first-run.html"' in home and "<title>neuronspec</title>" in home
    config = (site / "config/index.html").read_text(encoding="utf-8")
    assert "Config reference" in config and 'id="masks"' in config


def test_broken_links_are_refused(tmp_path):
    page = "# A\n\n[a](README.md#nope) [b](gone.md)\n"
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/README.md"):
        (tmp_path / name).write_text(page)
    (tmp_path / "mkdocs.yml").write_text((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    with pytest.raises(UserError) as error:
        build(tmp_path, tmp_path / "site", tmp_path / "work")
    said = str(error.value)
    assert "#nope" in said and "gone.md" in said


@pytest.mark.parametrize("where", ["mine", "mine/a.txt", "."])
def test_a_folder_of_something_else_is_not_deleted(where, tmp_path):
    for name in ("docs", "mine"):
        (tmp_path / name).mkdir()
    for name in ("README.md", "docs/README.md", "mkdocs.yml", "mine/a.txt"):
        (tmp_path / name).write_text("# Mine\n")
    with pytest.raises(UserError, match="something else than a site, which would be deleted"):
        build(tmp_path, tmp_path / where, tmp_path / "work")
    assert (tmp_path / "mine/a.txt").read_text() == "# Mine\n" and not (tmp_path / "work").exists()


def test_a_site_around_the_pages_is_not_deleted(tmp_path):
    (tmp_path / "search").mkdir()
    (tmp_path / "search/search_index.json").write_text("{}")
    with pytest.raises(UserError, match="the pages themselves are in there"):
        build(tmp_path / "checkout", tmp_path, tmp_path / "work")
    assert (tmp_path / "search/search_index.json").exists()
