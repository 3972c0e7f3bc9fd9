"""How both training programs start."""

import argparse
import os

import pytest

from workflow_scripts.train import command_line


@pytest.mark.parametrize(("given", "expected"), [(None, "1000"), ("5", "5")])
def test_waiting_threads_spin_shortly_unless_the_environment_says_otherwise(
    given: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", given or "")
    if given is None:
        monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setattr(command_line, "take_place", lambda: None)
    parser = argparse.ArgumentParser()
    parser.add_argument("--start-with")
    command_line.start(parser, [])
    assert os.environ["GOMP_SPINCOUNT"] == expected
