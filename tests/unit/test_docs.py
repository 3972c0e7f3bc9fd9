"""The pages for readers: links, paths, commands and modules exist; paragraphs are short, words plain."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.unit.test_layers import ARROWS
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md", "envs/README.md")),
        *(ROOT / name for name in ("findings/README.md", "config/published/README.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
#: Without what a test or a recorded run writes as a whole.
WRITTEN = [
    page
    for page in PAGES
    if not any(part in str(page) for part in ("/proofs/", "/outputs60/", "/reference/python.md"))
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = re.compile(r"<!-- .*?-->.*?<!-- end.*?-->", re.S)


def name_of(page):
    return str(page.relative_to(ROOT))


def text_of(page):
    return page.read_text(encoding="utf-8")


def code_of(text):
    """The code of a page: lines of blocks, and what is between backticks."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    lines = [line for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    return [*lines, *re.findall(r"^    (.*)", rest, re.M), *re.findall(r"`([^`]+)`", rest)]


@cache
def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    dead = []
    for link in LINK.findall(text_of(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            dead.append(link)
    assert not dead


def test_the_index_has_every_page():
    index = ROOT / "docs/README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(text_of(index))}
    pages = {page for page in WRITTEN if page.is_relative_to(ROOT / "docs")}
    assert pages - linked == {index}


# ---- commands ------------------------------------------------------------------------------------------

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS, VARIABLES = (
    set(re.search(rf"^{name} := (.*)$", MAKEFILE, re.M)[1].split()) for name in ("TARGETS", "VARIABLES")
)
#: Pages may name a module by its file alone.
MODULES = {path.name for folder in ("workflow_scripts", "tests") for path in (ROOT / folder).rglob("*.py")}
#: Files that users make.
YOURS = r"NAME|^envs/site\.yaml$|^profiles/mine"
FOLDERS = "tests|config|rules|profiles|envs|docs|workflow_scripts|findings"


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_command_exists(page):
    code = code_of(text_of(page))
    for line in code:
        for made in re.findall(r"^(?:\w+=\S* )*make ([a-z][\w-]*)", line):
            assert made in TARGETS, line
        if "make " in line:
            assert set(re.findall(r"(?:^|\s)([A-Z]+)=", line)) <= VARIABLES, line
        for module in re.findall(r"\b((?:workflow_scripts|tests(?=\.\w+\.))(?:\.\w+)+)", line):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or path.is_dir(), line
    modules = {file for line in code for file in re.findall(r"^\w+\.py$", line)}
    assert modules <= MODULES
    places = re.compile(rf"(?:^|[\s=])((?:{FOLDERS})/[\w./-]+)(?=$|\s)")
    named = {path for line in code for path in places.findall(line) if not re.search(YOURS, path)}
    assert not {path for path in named if not (ROOT / path).exists()}


def test_every_option_of_a_stage_exists():
    package = "".join(text_of(path) for path in (ROOT / "workflow_scripts").rglob("*.py"))
    options = set(re.findall(r"(--[a-z][a-z-]+)", text_of(ROOT / "docs/reference/commands.md")))
    assert len(options) > 90
    assert not {option for option in options if f'"{option}"' not in package} - {"--help"}


def test_the_guide_to_results_names_every_analysis():
    made = {name for name, stage in STAGES.items() if stage.module.startswith("analyse.")}
    named = set(re.findall(r"`analysis/(\w+)", text_of(ROOT / "docs/how-to/read-results.md")))
    assert len(made) > 12 and made == named


def test_every_page_that_code_names_exists():
    files = subprocess.run(
        ["git", "grep", "-lI", "docs/", "--", ":!*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    named = {
        (path, page)
        for path in files
        for page in re.findall(r"docs/[\w/-]+\.md", (ROOT / path).read_text(encoding="utf-8"))
    }
    assert len(named) > 30
    assert not {one for one in named if not (ROOT / one[1]).exists()}


def test_the_config_of_the_guide_is_right():
    guide = text_of(ROOT / "docs/how-to/own-corpus.md")
    [config] = [
        block for block in re.findall(r"```yaml\n(.*?)```", guide, re.S) if "languages: [en, de, fr]" in block
    ]
    experiment = load_experiment(yaml.safe_load(config))
    assert experiment.train_directions == ["en-de", "en-fr", "de-en", "fr-en"]


def test_the_architecture_names_the_rooms():
    rooms = text_of(ROOT / "docs/architecture.md").partition("## Rooms")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rooms, re.M)) == set(ARROWS)


# ---- words ---------------------------------------------------------------------------------------------

LONGEST = 80  # words of a paragraph or list item
#: Words that read as translated, and a specification that readers do not have. "Stands for" is English.
BANNED = re.compile(
    r"\b(anew|told|of which no|(?<!there )is none|the spec|last words|stood|stands?\b(?!-in| for| in for))\b",
    re.I,
)


def prose(text):
    """The paragraphs and list items of a page, without code, tables and what is generated between markers."""
    text = re.sub(r"^```.*?^```$", "", GENERATED.sub("", text), flags=re.M | re.S)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "    "))]
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:-|\d+\.) )|\n(?=#)", "\n".join(lines))
    return [block.strip() for block in blocks if block.strip()]


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_paragraphs_are_short_and_words_plain(page):
    blocks = prose(text_of(page))
    assert not [f"{len(one.split())} words: {one[:60]}" for one in blocks if len(one.split()) > LONGEST]
    words = re.sub(r"`[^`]*`", "", GENERATED.sub("", text_of(page)))
    assert not [found[0] for found in BANNED.finditer(words)]


def test_what_counts_as_a_paragraph():
    page = "# Title\nA b\nc.\n\n- one\n- two\n  more\n\n| a | b |\n\n```\ncode\n```\n"
    assert prose(page + "<!-- x: made -->\ng\n<!-- end of x -->\nz\n") == [
        "# Title\nA b\nc.",
        "- one",
        "- two\n  more",
        "z",
    ]


@pytest.mark.parametrize(
    ("words", "banned"),
    [
        ("made anew", True),
        ("you are told", True),
        ("it stands below", True),
        ("its name is none", True),
        ("a stand-in for it", False),
        ("% stands for a part", False),
        ("if there is none", False),
    ],
)
def test_what_is_banned(words, banned):
    assert bool(BANNED.search(words)) == banned
