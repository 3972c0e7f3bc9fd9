"""Which files are pages of the site, and where they are in its navigation."""

import pytest
import yaml

from workflow_scripts.common.errors import UserError
from workflow_scripts.site.pages import assemble, collect, nav_lines, navigation
from workflow_scripts.workflow.software.environments import ROOT

#: Not written out: pages that code names must exist, and these are invented.
DOCS = "docs"
INDEX = """# Docs

## Tutorial

[Begin](tutorial/first.md), then [more](../extra/more.md#part).

## How to

| text | |
|---|---|
| [Own 'text'](how-to/own.md) | files |

| machines | |
|---|---|
| [GPUs](how-to/gpu.md), [own](how-to/own.md) | again |
"""


@pytest.fixture
def root(tmp_path):
    files = {
        "README.md": "# Home\n[docs](docs/README.md) ![p](docs/p.svg) [out](https://example.org)",
        "mkdocs.yml": "site_name: x\n",
        "docs/README.md": INDEX,
        "docs/p.svg": "<svg/>",
        f"{DOCS}/tutorial/first.md": "# First\n[data](../../config/a.yaml) [gone](gone.md)",
        f"{DOCS}/how-to/own.md": "# Own",
        f"{DOCS}/how-to/gpu.md": "# GPU",
        f"{DOCS}/unlisted.md": "# On `its` own",
        "docs/secret.txt": "not linked",
        "extra/more.md": "# More\n[deep](deep.md)",
        "extra/deep.md": "# Deep",
        "config/a.yaml": "a: 1\n",
        "CHANGELOG.md": "# Changes",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_pages_are_those_of_docs_and_what_they_link_to(root):
    assert collect(root) == [
        "CHANGELOG.md", "README.md", "config/a.yaml", "docs/README.md", f"{DOCS}/how-to/gpu.md",
        f"{DOCS}/how-to/own.md", "docs/p.svg", f"{DOCS}/tutorial/first.md", f"{DOCS}/unlisted.md",
        "extra/deep.md", "extra/more.md",
    ]  # fmt: skip


def test_the_navigation_is_the_index_and_then_the_rest(root):
    assert navigation(root, collect(root)) == {
        "Tutorial": {"": [("Begin", f"{DOCS}/tutorial/first.md"), ("More", "extra/more.md")]},
        "How to": {
            "": [],
            "Text": [("Own 'text'", f"{DOCS}/how-to/own.md")],
            "Machines": [("GPUs", f"{DOCS}/how-to/gpu.md")],
        },
        "Project": {
            "": [
                ("Changes", "CHANGELOG.md"), ("On its own", f"{DOCS}/unlisted.md"), ("Deep", "extra/deep.md"),
            ]
        },
    }  # fmt: skip
    lines = yaml.safe_load("\n".join(nav_lines(navigation(root, collect(root)))))["nav"]
    assert lines[0] == {"Home": "README.md"}
    assert lines[3] == {
        "How to": [
            {"Text": [{"Own 'text'": f"{DOCS}/how-to/own.md"}]},
            {"Machines": [{"GPUs": f"{DOCS}/how-to/gpu.md"}]},
        ]
    }


def test_files_keep_their_folders(root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    (work / "old").write_text("left over")
    settings = assemble(root, work)
    assert settings.read_text().startswith("site_name: x\n\ndocs_dir: pages\nnav:\n")
    assert (work / "pages/docs/README.md").read_text() == INDEX
    assert (work / "pages/config/a.yaml").exists() and not (work / "pages/docs/secret.txt").exists()
    assert not (work / "old").exists()


@pytest.mark.parametrize("link", ["../../id_rsa", "/README.md"])
def test_a_link_out_of_the_checkout_is_refused(link, root):
    (root / f"{DOCS}/unlisted.md").write_text(f"[key]({link})")
    with pytest.raises(UserError, match=f"{DOCS}/unlisted.md: the link {link} leads out of the checkout"):
        collect(root)


def test_a_page_that_is_not_utf8_is_one_line(root):
    (root / f"{DOCS}/unlisted.md").write_bytes(b"# Caf\xe9")
    with pytest.raises(UserError) as error:
        collect(root)
    assert str(error.value) == f"{DOCS}/unlisted.md: not UTF-8 at byte 6; convert the file with iconv"


def test_what_is_no_page_is_not_in_the_navigation_and_a_link_without_a_name_has_its_heading(root):
    (root / "docs/README.md").write_text(
        "# Docs\n\n## All\n\n![seen](p.svg) [a file](../config/a.yaml) [](unlisted.md)\n"
    )
    sections = navigation(root, collect(root))
    assert sections["All"] == {"": [("On its own", f"{DOCS}/unlisted.md")]}


def test_the_sections_of_this_checkout():
    sections = navigation(ROOT, collect(ROOT))
    assert list(sections) == ["Tutorial", "How to", "Reference", "Explanation", "Results", "Project"]
    pages = {page for groups in sections.values() for group in groups.values() for _, page in group}
    assert {
        "config/README.md",
        "docs/reference/rules.md",
        "docs/reference/benchmarks.md",
        "CONTRIBUTING.md",
    } <= pages
