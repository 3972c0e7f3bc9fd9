"""The command line of programs about one experiment."""

import argparse
from pathlib import Path


def parser_of(doc: str, directory: bool = True) -> argparse.ArgumentParser:
    """Return a parser with ``--configfile`` and the first line of a module's docstring as its description.

    ``directory``: it has ``--directory`` too; a parser without leaves all other options to Snakemake.
    """
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0], allow_abbrev=directory)
    parser.add_argument("--configfile", required=True)
    if directory:
        parser.add_argument(
            "--directory", "-d", type=Path, default=Path(), help="the folder with results/ in it"
        )
    return parser
