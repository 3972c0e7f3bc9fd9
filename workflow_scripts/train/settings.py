"""Training settings: their defaults, what each may be, and which may change between two attempts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workflow_scripts.errors import UserError, nearest

SCHEDULERS = ("inverse_sqrt", "polynomial_decay", "cosine", "fixed")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")
SAMPLERS = ("by_direction", "mixed")
# Their learning rate at an update depends on where training ends.
ENDING_SCHEDULERS = ("polynomial_decay", "cosine")
DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")

DEFAULTS: dict[str, Any] = {
    "max_updates": 6000,
    "max_tokens": 2400,
    "tokens_per_update": None,
    "lr": 5e-4,
    "warmup_updates": 4000,
    "scheduler": "inverse_sqrt",
    "dropout": None,
    "attention_dropout": None,
    "activation_dropout": None,
    "label_smoothing": 0.1,
    "adam_betas": [0.9, 0.98],
    "adam_eps": 1e-6,
    "weight_decay": 0.0,
    "clip_norm": 0.0,
    "temperature": 1.0,
    "virtual_epoch_size": None,
    "sampler": None,
    "validate_interval_updates": 500,
    "keep_checkpoints": 1,
    "keep_optimizer": True,
    "patience": 20,
    "precision": "auto",
    "threads": None,
    "data_workers": 0,
    "tensorboard": False,
    "valid_bleu": False,
    "log_interval": 50,
}

# The weights of the sources of each pair's training text. Where all are equal the key is left out, also of
# fingerprints (docs/architecture.md, "Params").
SOURCE_WEIGHTS = "source_weights"

# A change of these lets a training go on.
EXTENDABLE_KEYS = ("max_updates", "patience", "validate_interval_updates")
# Where and how it runs: goes on, and the change is recorded.
EXECUTION_KEYS = ("max_tokens", "precision", "threads", "data_workers")
# What is only seen, logged or kept.
UNTRACKED_KEYS = ("tensorboard", "valid_bleu", "log_interval", "keep_checkpoints", "keep_optimizer")

# What each value may be; None is allowed where it is the default, and for the patience.
_WHOLE_FROM = {
    "max_updates": 1, "max_tokens": 1, "tokens_per_update": 1, "warmup_updates": 0, "virtual_epoch_size": 1,
    "validate_interval_updates": 1, "keep_checkpoints": 1, "patience": 1, "threads": 1, "data_workers": 0,
    "log_interval": 1,
}  # fmt: skip
_POSITIVE = ("lr", "temperature", "adam_eps")
_SHARES = ("dropout", "attention_dropout", "activation_dropout", "label_smoothing")
_NOT_NEGATIVE = ("weight_decay", "clip_norm")
_FLAGS = ("keep_optimizer", "tensorboard", "valid_bleu")


def complete_settings(given: Mapping[str, Any], default_sampler: str) -> dict[str, Any]:
    """Return all settings: `given` over the defaults.

    Raises:
        UserError: an unknown key or a value that cannot be.
    """
    for key in given:
        if key not in (*DEFAULTS, SOURCE_WEIGHTS):
            raise UserError(f"unknown key {key!r} in the training settings{nearest(key, DEFAULTS)}")
    settings = {**DEFAULTS, **given}
    if settings["sampler"] is None:
        settings["sampler"] = default_sampler
    if settings["tokens_per_update"] is None:
        settings["tokens_per_update"] = settings["max_tokens"]
    for key, allowed in (("scheduler", SCHEDULERS), ("precision", PRECISIONS), ("sampler", SAMPLERS)):
        if settings[key] not in allowed:
            raise UserError(
                f"{key} {settings[key]!r} in the training settings is none of {', '.join(allowed)}"
                + nearest(str(settings[key]), allowed)
            )
    for key, value in settings.items():
        if what := _wrong(key, value):
            raise UserError(f"{key} {value!r:.60} in the training settings must be {what}")
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


def _wrong(key: str, value: Any) -> str:
    """Return what a value must be, and is not; an empty string if it is right."""
    if key == SOURCE_WEIGHTS:
        lists = list(value.values()) if isinstance(value, Mapping) else [None]
        right = all(isinstance(one, list) and one and not any(_wrong("lr", w) for w in one) for one in lists)
        return "" if right else "lists of positive numbers by pair"
    if value is None and (DEFAULTS[key] is None or key == "patience"):
        return ""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if key in _WHOLE_FROM:
        right = number and value == int(value) and value >= _WHOLE_FROM[key]
        return "" if right else f"a whole number of at least {_WHOLE_FROM[key]}"
    if key in _POSITIVE:
        return "" if number and value > 0 else "positive"
    if key in _SHARES:
        return "" if number and 0 <= value < 1 else "a number from 0 to below 1"
    if key in _NOT_NEGATIVE:
        return "" if number and value >= 0 else "a number of at least 0"
    if key in _FLAGS:
        return "" if isinstance(value, bool) else "true or false"
    if key == "adam_betas":
        right = (
            isinstance(value, list | tuple)
            and len(value) == 2
            and not any(_wrong("dropout", b) for b in value)
        )
        return "" if right else "two numbers from 0 to below 1"
    return ""


def with_dropouts(architecture: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the architecture with the settings' dropout values where they are given."""
    given = {key: settings[key] for key in DROPOUTS if settings[key] is not None}
    return {**architecture, **given}


def settings_by_class(settings: Mapping[str, Any], processes: int) -> dict[str, dict[str, Any]]:
    """Sort settings into the fingerprint's classes; the effective batch is identity, its split execution."""
    extendable = {key: settings[key] for key in EXTENDABLE_KEYS}
    execution: dict[str, Any] = {key: settings[key] for key in EXECUTION_KEYS}
    execution["processes"] = processes
    other = {*EXTENDABLE_KEYS, *EXECUTION_KEYS, *UNTRACKED_KEYS, *DROPOUTS}
    identity = {key: value for key, value in settings.items() if key not in other}
    if settings["scheduler"] in ENDING_SCHEDULERS:
        identity["max_updates"] = settings["max_updates"]
    return {"identity": identity, "extendable": extendable, "execution": execution}
