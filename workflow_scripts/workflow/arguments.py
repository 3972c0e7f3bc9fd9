"""The command line of programs about one experiment."""

import argparse
from pathlib import Path

from workflow_scripts.common.errors import UserError


def folder_there(name: str | Path) -> Path:
    """Return the folder that ``--directory`` names. UserError: there is none."""
    if not Path(name).is_dir():
        raise UserError(f"--directory {name}: there is no such folder")
    return Path(name)


def parser_of(doc: str, directory: bool = True) -> argparse.ArgumentParser:
    """Return a parser with ``--configfile``, described by the first line of a docstring."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0], allow_abbrev=directory)
    parser.add_argument("--configfile", required=True)
    if directory:
        parser.add_argument(
            "--directory", "-d", type=folder_there, default=Path(), help="the folder with results/ in it"
        )
    return parser
