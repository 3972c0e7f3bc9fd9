"""Model and training settings: presets, and every setting of the published recipes."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.sampling_rules import check_sampling
from workflow_scripts.config.base import Section

# tiny: the demo. small: the Multi30k baseline. iwslt and big: mT-small and mT-big of the paper.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "encoder_layers": 2,
        "decoder_layers": 2,
        "model_dim": 64,
        "ffn_dim": 256,
        "heads": 4,
        "pre_norm": True,
    },
    "small": {
        "encoder_layers": 3,
        "decoder_layers": 3,
        "model_dim": 256,
        "ffn_dim": 1024,
        "heads": 4,
        "pre_norm": True,
    },
    "iwslt": {
        "encoder_layers": 6,
        "decoder_layers": 6,
        "model_dim": 512,
        "ffn_dim": 1024,
        "heads": 4,
        "pre_norm": False,
    },
    "big": {
        "encoder_layers": 6,
        "decoder_layers": 6,
        "model_dim": 1024,
        "ffn_dim": 4096,
        "heads": 16,
        "pre_norm": True,
        "dropout": 0.1,
        "attention_dropout": 0.1,
    },
}


class Model(Section):
    """The Transformer: a preset, and any of its values overridden."""

    preset: Literal["tiny", "small", "iwslt", "big"] = Field(
        "small", description="A size of network; each key below overrides one of its sizes."
    )
    port: Literal["fairseq", "huggingface"] = Field(
        "fairseq",
        description="The library that trains and runs it: fairseq, or transformers with M2M-100's network.",
    )
    encoder_layers: PositiveInt = Field(3, description="Encoder layers.")
    decoder_layers: PositiveInt = Field(3, description="Decoder layers.")
    model_dim: PositiveInt = Field(256, description="Width of embeddings and residual stream.")
    ffn_dim: PositiveInt = Field(1024, description="FFN neurons per layer.")
    heads: PositiveInt = Field(4, description="Attention heads per layer.")
    pre_norm: bool = Field(True, description="LayerNorm before each block (true) or after it.")
    activation: Literal["relu"] = Field("relu", description="FFN activation.")
    share_decoder_embeddings: bool = Field(True, description="Tie decoder input and output embeddings.")
    share_all_embeddings: bool = Field(False, description="Tie encoder embeddings to them too.")
    max_positions: PositiveInt = Field(256, description="Longest source and target in tokens.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Residual dropout.")
    attention_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on attention weights.")
    activation_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout after the FFN activation.")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # Sizes of small are the defaults: without a preset only keys that are written count as given.
        return {**PRESETS.get(str(data.get("preset")), {}), **data}

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.model_dim % self.heads:
            raise ValueError(f"model_dim {self.model_dim} is not a multiple of heads {self.heads}")
        return self

    def architecture(self) -> dict[str, Any]:
        """Return the ``architecture`` block of system.json."""
        return self.model_dump(exclude={"preset", "port"})


# How a training runs and what it logs: changing these makes the same system, so it reruns nothing.
EXECUTION = {
    "max_tokens",
    "precision",
    "threads",
    "data_workers",
    "keep_checkpoints",
    "keep_optimizer",
    "tensorboard",
    "valid_bleu",
    "log_interval",
}


#: What records of trainings do not have where it is the default.
UNSAID = ("sampling", "step")


class Settings(Section):
    """One training: optimiser, schedule, batches, validation. Shared by the baseline and the fine-tunes."""

    max_updates: PositiveInt = Field(
        6000, description="Updates to train. Raising it continues a run, unless the schedule decays to it."
    )
    max_tokens: PositiveInt = Field(2400, description="Padded tokens of a batch per device.")
    update_freq: PositiveInt = Field(
        1, description="Batches accumulated for one update, those of all devices together."
    )
    # Above 1 the sign of an exponent is missing, or a factor of another schedule is meant.
    lr: PositiveFloat = Field(5e-4, le=1, description="Peak learning rate, at most 1.")
    scheduler: Literal["inverse_sqrt", "polynomial_decay", "cosine", "fixed"] = Field(
        "inverse_sqrt", description="Learning-rate schedule; the decays end at max_updates."
    )
    warmup_updates: int = Field(4000, ge=0, description="Updates of linear warm-up.")
    dropout: float | None = Field(None, ge=0, lt=1, description="Overrides model.dropout in this training.")
    attention_dropout: float | None = Field(
        None, ge=0, lt=1, description="Overrides model.attention_dropout in this training."
    )
    activation_dropout: float | None = Field(
        None, ge=0, lt=1, description="Overrides model.activation_dropout in this training."
    )
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="Label smoothing.")
    adam_betas: tuple[float, float] = Field((0.9, 0.98), description="Adam's betas.")
    adam_eps: PositiveFloat = Field(1e-6, description="Adam's epsilon.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay.")
    clip_norm: float = Field(0.0, ge=0, description="Gradient norm clipped to this; 0: not clipped.")
    temperature: float = Field(1.0, ge=1, description="T of p proportional to (n/N)^(1/T) over directions.")
    sampling: str | None = Field(
        None,
        description="In place of temperature, p proportional to n^a: proportional (a = 1), square_root"
        " (a = 0.5) or annealed:10 (a from 1 in epoch 1 to 0.2 in epoch 10); null: temperature.",
    )
    virtual_epoch_size: PositiveInt | None = Field(
        None, description="Examples drawn per epoch when sampling; null: the whole data."
    )
    sampler: Literal["mixed", "by_direction"] = Field(
        "mixed", description="Batches of any directions, or of one direction each."
    )
    validate_interval_updates: PositiveInt = Field(500, description="Updates between validations.")
    keep_checkpoints: PositiveInt = Field(1, description="Interval checkpoints kept beside best and last.")
    keep_optimizer: bool = Field(
        True, description="false: once exported, only the best weights are kept; training cannot go on."
    )
    patience: int | None = Field(20, description="Validations without a new best before stopping; null: off.")
    precision: Literal["auto", "fp32", "fp16", "bf16"] = Field(
        "auto", description="auto: fp16 on a GPU, fp32 on a CPU."
    )
    step: Literal["fast", "reference"] = Field(
        "fast",
        description="How an update is computed: fast, or reference, as before training version 2, within"
        " rounding the same and slower. Unfinished trainings of version 1 go on with reference alone.",
    )
    threads: PositiveInt = Field(2, description="CPU threads of the training.")
    data_workers: int = Field(0, ge=0, description="Loader processes.")
    tensorboard: bool = Field(False, description="Write TensorBoard logs into the training folder.")
    valid_bleu: bool = Field(False, description="Decode the validation set for BLEU at each validation.")
    log_interval: PositiveInt = Field(50, description="Updates between log lines.")

    @field_validator("adam_betas")
    @classmethod
    def _betas_below_one(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError(f"each of adam_betas is in [0, 1), not {list(value)}")
        return value

    @field_validator("sampling")
    @classmethod
    def _known_sampling(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_sampling(value)
        except UserError as error:
            raise ValueError(str(error)) from None
        return value

    def _mistakes(self) -> Iterator[str]:
        if self.sampling is not None and self.temperature != 1:
            yield f"sampling: temperature {self.temperature:g} says it otherwise; leave one of them out"

    @field_validator("patience")
    @classmethod
    def _positive_patience(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("patience is a number of validations of at least 1, or null for none")
        return value

    def settings(self) -> dict[str, Any]:
        """Return what the trained weights depend on; `tokens_per_update` is all devices' together."""
        unsaid = {key for key in UNSAID if getattr(self, key) == type(self).model_fields[key].default}
        settings = self.model_dump(exclude={"seeds", "update_freq", *EXECUTION, *unsaid})
        return {**settings, "tokens_per_update": self.max_tokens * self.update_freq}

    def execution(self) -> dict[str, Any]:
        """Return how the training runs and what it logs."""
        return self.model_dump(include=EXECUTION)


