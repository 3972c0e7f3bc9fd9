"""Malformed configs: every mistake of one at once, a line each."""

from tests.malformed import (
    attach_model_cases,
    config_cases,
    config_mask_cases,
    correlation_config_cases,
    language_model_cases,
    task_config_cases,
    trial_cases,
)
from tests.malformed.case import start
from tests.malformed.config_cases import ACCEPTED  # noqa: F401
from tests.malformed.suite import test_refused, test_the_refused_reach_distinct_checks  # noqa: F401
from workflow_scripts.config.load import load_experiment, read_yaml

CASES = [
    *config_cases.CASES,
    *config_mask_cases.CASES,
    *correlation_config_cases.CASES,
    *attach_model_cases.CASES,
    *task_config_cases.CASES,
    *language_model_cases.CASES,
    *trial_cases.CASES,
]


def test_accepted(accepted, tmp_path, monkeypatch, capsys):
    start(accepted, tmp_path, monkeypatch)(None)
    assert "| prepare_text | 1 | 12 | 100% | 12.0 | 34 |" in capsys.readouterr().out
    assert load_experiment(read_yaml("config.yaml")).train.lr == 0.0005  # the default too
