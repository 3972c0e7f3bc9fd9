"""What the processes of tests/forked.py find imported: Snakemake, its plugins, and what both need."""

from __future__ import annotations

import pydantic
import smart_open
from snakemake.cli import get_argument_parser

get_argument_parser()  # imports the plugins
__all__ = ["pydantic", "smart_open"]
