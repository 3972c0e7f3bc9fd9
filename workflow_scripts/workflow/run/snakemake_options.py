"""The options of Snakemake's that this package reads."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """Return the options ``directory``, ``configfile``, ``config``, ``cores``, ``jobs`` and ``profile``."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d", type=Path, default=Path())
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    parser.add_argument("--config", "-C", nargs="*")
    parser.add_argument("--cores", "-c", nargs="?", const="all")
    parser.add_argument("--jobs", "-j", nargs="?", const="unlimited")
    parser.add_argument("--profile", type=Path)
    return parser.parse_known_args(words)[0]


def working_directory(words: Sequence[str]) -> Path:
    """Return the folder that Snakemake will work in."""
    return Path(read_options(words).directory)
