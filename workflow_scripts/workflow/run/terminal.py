"""What a run prints: short reasons for jobs, and no errors of jobs that Ctrl-C ended.

Snakemake itself would list every file and param, and print each ended job with its whole command.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from workflow_scripts.workflow.graph import Reason, reason_of
from workflow_scripts.workflow.plan.param_changes import changes
from workflow_scripts.workflow.run.interrupt import Interrupt

_SINCE = "changed since last execution"
#: Snakemake's words for what a Reason holds.
_WORDS = {
    "forced": "Forced execution",
    "missing": "Missing output files",
    "incomplete": "Incomplete output files",
    "updated": "Updated input files",
    "follows": "Input files updated by another job",
    "inputs": f"Set of input files has {_SINCE}",
    "code": f"Code has {_SINCE}",
    "software": f"Software environment definition has {_SINCE}",
}
#: Mistakes of a config that are shown at once.
MOST_LINES = 20


def short_reason(why: Reason) -> str:
    """Return a reason with the first file of many, and what changed in params."""
    said = []
    for name, words in _WORDS.items():
        found = getattr(why, name)
        if found is True:
            said.append(words)
        elif found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            said.append(f"{words}: {found[0]}{more}")
    if changed := changes(why.before, why.now, {}):
        said.append(f"Params have {_SINCE}: {'; '.join(changed)}")
    return "; ".join(said)


def shorten_reasons(kind: Any) -> None:
    """Have Snakemake give reasons in few words. ``kind``: its class of reasons."""
    whole = kind.__str__
    kind.__str__ = lambda found: short_reason(reason_of(found)) or whole(found)


def refuse(lines: Sequence[str]) -> NoReturn:
    """Print why there is no run, and exit: Snakemake would add where in its files it was found."""
    for line in lines[:MOST_LINES]:
        print(f"error: {line}", file=sys.stderr)
    if len(lines) > MOST_LINES:
        print(f"error: and {len(lines) - MOST_LINES} more", file=sys.stderr)
    raise SystemExit(1)


class Terminal(logging.Filter):
    """Passes Snakemake's records on, but no errors once a user has stopped the run."""

    def __init__(self, interrupt: Interrupt) -> None:
        super().__init__()
        self.interrupt = interrupt

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be shown."""
        # The end of a job may be noticed before Ctrl-C.
        return not (record.levelno >= logging.ERROR and self.interrupt.may_have_come())
