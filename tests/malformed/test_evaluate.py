"""Malformed hypotheses, references, scores and tables, each to the stage that reads it."""

from tests.malformed import evaluate_cases, explorer_cases, overlap_cases
from tests.malformed.suite import test_accepted, test_refused, test_the_refused_reach_distinct_checks  # noqa: F401

CASES = [*evaluate_cases.CASES, *overlap_cases.CASES, *explorer_cases.CASES]
ACCEPTED = evaluate_cases.ACCEPTED
