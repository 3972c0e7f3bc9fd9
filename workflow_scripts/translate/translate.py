"""Translate raw text from standard input to standard output: any system, any direction it has.

At a terminal each line is answered at once; from a file or pipe lines are taken in blocks, which is faster.
"""

import argparse
import os
import sys
from io import TextIOWrapper

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.translate.pipeline import BLOCK_SENTENCES, Progress, read_lines
from workflow_scripts.translate.session import add_session_arguments, open_session


def main(argv: list[str] | None = None) -> None:
    """Run the command; UserError for an unknown direction, an unfit system or text that is not UTF-8."""
    parser = argparse.ArgumentParser(prog="translate", description=__doc__.partition("\n")[0])
    add_session_arguments(parser)
    arguments = parser.parse_args(argv)
    session = open_session(arguments)
    assert isinstance(sys.stdin, TextIOWrapper) and isinstance(sys.stdout, TextIOWrapper)
    sys.stdin.reconfigure(encoding="utf-8-sig", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    block = 1 if sys.stdin.isatty() else BLOCK_SENTENCES
    try:
        for line in session.translate(read_lines(sys.stdin), Progress(), block=block):
            print(line, flush=block == 1)
        sys.stdout.flush()
    except UnicodeDecodeError as error:
        raise UserError(f"standard input is not UTF-8 ({error.reason} at byte {error.start})") from None
    except BrokenPipeError:
        # The reader has gone (as `head` does): nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    run_main(main)
