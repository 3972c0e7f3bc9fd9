"""The command line of programs about one experiment."""

import argparse
from pathlib import Path


def parser_of(doc: str, directory: bool = True) -> argparse.ArgumentParser:
    """Return a parser with ``--configfile``, described by the first line of a docstring."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0], allow_abbrev=directory)
    parser.add_argument("--configfile", required=True)
    if directory:
        parser.add_argument(
            "--directory", "-d", type=Path, default=Path(), help="the folder with results/ in it"
        )
    return parser
