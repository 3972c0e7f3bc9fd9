"""Malformed configs: every mistake of one at once, a line each."""

import pytest

from tests.malformed.case import assert_share, refused, start
from tests.malformed.config_cases import ACCEPTED, CASES
from workflow_scripts.config.load import load_experiment, read_yaml


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, reached, tmp_path, monkeypatch, capsys):
    reached[case.name] = refused(case, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case, tmp_path, monkeypatch, capsys):
    start(case, tmp_path, monkeypatch)(None)
    assert "| prepare_text | 1 | 12 | 100% | 12.0 | 34 |" in capsys.readouterr().out
    lr = load_experiment(read_yaml("config.yaml")).train.lr
    assert lr == 0.0005  # the default too


def test_checks(reached):
    assert_share("workflow", CASES, reached)
