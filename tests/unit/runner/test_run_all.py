"""What `make test` says last, what it returns, and how many tests run at a time."""

import os
import threading
import time

import pytest

from tests import run_all
from tests.runner import units
from tests.runner.session import Outcome

GIVEN = {
    "text": Outcome("text", passed=5, failed=0, skipped=2, seconds=1.4, cpu=2.6, units={"a": 7.0}),
    "comet": Outcome("comet", passed=3, failed=1, skipped=0, seconds=10.0, cpu=20.0, units={"b": 9.0}),
}


@pytest.fixture
def asked(monkeypatch):
    sessions = []

    def run_session(session, workers, say, told):
        sessions.append((session.name, session.files, workers))
        return GIVEN[session.name]

    monkeypatch.setattr(run_all, "run_session", run_session)
    monkeypatch.setattr(run_all, "run_linters", lambda: Outcome("lint", passed=5, seconds=3.0, cpu=4.0))
    monkeypatch.setenv("JOBS", "3")
    return sessions


def call(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["run_all.py", *words])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    return run_all.main()


def test_the_last_line_counts_them_all(asked, monkeypatch, capsys):
    suites = "tests/malformed/test_comet.py", "tests/unit/units/test_select_masks.py", "lint"
    assert call(monkeypatch, *suites) == 1
    assert asked == [
        ("text", ("tests/unit/units/test_select_masks.py",), 3),
        ("comet", ("tests/malformed/test_comet.py",), 3),
    ]
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "13 passed, 1 failed, 2 skipped"
    table = [line.split() for line in lines[-6:-2]]
    assert table == [
        ["text", "5", "0", "2", "1", "3"],
        ["comet", "3", "1", "0", "10", "20"],
        ["lint", "5", "0", "0", "3", "4"],
        ["0", "s", "in", "all"],
    ]


def test_all_that_passed_is_status_0_and_long_ones_are_kept_only_if_asked(asked, monkeypatch):
    kept = []
    monkeypatch.setattr(units, "write_seconds", kept.append)
    assert call(monkeypatch, "tests/unit/units/test_select_masks.py") == 0
    assert kept == []
    assert call(monkeypatch, "tests/unit/units/test_select_masks.py", "--record") == 0
    assert kept == [{"a": 7.0}]


@pytest.mark.usefixtures("asked")
def test_nothing_to_run_is_no_success(monkeypatch):
    for word in ("tests/golden", "tests/small_config.py"):
        with pytest.raises(SystemExit, match=f"^error: there are no tests in {word}$"):
            call(monkeypatch, "lint", word)
    with pytest.raises(SystemExit, match=r"^error: there is no tests/nothing_there$"):
        call(monkeypatch, "lint", "tests/nothing_there")


@pytest.mark.usefixtures("asked")
def test_what_is_not_there_is_named(monkeypatch):
    with pytest.raises(SystemExit, match=r"^error: no suite 'text'; there are unit, .*files of tests/$"):
        call(monkeypatch, "unit", "text")
    with pytest.raises(SystemExit, match=r"^error: no suite 'unit/units'; .*; tests/unit/units\?$"):
        call(monkeypatch, "unit/units")
    monkeypatch.setattr(run_all.tiers, "uncovered", lambda root: ["tests/unit/new/test_a.py"])
    with pytest.raises(SystemExit, match=r"no environment or no tier for tests/unit/new/test_a\.py$"):
        call(monkeypatch, "unit")


@pytest.mark.parametrize(("given", "cores", "expected"), [("", 2, 2), ("", 64, 4), ("", 1, 1), ("6", 2, 6)])
def test_one_test_a_core_unless_said(monkeypatch, given, cores, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    monkeypatch.setenv("JOBS", given)
    assert run_all.workers() == expected
    # Those that wait leave a core free; never more than fit into memory.
    assert run_all.workers(waiting=True) == (expected if given or cores > 2 else expected + 1)


FILES = (
    "tests/unit/units/test_select_masks.py",
    "tests/malformed/test_comet.py",
    "tests/unit/runner/test_tiers.py",
)


def test_where_cores_are_few_two_sessions_run_at_a_time_and_the_longest_from_the_start(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.delenv("JOBS", raising=False)
    begun, both = [], threading.Barrier(2)

    def run_session(session, workers, say, told):
        begun.append((session.name, workers))
        if session.name != "comet":
            both.wait(60)  # for the other one of the first two
        return Outcome(session.name, passed=1)

    monkeypatch.setattr(run_all, "run_session", run_session)
    assert call(monkeypatch, *FILES) == 0
    assert sorted(begun[:2]) == [("text", 2), ("workflow", 2)]
    assert begun[2:] == [("comet", 2)]


@pytest.mark.parametrize(("given", "cores", "at_once"), [("3", 2, 3), ("", 3, 3), ("", 64, 4)])
def test_else_they_follow_each_other_the_longest_late(monkeypatch, given, cores, at_once):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    monkeypatch.setenv("JOBS", given)
    begun, running = [], threading.Lock()

    def run_session(session, workers, say, told):
        assert running.acquire(blocking=False)
        begun.append((session.name, workers))
        time.sleep(0.05)  # another one would find the lock taken
        running.release()
        return Outcome(session.name, passed=1)

    monkeypatch.setattr(run_all, "run_session", run_session)
    assert call(monkeypatch, *FILES) == 0
    assert begun == [("text", at_once), ("comet", at_once), ("workflow", at_once)]


def test_when_told_to_end_both_end_and_no_other_begins(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.delenv("JOBS", raising=False)
    ended, begun = [], threading.Event()

    def run_session(session, workers, say, told):
        if session.name == "workflow":
            assert begun.wait(60)
            raise KeyboardInterrupt
        begun.set()
        assert told.wait(60)
        ended.append(session.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(run_all, "run_session", run_session)
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, *FILES)
    assert ended == ["text"]


@pytest.mark.parametrize("given", ["0", "two", "-1"])
def test_a_number_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv("JOBS", given)
    with pytest.raises(SystemExit, match=f"^error: JOBS is the number of tests at a time, not '{given}'$"):
        run_all.workers()


def test_a_linter_that_fails_does_not_hide_the_others(monkeypatch, capsys):
    linters = {"bad": ("workflow", "json.tool", "/dev/null"), "good": ("workflow", "platform")}
    monkeypatch.setattr(run_all, "LINTERS", linters)
    outcome = run_all.run_linters()
    assert (outcome.passed, outcome.failed) == (1, 1)
    said = capsys.readouterr().out
    assert said.startswith("bad: FAILED\nExpecting value") and said.endswith("good: ok\n")
    assert outcome.cpu > 0
