"""The trainer's defaults, used by hand runs, beside those of the config, which names every key it has."""

from typing import get_args

from workflow_scripts.config.training import Finetune, Settings, Train
from workflow_scripts.train.settings import DEFAULTS, PRECISIONS, SAMPLERS, SCHEDULERS, complete_settings

# The config's update_freq is a number of batches, the trainer's tokens_per_update what they hold.
CONFIG_ONLY, TRAINER_ONLY = {"update_freq"}, {"tokens_per_update"}
# By hand: the stage's own sampler, and torch's own number of threads.
LEFT_OPEN = {"sampler", "threads"}


def test_defaults_agree():
    ours = Settings().model_dump(mode="json")
    assert set(ours) - CONFIG_ONLY == set(DEFAULTS) - TRAINER_ONLY
    shared = set(ours) - CONFIG_ONLY - LEFT_OPEN
    assert {key: ours[key] for key in shared} == {key: DEFAULTS[key] for key in shared}
    assert all(DEFAULTS[key] is None for key in LEFT_OPEN)


def test_choices_agree():
    fields = Settings.model_fields
    assert set(get_args(fields["scheduler"].annotation)) == set(SCHEDULERS)
    assert set(get_args(fields["precision"].annotation)) == set(PRECISIONS)
    assert set(get_args(fields["sampler"].annotation)) == set(SAMPLERS)


def test_the_trainer_takes_what_the_config_gives():
    for section, sampler in ((Train(), "mixed"), (Finetune(), "by_direction")):
        given = {**section.settings(), **section.execution()}
        complete = complete_settings(given, default_sampler="none")
        assert complete["sampler"] == sampler
        assert {key: complete[key] for key in given} == given


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
    assert complete_settings({"max_updates": 10, "warmup_updates": 10}, "mixed")["warmup_updates"] == 10
