"""What a run says at the terminal: reasons of a few words, and no errors of jobs that Ctrl-C ended.

Snakemake gives every file and param as a reason for a job, thousands of characters; and when a user stops
it, each job that ends with it is a red error with its whole command. Inputs: its records, before they are
shown. Outputs: the same, shorter or left out.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from workflow_scripts.operate.dry_run import WHOLE_VARIABLE, parts_of_reason
from workflow_scripts.operate.interrupt import Interrupt
from workflow_scripts.operate.param_changes import changes, short

#: Characters of what is no list of files and no change of params.
LONGEST = 200
#: Mistakes of one config that are told at once.
MOST_LINES = 20


def short_reason(text: str) -> str:
    """Return a reason of Snakemake's with one file for many, and of params what changed."""
    said = []
    for head, files, before, now in parts_of_reason(text):
        if files:
            more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
            said.append(f"{head}{files[0]}{more}")
        elif before or now:
            said.append(f"{head}{'; '.join(changes(before, now, {}))}")
        else:
            said.append(short(head, LONGEST))
    return "; ".join(said)


def refuse(lines: Sequence[str]) -> NoReturn:
    """Say why there is no run, and end: Snakemake would tell with it where in its files it was found."""
    for line in lines[:MOST_LINES]:
        print(f"error: {line}", file=sys.stderr)
    if len(lines) > MOST_LINES:
        print(f"error: and {len(lines) - MOST_LINES} more", file=sys.stderr)
    raise SystemExit(1)


class Terminal(logging.Filter):
    """Passes Snakemake's records on: reasons short, and no errors once a user has stopped the run."""

    def __init__(self, interrupt: Interrupt) -> None:
        super().__init__()
        self.interrupt = interrupt
        self.shortens = WHOLE_VARIABLE not in os.environ

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be shown."""
        reason = getattr(record, "reason", None)
        if self.shortens and isinstance(reason, str):
            record.reason = short_reason(reason)
        # A job that Ctrl-C ended may be heard of first.
        return not (record.levelno >= logging.ERROR and self.interrupt.may_have_come())
