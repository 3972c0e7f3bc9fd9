"""Training settings: which there are, what each may be, and which may change between two attempts."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.sampling_rules import EXAMPLES as SAMPLING_EXAMPLES
from workflow_scripts.common.sampling_rules import check_sampling
from workflow_scripts.units.training_files import STEP, STEP_VERSIONS

SCHEDULERS = ("inverse_sqrt", "polynomial_decay", "cosine", "fixed")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")
SAMPLERS = ("by_direction", "mixed")
# Their learning rate at an update depends on where training ends.
ENDING_SCHEDULERS = ("polynomial_decay", "cosine")
DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")

# Weights of the sources of each pair's training text; absent, also from fingerprints, where all are equal.
SOURCE_WEIGHTS = "source_weights"

# How often a direction is drawn, in place of the temperature; likewise absent where it is not given.
SAMPLING = "sampling"

# A change of these lets a training go on.
EXTENDABLE_KEYS = ("max_updates", "patience", "validate_interval_updates")
# Where and how it runs: goes on, and the change is recorded.
EXECUTION_KEYS = ("max_tokens", "precision", "threads", "data_workers")
# What is only seen, logged or kept.
UNTRACKED_KEYS = ("tensorboard", "valid_bleu", "log_interval", "keep_checkpoints", "keep_optimizer")

#: Whether a value may be, and what it must be in words.
Check = tuple[Callable[[Any], bool], str]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_POSITIVE: Check = (lambda value: _is_number(value) and value > 0, "positive")
_SHARE: Check = (lambda value: _is_number(value) and 0 <= value < 1, "a number from 0 to below 1")
_NOT_NEGATIVE: Check = (lambda value: _is_number(value) and value >= 0, "a number of at least 0")
_FLAG: Check = (lambda value: isinstance(value, bool), "true or false")


def _are_betas(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_SHARE[0], value))


def _are_weights(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(one, list) and one and all(map(_POSITIVE[0], one)) for one in value.values()
    )


def _is_sampling(value: Any) -> bool:
    try:
        check_sampling(value)
    except UserError:
        return False
    return True


def _whole(least: int) -> Check:
    def is_whole(value: Any) -> bool:
        return _is_number(value) and value == int(value) and value >= least

    return is_whole, f"a whole number of at least {least}"


def _one_of(*allowed: str) -> Check:
    return (lambda value: value in allowed, f"one of {', '.join(allowed)}")


def _or_none(check: Check) -> Check:
    return (lambda value: value is None or check[0](value), check[1])


#: In the order in which records of a training have them.
SETTINGS: dict[str, Check] = {
    "max_updates": _whole(1),
    "max_tokens": _whole(1),
    "tokens_per_update": _whole(1),
    "lr": _POSITIVE,
    "warmup_updates": _whole(0),
    "scheduler": _one_of(*SCHEDULERS),
    **{name: _or_none(_SHARE) for name in DROPOUTS},
    "label_smoothing": _SHARE,
    "adam_betas": (_are_betas, "two numbers from 0 to below 1"),
    "adam_eps": _POSITIVE,
    "weight_decay": _NOT_NEGATIVE,
    "clip_norm": _NOT_NEGATIVE,
    "temperature": _POSITIVE,
    "virtual_epoch_size": _or_none(_whole(1)),
    "sampler": _one_of(*SAMPLERS),
    "validate_interval_updates": _whole(1),
    "keep_checkpoints": _whole(1),
    "keep_optimizer": _FLAG,
    "patience": _or_none(_whole(1)),
    "precision": _one_of(*PRECISIONS),
    "threads": _or_none(_whole(1)),
    "data_workers": _whole(0),
    "tensorboard": _FLAG,
    "valid_bleu": _FLAG,
    "log_interval": _whole(1),
}
#: What may be left out.
OPTIONAL: dict[str, Check] = {
    SOURCE_WEIGHTS: (_are_weights, "lists of positive numbers by pair"),
    SAMPLING: (_is_sampling, f"one of {', '.join(SAMPLING_EXAMPLES)}"),
    # The fingerprint has the version that goes with it.
    STEP: _one_of(*STEP_VERSIONS),
}


def checked_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in the order of SETTINGS; UserError for a wrong key or value."""
    allowed = {**SETTINGS, **OPTIONAL}
    for key in given:
        if key not in allowed:
            raise UserError(f"unknown key {key!r} in the training settings{nearest(key, SETTINGS)}")
    if missing := [key for key in SETTINGS if key not in given]:
        raise UserError(f"missing in the training settings: {', '.join(missing)}")
    settings = {key: given[key] for key in allowed if key in given}
    for key, value in settings.items():
        is_right, what = allowed[key]
        if not is_right(value):
            near = nearest(str(value), what.removeprefix("one of ").split(", "))
            raise UserError(f"{key} {value!r:.60} in the training settings must be {what}{near}")
    if SAMPLING in settings and settings["temperature"] != 1:
        raise UserError(
            f"{SAMPLING} {settings[SAMPLING]} and temperature {settings['temperature']} in the training"
            " settings both say how often a direction is drawn; leave one at 1 or out"
        )
    if settings["scheduler"] in ENDING_SCHEDULERS and settings["warmup_updates"] >= settings["max_updates"]:
        raise UserError(
            f"warmup_updates {settings['warmup_updates']} in the training settings must be below max_updates"
            f" {settings['max_updates']} with scheduler {settings['scheduler']}"
        )
    if settings["warmup_updates"] > settings["max_updates"]:
        raise UserError(
            f"warmup_updates {settings['warmup_updates']} in the training settings is beyond max_updates"
            f" {settings['max_updates']}, so that lr {settings['lr']} is never reached; lower it"
        )
    return settings


def with_dropouts(architecture: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the architecture with the settings' dropout values where they are given."""
    given = {key: settings[key] for key in DROPOUTS if settings[key] is not None}
    return {**architecture, **given}


def settings_by_class(settings: Mapping[str, Any], processes: int) -> dict[str, dict[str, Any]]:
    """Sort settings into the fingerprint's classes; the effective batch is identity, its split execution."""
    extendable = {key: settings[key] for key in EXTENDABLE_KEYS}
    execution: dict[str, Any] = {key: settings[key] for key in EXECUTION_KEYS}
    execution["processes"] = processes
    other = {*EXTENDABLE_KEYS, *EXECUTION_KEYS, *UNTRACKED_KEYS, *DROPOUTS, STEP}
    identity = {key: value for key, value in settings.items() if key not in other}
    if settings["scheduler"] in ENDING_SCHEDULERS:
        identity["max_updates"] = settings["max_updates"]
    return {"identity": identity, "extendable": extendable, "execution": execution}
