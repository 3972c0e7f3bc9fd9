"""Malformed hypotheses, references, scores and tables, each to the stage that reads it."""

import pytest

from tests.malformed.case import assert_share, refused, start
from tests.malformed.evaluate_cases import ACCEPTED, CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, reached, tmp_path, monkeypatch, capsys):
    reached[case.name] = refused(case, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case, tmp_path, monkeypatch):
    start(case, tmp_path, monkeypatch)(None)
    case.check(tmp_path)


def test_checks(reached):
    assert_share("evaluate", CASES, reached)
