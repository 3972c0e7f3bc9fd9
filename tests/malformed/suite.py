"""The tests of an environment's cases: a file of tests imports them, and has CASES and ACCEPTED."""

import pytest

from tests.malformed.case import CHECKS, refused, start
from tests.runner.tiers import environment_of


def test_refused(case, reached, tmp_path, monkeypatch, capsys):
    reached[case.name] = refused(case, tmp_path, monkeypatch, capsys)


def test_accepted(accepted, tmp_path, monkeypatch):
    start(accepted, tmp_path, monkeypatch)(None)
    accepted.check(tmp_path)


def test_the_refused_reach_distinct_checks(request, reached):
    """As many as the environment promises; what several environments share counts once, in that of text."""
    if len(reached) < len(request.module.CASES):
        pytest.skip("only where all cases ran")
    environment = environment_of(f"tests/malformed/{request.path.name}")
    shared = ("units/", "os ") if environment != "text" else ()
    distinct = {check for checks in reached.values() for check in checks if not check.startswith(shared)}
    assert len(distinct) >= CHECKS[environment], sorted(distinct)
