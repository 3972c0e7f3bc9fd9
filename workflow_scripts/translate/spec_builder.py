"""Lay a system's weights out as a CTranslate2 Transformer, in memory.

Input: weights under fairseq's state-dict names, the architecture section of ``system.json``, the vocabulary,
and for a masked direction the units each feed-forward layer keeps (spec 3.4: such a layer is compacted, so
layers may differ in size).
Output: a validated ``TransformerSpec``, ready to be serialised.

fairseq starts counting positions after its padding index, so the first token of a sentence sits on row
``PAD + 1`` of the sinusoidal table; CTranslate2 starts at its row 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ctranslate2.specs import TransformerSpec, common_spec
from numpy.typing import NDArray

from workflow_scripts.errors import UserError, nearest
from workflow_scripts.translate.compact import FeedForward, compact_layer
from workflow_scripts.translate.markers import END
from workflow_scripts.units.vocabulary import PAD

Weights = Mapping[str, NDArray[np.float32]]
Keep = Mapping[str, NDArray[np.bool_]]

MAX_PERIOD = 10000  # Vaswani et al. 2017, section 3.5
ACTIVATIONS = {"relu": common_spec.Activation.RELU}


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
    keep: Keep | None = None,
    positions: int | None = None,
) -> TransformerSpec:
    """Return the validated CTranslate2 specification of a system for one direction.

    ``weights``: fairseq's names -> arrays; names that the network does not use at decoding are ignored.
    ``architecture``: the section of ``system.json``. ``vocabulary``: all V symbols in model order.
    ``keep``: layer (``encoder.layers.0``) -> bool[F] units kept; None or an absent layer keeps all.
    ``positions``: rows of the position table; by default ``architecture["max_positions"]``.
    Raises UserError for an activation that CTranslate2 cannot express, a weight that is missing, or one of
    another shape.
    """
    activation = architecture["activation"]
    if activation not in ACTIVATIONS:
        raise UserError(
            f"system.json: architecture.activation is {activation!r}; decoding with ctranslate2 takes one of "
            f"{sorted(ACTIVATIONS)}: use the fairseq engine"
        )
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
            name = f"{side}.layers.{index}"
            _set_self_attention(layer.self_attention, reader, name)
            if side == "decoder":
                _set_cross_attention(layer.attention, reader, name)
            _set_feed_forward(layer.ffn, reader, name, None if keep is None else keep.get(name))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.decoder_start_token = END  # fairseq's decoder starts from </s>
    spec.config.add_source_eos = True
    spec.validate()
    return spec


class _Reader:
    """Weights by name, float32, with a one-line error for a missing one or one of another shape."""

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


def _set_self_attention(spec: Any, reader: _Reader, layer: str) -> None:
    attention = f"{layer}.self_attn"
    _set_linear(spec.linear[0], reader, [f"{attention}.{part}_proj" for part in "qkv"])
    _set_linear(spec.linear[1], reader, [f"{attention}.out_proj"])
    _set_norm(spec.layer_norm, reader, f"{attention}_layer_norm")


def _set_cross_attention(spec: Any, reader: _Reader, layer: str) -> None:
    attention = f"{layer}.encoder_attn"
    _set_linear(spec.linear[0], reader, [f"{attention}.q_proj"])
    _set_linear(spec.linear[1], reader, [f"{attention}.{part}_proj" for part in "kv"])
    _set_linear(spec.linear[2], reader, [f"{attention}.out_proj"])
    _set_norm(spec.layer_norm, reader, f"{attention}_layer_norm")


def _set_feed_forward(spec: Any, reader: _Reader, layer: str, keep: NDArray[np.bool_] | None) -> None:
    full = FeedForward(
        reader(f"{layer}.fc1.weight"),
        reader(f"{layer}.fc1.bias"),
        reader(f"{layer}.fc2.weight"),
        reader(f"{layer}.fc2.bias"),
    )
    part = full if keep is None else compact_layer(full, keep)
    spec.linear_0.weight, spec.linear_0.bias = part.w1, part.b1
    spec.linear_1.weight, spec.linear_1.bias = part.w2, part.b2
    _set_norm(spec.layer_norm, reader, f"{layer}.final_layer_norm")
