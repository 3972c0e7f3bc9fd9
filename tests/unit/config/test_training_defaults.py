"""The trainer's defaults, used by hand runs, beside those of the config, which names every key it has."""

from __future__ import annotations

from typing import get_args

from workflow_scripts.config.training import Finetune, Settings, Train
from workflow_scripts.models.settings import DEFAULTS, PRECISIONS, SAMPLERS, SCHEDULERS, complete_settings

# Only the trainer has these; the rest of its keys are the config's.
TRAINER_ONLY = {"max_positions", "stop_time_hours"}
# By hand: the stage's own sampler, and torch's own number of threads.
LEFT_OPEN = {"sampler", "threads"}


def test_defaults_agree():
    ours = Settings().model_dump(mode="json")
    assert set(ours) == set(DEFAULTS) - TRAINER_ONLY
    assert {key: ours[key] for key in set(ours) - LEFT_OPEN} == {
        key: DEFAULTS[key] for key in set(DEFAULTS) - TRAINER_ONLY - LEFT_OPEN
    }
    assert all(DEFAULTS[key] is None for key in LEFT_OPEN)


def test_choices_agree():
    fields = Settings.model_fields
    assert set(get_args(fields["scheduler"].annotation)) == set(SCHEDULERS)
    assert set(get_args(fields["precision"].annotation)) == set(PRECISIONS)
    assert set(get_args(fields["sampler"].annotation)) == set(SAMPLERS)


def test_the_trainer_takes_what_the_config_gives():
    for given, sampler in ((Train().settings(), "mixed"), (Finetune().settings(), "by_direction")):
        complete = complete_settings(given, default_sampler="none")
        assert complete["sampler"] == sampler
        assert {key: complete[key] for key in given} == given
