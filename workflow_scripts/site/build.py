"""Builds the documentation site into site/ (`make docs`), and checks its links."""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.site.links import problems
from workflow_scripts.site.pages import assemble
from workflow_scripts.workflow.software.environments import ROOT, venvs_folder

#: Pages and settings as they are handed to the program that builds; ignored by git, as `site/` is.
WORK, SITE = ".site-pages", "site"
#: mkdocs 1.6 is to be followed by another program: CONTRIBUTING.md says so, its box at every build need not.
QUIET = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
#: What is in every site that this program built. Another folder with something in it is not deleted.
BUILT = "search/search_index.json"


def build(root: Path, site: Path, work: Path) -> int:
    """Build the pages of a checkout into ``site``; return how many pages. UserError: broken links, or
    ``site`` is a folder of something else."""
    # What a build that was stopped left in the folder that is ours is deleted, too.
    ours = (site / BUILT).is_file() or site.resolve() == (root / SITE).resolve()
    if site.exists() and not ours and (not site.is_dir() or any(site.iterdir())):
        raise UserError(f"{site}: something else than a site, which would be deleted; name a new folder")
    if root.resolve().is_relative_to(site.resolve()):
        raise UserError(f"{site}: the pages themselves are in there; name a new folder")
    settings = assemble(root, work)
    shutil.rmtree(site, ignore_errors=True)
    program = [str(venvs_folder() / "docs/bin/python"), "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*program, "--config-file", settings, "--site-dir", site.resolve()],
        env=os.environ | QUIET, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        # --strict counts warnings; with --quiet it would count none.
        said = (done.stdout + done.stderr).strip().splitlines()
        wrong = [line for line in said if line.startswith(("WARNING", "ERROR"))]
        raise UserError("\n".join(["the site could not be built:", *(wrong or said)]))
    if found := list(problems(site)):
        raise UserError("\n".join(found))
    return len(list(site.rglob("*.html")))


def main(argv: list[str] | None = None) -> None:
    """Build the site of this checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / SITE, help="folder of the site; it is made again")
    out = parser.parse_args(argv).out
    print(f"{build(ROOT, out, ROOT / WORK)} pages: open {out / 'index.html'}")


if __name__ == "__main__":
    run_main(main)
