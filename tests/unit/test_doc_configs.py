"""A config that a page shows can be copied: each block of YAML is right, laid over those above it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflow_scripts.config.load import load_experiment

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.M | re.S)
#: What a reader has who copies a block that is a part of a config.
YOURS: dict[str, Any] = {
    "experiment": "mine",
    "languages": ["en", "de", "nl", "fr", "it", "cs", "ru", "uk", "sr"],
    "pivot": "en",
    "groups": {
        "family": {"germanic": ["de", "nl"], "romance": ["fr", "it"], "slavic": ["cs", "ru", "uk", "sr"]}
    },
    "data": {
        "source": {
            "type": "files",
            "train": "text/train.{lang}",
            "valid": "text/valid.{lang}",
            "tests": {"test": "text/test.{lang}"},
        }
    },
}
#: Lines that are indented are of a section that the page has named.
SECTION_OF = {"": "", "  ": "systems:\n", "    ": "masks:\n  sets:\n"}


def laid_over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """One config over another, key by key; a source of another type replaces the whole."""
    if lower.get("type") != upper.get("type", lower.get("type")):
        return upper
    return lower | {
        key: laid_over(lower[key], value)
        if isinstance(value, dict) and isinstance(lower.get(key), dict) and key != "groups"
        else value
        for key, value in upper.items()
    }


def configs_of(page: str) -> list[dict[str, Any]]:
    """The config after each block of a page, from the top."""
    found, config = [], YOURS
    for block in BLOCK.findall(page):
        indent = re.match(r" *", block)[0]  # type: ignore[index]
        given = yaml.safe_load(SECTION_OF[indent] + block)
        if "experiment" in given and {"languages", "tasks"} & {*given}:  # a whole config
            config = given
        else:
            config = laid_over(config, given)
        found.append(config)
    return found


PAGES = [
    page for page in sorted((ROOT / "docs").rglob("*.md")) if BLOCK.search(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_can_be_copied(page):
    for config in configs_of(page.read_text(encoding="utf-8")):
        load_experiment(config)


#: "Put these lines into a config in the place of its `masks` and `analysis`": what a reader takes out first.
REPLACED = re.compile(r"in the place\s+of\s+its\s+((?:`\w+`(?:,\s+|\s+and\s+)?)+)")
#: Its lines name languages that the demo has not, as it says.
OTHER_LANGUAGES = "the languages named must be yours"
OVER_THE_DEMO = [
    page
    for page in PAGES
    if REPLACED.search(text := page.read_text(encoding="utf-8")) and OTHER_LANGUAGES not in text
]


@pytest.mark.parametrize("page", OVER_THE_DEMO, ids=lambda page: page.name)
def test_the_first_lines_of_a_page_fit_into_the_demo(page):
    """No key would stand there twice, and what stays of the demo goes together with the new lines."""
    text = page.read_text(encoding="utf-8")
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for name in re.findall(r"\w+", REPLACED.search(text)[1]):
        demo.pop(name, None)
    given = yaml.safe_load(BLOCK.search(text)[1])
    assert not given.keys() & demo.keys()
    load_experiment(demo | given)


def test_pages_with_configs_are_found():
    assert {"systems.md", "mask-sets.md", "criteria.md", "attach.md", "exchange.md", "texts.md"} <= {
        page.name for page in PAGES
    }
    assert {page.name for page in OVER_THE_DEMO} >= {"mask-sets.md", "systems.md", "train-heads.md"}


def test_blocks_are_laid_over_those_above():
    blocks = ("masks:\n  k: [70]\n", "    a: {select: all}\n", "  b: {masks: a}\n")
    page = "\n".join(f"```yaml\n{block}```\n" for block in blocks)
    first, second, third = configs_of(page)
    assert first["masks"] == {"k": [70]}
    assert second["masks"] == {"k": [70], "sets": {"a": {"select": "all"}}}
    assert third["systems"] == {"b": {"masks": "a"}}
    assert laid_over({"s": {"type": "x", "p": 1}}, {"s": {"type": "y"}}) == {"s": {"type": "y"}}
