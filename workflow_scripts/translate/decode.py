"""Decode a file of raw text in one direction of a system.

The output has exactly one detokenised line per input line, in order; an empty line stays empty.
"""

import argparse
import sys
import time
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import atomic_path
from workflow_scripts.translate.pipeline import Progress, count_lines, read_lines
from workflow_scripts.translate.session import add_session_arguments, open_session


def main(argv: list[str] | None = None) -> None:
    """Run the stage; UserError for an unknown direction, an unfit system or text that is not UTF-8."""
    parser = argparse.ArgumentParser(prog="decode", description=__doc__.partition("\n")[0])
    add_session_arguments(parser)
    parser.add_argument("--source", type=Path, required=True, help="raw text, one sentence per line")
    parser.add_argument("--out", type=Path, required=True, help="translations, one per line")
    arguments = parser.parse_args(argv)

    total = count_lines(arguments.source)
    started = time.monotonic()
    session = open_session(arguments)
    print(f"{arguments.direction}: loaded in {time.monotonic() - started:.2f} s", file=sys.stderr, flush=True)
    with (
        arguments.source.open(encoding="utf-8-sig", newline="\n") as source,
        atomic_path(arguments.out) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as out,
    ):
        for line in session.translate(read_lines(source), Progress(total)):
            out.write(line + "\n")


if __name__ == "__main__":
    run_main(main)
