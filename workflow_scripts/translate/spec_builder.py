"""Lay a system's weights out as a CTranslate2 Transformer, in memory, for one direction and its masks.

fairseq starts counting positions after its padding index, so the first token of a sentence sits on row
``PAD + 1`` of the sinusoidal table; CTranslate2 starts at its row 0.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from ctranslate2.specs import TransformerSpec, common_spec
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.translate.compact import FeedForward, compact_layer
from workflow_scripts.translate.markers import END
from workflow_scripts.units.vocabulary import PAD

Weights = Mapping[str, NDArray[np.float32]]

MAX_PERIOD = 10000  # Vaswani et al. 2017, section 3.5
ACTIVATIONS = {"relu": common_spec.Activation.RELU}


class GroupMask(NamedTuple):
    """Which units of a group are kept, bool [units], and by what the values of the others are multiplied.
    ``factor`` None: they are neurons whose row of the first weight is zero (the gate ``row``)."""

    keep: NDArray[np.bool_]
    factor: float | None = None


def sinusoidal_positions(count: int, dimension: int) -> NDArray[np.float32]:
    """Return fairseq's encodings of the first ``count`` positions of a sentence: float32[count, dimension].

    Row p holds sin(q f_i) then cos(q f_i), i < dimension / 2, with q = p + PAD + 1 and
    f_i = MAX_PERIOD ** (-i / (dimension / 2 - 1)); an odd dimension ends with a zero. (fairseq 0.12.2,
    SinusoidalPositionalEmbedding, which computes in float32 throughout; so does this.)
    """
    half = dimension // 2
    step = np.float32(-math.log(MAX_PERIOD) / max(half - 1, 1))
    frequency = np.exp(np.arange(half, dtype=np.float32) * step)
    position = np.arange(PAD + 1, PAD + 1 + count, dtype=np.float32)
    angle = position[:, None] * frequency[None, :]
    table = np.zeros((count, dimension), dtype=np.float32)
    table[:, :half] = np.sin(angle)
    table[:, half : 2 * half] = np.cos(angle)
    return table


def build_spec(
    weights: Weights,
    architecture: Mapping[str, Any],
    vocabulary: list[str],
    masks: Mapping[str, GroupMask] | None = None,
    positions: int | None = None,
) -> TransformerSpec:
    """Return the validated CTranslate2 specification of a system for one direction.

    ``weights``: fairseq's names -> arrays. ``vocabulary``: all V symbols in model order. ``masks``: by group,
    such as ``encoder.0.ffn``; an absent group keeps all. ``positions``: rows of the position table. Raises
    UserError for an activation that CTranslate2 lacks, and weights that are missing or of another shape.
    """
    activation = architecture["activation"]
    if activation not in ACTIVATIONS:
        raise UserError(
            f"system.json: architecture.activation is {activation!r}; decoding with ctranslate2 takes one of "
            f"{sorted(ACTIVATIONS)}: use the fairseq engine"
        )
    masks = masks or {}
    reader = _Reader(weights, architecture, len(vocabulary))
    spec = TransformerSpec.from_config(
        (architecture["encoder_layers"], architecture["decoder_layers"]),
        architecture["heads"],
        pre_norm=architecture["pre_norm"],
        activation=ACTIVATIONS[activation],
    )
    table = sinusoidal_positions(positions or architecture["max_positions"], architecture["model_dim"])
    target_embedding = reader("decoder.embed_tokens.weight")
    # A tied matrix may be stored once or under each of its names.
    source_embedding = (
        target_embedding if architecture["share_all_embeddings"] else reader("encoder.embed_tokens.weight")
    )
    projection = (
        target_embedding
        if architecture["share_decoder_embeddings"] or architecture["share_all_embeddings"]
        else reader("decoder.output_projection.weight")
    )
    spec.encoder.embeddings[0].weight = source_embedding
    spec.decoder.embeddings.weight = target_embedding
    spec.decoder.projection.weight = projection
    for stack, side in ((spec.encoder, "encoder"), (spec.decoder, "decoder")):
        stack.scale_embeddings = True  # by sqrt(model dimension), as fairseq does
        stack.position_encodings.encodings = table
        if architecture["pre_norm"]:
            _set_norm(stack.layer_norm, reader, f"{side}.layer_norm")
        for index, layer in enumerate(stack.layer):
            name, place = f"{side}.layers.{index}", f"{side}.{index}"
            _set_self_attention(layer.self_attention, reader, name, masks.get(f"{place}.self"))
            if side == "decoder":
                _set_cross_attention(layer.attention, reader, name, masks.get(f"{place}.cross"))
            _set_feed_forward(layer.ffn, reader, name, masks.get(f"{place}.ffn"))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.decoder_start_token = END  # fairseq's decoder starts from </s>
    spec.config.add_source_eos = True
    spec.validate()
    return spec


class _Reader:
    def __init__(self, weights: Weights, architecture: Mapping[str, Any], symbols: int) -> None:
        self._weights = weights
        width, units = architecture["model_dim"], architecture["ffn_dim"]
        self._shapes: dict[str, tuple[int, ...]] = {
            "embed_tokens.weight": (symbols, width),
            "output_projection.weight": (symbols, width),
            "fc1.weight": (units, width),
            "fc1.bias": (units,),
            "fc2.weight": (width, units),
        }
        self._width = width

    def __call__(self, name: str) -> NDArray[np.float32]:
        if name not in self._weights:
            raise UserError(f"the weights lack {name!r}{nearest(name, self._weights)}")
        weight = np.ascontiguousarray(self._weights[name], dtype=np.float32)
        # All others are biases and norms of the model's width, and square projections.
        other = (self._width, self._width) if name.endswith("_proj.weight") else (self._width,)
        expected = self._shapes.get(".".join(name.split(".")[-2:]), other)
        if weight.shape != expected:
            raise UserError(
                f"tensor {name} is {weight.shape}, its architecture and dictionary need {expected}"
            )
        return weight

    def joined(self, names: list[str]) -> NDArray[np.float32]:
        return np.concatenate([self(name) for name in names])


def _set_norm(spec: common_spec.LayerNormSpec, reader: _Reader, name: str) -> None:
    spec.gamma = reader(f"{name}.weight")
    spec.beta = reader(f"{name}.bias")


def _set_linear(spec: common_spec.LinearSpec, reader: _Reader, names: list[str]) -> None:
    """One linear layer from several, stacked on their outputs (CTranslate2 joins the projections)."""
    spec.weight = reader.joined([f"{name}.weight" for name in names])
    spec.bias = reader.joined([f"{name}.bias" for name in names])


def _scaled(weight: NDArray[np.float32], mask: GroupMask | None) -> NDArray[np.float32]:
    """Multiply the columns of the units that are not kept; each unit has equally many, side by side."""
    if mask is None or mask.factor is None:
        return weight
    factors = np.where(mask.keep, 1.0, mask.factor).astype(np.float32)
    return weight * np.repeat(factors, weight.shape[1] // len(factors))


def _set_heads(spec: Any, reader: _Reader, attention: str, heads: GroupMask | None) -> None:
    _set_linear(spec, reader, [f"{attention}.out_proj"])
    spec.weight = _scaled(spec.weight, heads)


def _set_self_attention(spec: Any, reader: _Reader, layer: str, heads: GroupMask | None) -> None:
    attention = f"{layer}.self_attn"
    _set_linear(spec.linear[0], reader, [f"{attention}.{part}_proj" for part in "qkv"])
    _set_heads(spec.linear[1], reader, attention, heads)
    _set_norm(spec.layer_norm, reader, f"{attention}_layer_norm")


def _set_cross_attention(spec: Any, reader: _Reader, layer: str, heads: GroupMask | None) -> None:
    attention = f"{layer}.encoder_attn"
    _set_linear(spec.linear[0], reader, [f"{attention}.q_proj"])
    _set_linear(spec.linear[1], reader, [f"{attention}.{part}_proj" for part in "kv"])
    _set_heads(spec.linear[2], reader, attention, heads)
    _set_norm(spec.layer_norm, reader, f"{attention}_layer_norm")


def _set_feed_forward(spec: Any, reader: _Reader, layer: str, mask: GroupMask | None) -> None:
    full = FeedForward(
        reader(f"{layer}.fc1.weight"),
        reader(f"{layer}.fc1.bias"),
        _scaled(reader(f"{layer}.fc2.weight"), mask),
        reader(f"{layer}.fc2.bias"),
    )
    part = full if mask is None or mask.factor is not None else compact_layer(full, mask.keep)
    spec.linear_0.weight, spec.linear_0.bias = part.w1, part.b1
    spec.linear_1.weight, spec.linear_1.bias = part.w2, part.b2
    _set_norm(spec.layer_norm, reader, f"{layer}.final_layer_norm")
