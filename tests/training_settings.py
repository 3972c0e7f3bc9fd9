"""Complete settings of a training, for tests that name only those they are about."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "max_updates": 6000,
    "max_tokens": 2400,
    "tokens_per_update": 2400,
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
    "sampler": "mixed",
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


def training_settings(**changes: Any) -> dict[str, Any]:
    """Return all settings of a training; an update holds what a batch does if nothing else is said."""
    return {**SETTINGS, "tokens_per_update": changes.get("max_tokens", SETTINGS["max_tokens"]), **changes}
