"""Scores, significance and tables of outputs that others made: nothing is trained, no experiment is needed.

In:  hypotheses, references and perhaps sources, detokenised UTF-8 text, one sentence a line (``.gz`` too),
     named by patterns such as ``DIR/{system}/{direction}/hyp.txt``.
Out: in ``--out``: ``scores.csv``, ``significance.csv`` (against ``--baseline``) and the tables of an
     experiment; below ``scores/`` and ``significance/`` what they are made from.

The stages are those of the workflow, called in its order. Needs neither fairseq nor torch (without COMET).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.evaluate import compare, score
from workflow_scripts.evaluate.metrics import METRICS
from workflow_scripts.evaluate.patterns import complete, fill, find
from workflow_scripts.evaluate.score import DEFAULT_TOKENIZER

EXPERIMENT, TESTSET, SEED = "outputs", "outputs", "0"


def pivot_of(directions: Sequence[str]) -> str:
    """Return the one language that every direction has, "" if there is none or two."""
    shared = set(split_direction(directions[0]))
    for direction in directions:
        shared &= set(split_direction(direction))
    return shared.pop() if len(shared) == 1 else ""