class Train(Settings):
    """The baseline's training, and the seeds of the whole experiment."""

    seeds: list[int] = Field(
        [1],
        min_length=1,
        description="The whole experiment is repeated with each seed, from the baseline on.",
    )

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: list[int]) -> list[int]:
        if len(set(value)) < len(value):
            raise ValueError(f"seeds repeat a value: {value}")
        if min(value) < 0:
            raise ValueError(f"seeds are non-negative: {value}")
        return value


#: Updates of the warm-up if a fine-tuning is shorter than the published warm-up.
SHORT_WARM_UP = 100


class Finetune(Settings):
    """Training of every fine-tuned system, the controls included: equal in all but the masks."""

    max_updates: PositiveInt = Field(
        1000, description="Updates to train. Raising it continues a run, unless the schedule decays to it."
    )
    warmup_updates: int = Field(
        4000,
        ge=0,
        description="Updates of linear warm-up. Not given: 100 where max_updates is below 4000.",
    )
    sampler: Literal["by_direction"] = Field(
        "by_direction", description="Masked training needs one direction in a batch."
    )

    @model_validator(mode="before")
    @classmethod
    def _warm_up_ends(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "warmup_updates" in data:
            return data
        updates = data.get("max_updates", cls.model_fields["max_updates"].default)
        if not isinstance(updates, int) or updates >= cls.model_fields["warmup_updates"].default:
            return data
        # Not a share of the updates: with more of them a training is to go on, not to begin again.
        return {**data, "warmup_updates": max(0, min(SHORT_WARM_UP, updates))}
