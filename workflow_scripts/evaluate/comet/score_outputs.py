"""COMET scores of several systems, seeds and test sets by one model, which is loaded once.

Standard input is JSON: for each, what an error calls it, and the words of ``score_comet``.
"""

import json
import sys
from functools import lru_cache

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.evaluate.comet import score_comet


def main(_: list[str] | None = None) -> None:
    """Score each. Raises UserError: as ``score_comet``, with the name of what it was."""
    jobs: dict[str, list[str]] = json.load(sys.stdin)
    load = lru_cache(maxsize=1)(score_comet.load)
    for name, words in jobs.items():
        try:
            score_comet.main(words, load)
        except UserError as error:
            raise UserError(f"{name}: {error}") from None


if __name__ == "__main__":
    run_main(main)
