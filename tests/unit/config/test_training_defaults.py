"""The settings of a training: their one home is the config, and the stage takes what it gives."""

import json
from typing import get_args

import pytest

from tests.training_settings import SETTINGS
from workflow_scripts.config.training import Finetune, Settings, Train
from workflow_scripts.errors import UserError
from workflow_scripts.models.settings import KEYS, PRECISIONS, SAMPLERS, SCHEDULERS, checked_settings


def test_the_tests_have_the_settings_of_the_config():
    ours = json.loads(json.dumps({**Train().settings(), **Train().execution()}))
    assert {*ours} == {*KEYS} == {*SETTINGS}
    # By hand: torch's own number of threads.
    assert {key for key in KEYS if ours[key] != SETTINGS[key]} == {"threads"}


@pytest.mark.parametrize("key", ["lr", "tokens_per_update", "log_interval"])
def test_a_setting_that_is_missing_is_refused(key):
    """No default of the stage's own may stand for what a config says."""
    with pytest.raises(UserError, match=f"^missing in the training settings: {key}$"):
        checked_settings({name: value for name, value in SETTINGS.items() if name != key})


def test_choices_agree():
    fields = Settings.model_fields
    assert set(get_args(fields["scheduler"].annotation)) == set(SCHEDULERS)
    assert set(get_args(fields["precision"].annotation)) == set(PRECISIONS)
    assert set(get_args(fields["sampler"].annotation)) == set(SAMPLERS)


def test_the_trainer_takes_what_the_config_gives():
    for section, sampler in ((Train(), "mixed"), (Finetune(), "by_direction")):
        given = {**section.settings(), **section.execution()}
        assert checked_settings(given) == given
        assert given["sampler"] == sampler


def test_execution_is_apart_and_a_split_of_the_batch_is_execution():
    one, other = Train(max_tokens=2400), Train(max_tokens=1200, update_freq=2)
    assert one.settings() == other.settings()
    assert one.settings()["tokens_per_update"] == 2400
    assert (one.execution()["max_tokens"], other.execution()["max_tokens"]) == (2400, 1200)
    assert not set(one.settings()) & set(one.execution())


def test_a_short_fine_tuning_warms_up_within_it():
    """Nothing else may change: 4000 stays where it fits, and what is written down stays."""
    given = [{}, {"max_updates": 50}, {"max_updates": 3999}, {"max_updates": 4000}, {"warmup_updates": 7}]
    assert [Finetune(**one).warmup_updates for one in given] == [100, 50, 100, 4000, 7]
    assert Train().warmup_updates == 4000


def test_more_updates_let_a_fine_tuning_go_on():
    shorter, longer = (Finetune(max_updates=updates).settings() for updates in (1000, 2000))
    assert {key for key in shorter if shorter[key] != longer[key]} == {"max_updates"}


def test_a_warm_up_may_end_with_the_last_update():
    assert checked_settings({**SETTINGS, "max_updates": 10, "warmup_updates": 10})["warmup_updates"] == 10
