"""Writes the generated pages of the reference: rules, ``import neuronspec``. A test fails when one drifts.

The page of the config is written by ``workflow_scripts.config.reference``.
"""

from collections.abc import Callable

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.site import python_page, rules_page
from workflow_scripts.workflow.software.environments import ROOT

PAGES: dict[str, Callable[[], str]] = {
    rules_page.PAGE: rules_page.page,
    python_page.PAGE: python_page.page,
}


def main(argv: list[str] | None = None) -> None:
    """Write the pages."""
    for path, page in PAGES.items():
        write_text(ROOT / path, page())


if __name__ == "__main__":
    run_main(main)
