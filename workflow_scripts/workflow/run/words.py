"""Run a program with further words that a user gave as one text (``ARGS`` of the make targets).

The text is split as a shell does, quotes and ``~/`` included, but nothing in it is run.
"""

import os
import shlex
import sys
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.workflow.run.interrupt import let_wait

#: The command line, with `--debug`, which is for the program.
GIVEN = sys.argv[1:]
#: The program that notices Ctrl-C by itself.
RUN = "workflow_scripts.workflow.run.start"


def split(text: str) -> list[str]:
    """Return the words of a text, by a shell's rules for quotes; UserError for a quote that does not end."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"ARGS={shlex.quote(text)}: {str(error).lower()}; quote it twice") from None
    return [str(Path(word).expanduser()) if word.startswith("~/") else word for word in words]


def main(argv: list[str] | None = None) -> None:
    """Become the program."""
    text, *program = GIVEN if argv is None else argv
    if program[0] == RUN:
        # Ctrl-C waits until the program can answer it; now it would end in a page of imports.
        let_wait()
    os.execv(sys.executable, [sys.executable, "-m", *program, *split(text)])


if __name__ == "__main__":
    run_main(main)
