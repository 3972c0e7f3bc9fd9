"""The shape of a network: the ``architecture`` block of system.json, read without torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from workflow_scripts.common.errors import UserError, nearest

ACTIVATIONS = ("relu",)
_POSITIVE = ("encoder_layers", "decoder_layers", "model_dim", "ffn_dim", "heads", "max_positions")
_RATES = ("dropout", "attention_dropout", "activation_dropout")
_FLAGS = ("pre_norm", "share_decoder_embeddings", "share_all_embeddings")


@dataclass(frozen=True)
class Architecture:
    """An encoder-decoder Transformer with sinusoidal positions; dropouts are probabilities.

    ``share_decoder_embeddings`` ties the decoder's input and output embeddings, ``share_all_embeddings`` the
    encoder's too. ``max_positions`` limits source and target, language token and ``</s>`` included.
    """

    encoder_layers: int
    decoder_layers: int
    model_dim: int
    ffn_dim: int
    heads: int
    pre_norm: bool = True
    activation: str = "relu"
    share_decoder_embeddings: bool = True
    share_all_embeddings: bool = False
    max_positions: int = 256
    dropout: float = 0.1
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UserError(f"architecture.{name}: {value!r} is not a positive whole number")
        for name in _RATES:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
                raise UserError(f"architecture.{name}: {value!r} is not a probability below 1")
        for name in _FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise UserError(f"architecture.{name}: {getattr(self, name)!r} is not true or false")
        if self.activation not in ACTIVATIONS:
            raise UserError(f"architecture.activation: {self.activation!r} is not one of {ACTIVATIONS}")
        if self.model_dim % self.heads:
            raise UserError(
                f"architecture.heads: {self.heads} heads do not divide model_dim {self.model_dim}"
            )
        if self.model_dim < 4 or self.model_dim % 2:
            # A sinusoidal position is sine and cosine halves over at least two frequencies.
            raise UserError(f"architecture.model_dim: {self.model_dim} is not an even number of at least 4")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read a dictionary; UserError for an unknown or missing key or a value out of range."""
        known = [field.name for field in fields(cls)]
        for key in value:
            if key not in known:
                raise UserError(f"architecture: unknown key {key!r}{nearest(key, known)}")
        missing = [name for name in known[:5] if name not in value]
        if missing:
            raise UserError(f"architecture: {', '.join(missing)} missing")
        return cls(**value)

    def to_dict(self) -> dict[str, Any]:
        """Return every field, in the order of system.json."""
        return asdict(self)
