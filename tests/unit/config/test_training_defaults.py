"""The config gives the trainer every setting, each with a value that it takes."""

from typing import get_args

import pytest

from tests import training_settings as of_tests
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.training import Finetune, Settings, Train
from workflow_scripts.train.training_settings import (
    PRECISIONS,
    SAMPLERS,
    SCHEDULERS,
    SETTINGS,
    checked_settings,
)


def given_by(section: Settings) -> dict[str, object]:
    return {**section.settings(), **section.execution()}


@pytest.mark.parametrize(("section", "sampler"), [(Train(), "mixed"), (Finetune(), "by_direction")])
def test_the_trainer_takes_what_the_config_gives(section: Settings, sampler: str) -> None:
    given = given_by(section)
    checked = checked_settings(given)
    assert checked == given
    assert list(checked) == list(SETTINGS)
    assert checked["sampler"] == sampler


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_that_is_missing_is_named(key: str) -> None:
    given = given_by(Train())
    del given[key]
    with pytest.raises(UserError, match=f"^missing in the training settings: {key}$"):
        checked_settings(given)


def test_the_settings_of_tests_are_the_configs_defaults() -> None:
    """But for the threads: torch's own number."""
    given = given_by(Train())
    assert {**given, "adam_betas": [*Train().adam_betas], "threads": None} == of_tests.SETTINGS


def test_choices_agree() -> None:
    fields = Settings.model_fields
    assert set(get_args(fields["scheduler"].annotation)) == set(SCHEDULERS)
    assert set(get_args(fields["precision"].annotation)) == set(PRECISIONS)
    assert set(get_args(fields["sampler"].annotation)) == set(SAMPLERS)


def test_execution_is_apart_and_a_split_of_the_batch_is_execution() -> None:
    one, other = Train(max_tokens=2400), Train(max_tokens=1200, update_freq=2)
    assert one.settings() == other.settings()
    assert one.settings()["tokens_per_update"] == 2400
    assert (one.execution()["max_tokens"], other.execution()["max_tokens"]) == (2400, 1200)
    assert not set(one.settings()) & set(one.execution())


def test_a_short_fine_tuning_warms_up_within_it() -> None:
    """Nothing else may change: 4000 stays where it fits, and what is written down stays."""
    given = [{}, {"max_updates": 50}, {"max_updates": 3999}, {"max_updates": 4000}, {"warmup_updates": 7}]
    assert [Finetune(**one).warmup_updates for one in given] == [100, 50, 100, 4000, 7]
    assert Train().warmup_updates == 4000


def test_more_updates_let_a_fine_tuning_go_on() -> None:
    shorter, longer = (Finetune(max_updates=updates).settings() for updates in (1000, 2000))
    assert {key for key in shorter if shorter[key] != longer[key]} == {"max_updates"}


def test_a_warm_up_may_end_with_the_last_update() -> None:
    assert checked_settings(given_by(Train(max_updates=10, warmup_updates=10)))["warmup_updates"] == 10
