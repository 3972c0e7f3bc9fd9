"""One headless browser for all tests of this folder; where there can be none they say why.

They skip, but in continuous integration (CI=true) they fail: nobody would notice.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests import made_up_experiment as made_up
from tests.browser import chromium
from workflow_scripts.report.explorer.build_explorer import main

WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


def without(reason: str) -> NoReturn:
    """Skip the test, or fail in continuous integration."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{reason}, and CI is set", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    if reason := chromium.install():
        without(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium.found(), args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return made_up.write(tmp_path_factory.mktemp("results") / "made-up")


@pytest.fixture(scope="session")
def page_file(results):
    """The page of the made-up experiment."""
    out = results / "report/explorer.html"
    main(made_up.options(results, out))
    return out


@pytest.fixture(scope="session")
def opened(browser):
    """A function that opens a file and returns its page; `page.said` has what went wrong in it: console
    messages, errors, and requests for anything but files."""

    def open_page(path: Path, viewport=WIDE, scheme="light"):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.said = []
        page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: page.said.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: _note(page, request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    return open_page


def _note(page, url: str) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        page.said.append(f"request: {url[:80]}")


@pytest.fixture(scope="module")
def shared(opened, page_file):
    """The page, open; a test leaves it as it found it, or loads it again."""
    page = opened(page_file)
    yield page
    page.context.close()


@pytest.fixture
def page(shared):
    """The page as it opens."""
    shared.said.clear()
    shared.reload()
    shared.wait_for_selector("html[data-ready]")
    yield shared
    assert shared.said == []
