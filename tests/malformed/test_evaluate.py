"""Malformed hypotheses, references, scores and tables, each to the stage that reads it."""

from tests.malformed.evaluate_cases import ACCEPTED, CASES  # noqa: F401
from tests.malformed.suite import test_accepted, test_refused, test_the_refused_reach_distinct_checks  # noqa: F401
