"""Errors that a user can cause: one line, no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches

DEBUG_VARIABLE = "NEURONSPEC_DEBUG"


class UserError(Exception):
    """A mistake the user can mend: says in one line what is wrong, where, and the nearest right value."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest of ``known``, or an empty string."""
    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def run_main(main: Callable[[list[str] | None], None]) -> None:
    """Run a stage's ``main`` as a program: a UserError becomes one line on stderr and exit status 1.

    With NEURONSPEC_DEBUG set in the environment the traceback is shown.
    """
    try:
        main(None)
    except (UserError, FileNotFoundError, PermissionError, IsADirectoryError) as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
