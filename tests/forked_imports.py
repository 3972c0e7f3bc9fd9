"""What the processes of tests/forked.py find imported: Snakemake, its plugins, and what reads this config.

Nothing of the package that is run as a program.
"""

from __future__ import annotations

import pydantic
import smart_open
from snakemake.cli import get_argument_parser

from workflow_scripts.config import load

get_argument_parser()  # imports the plugins
__all__ = ["load", "pydantic", "smart_open"]
