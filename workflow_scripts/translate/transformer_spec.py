"""Lay a network's weights out as a CTranslate2 Transformer, with masks compiled into them.

One way for every kind of system: a table says which names its weights have, a layout what they are. Matrices
are read, cut and joined when the specification is written, one at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from ctranslate2.specs import TransformerSpec, common_spec, transformer_spec

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.translate.compact import FeedForward, compact_layer
from workflow_scripts.translate.made_variable import MadeVariable
from workflow_scripts.translate.network_layout import ACTIVATIONS, Array, GroupMask, Layout, Names, Weights
from workflow_scripts.units.sequences import Symbols
from workflow_scripts.units.space import Stack
from workflow_scripts.units.weights_file import LazyTensor


def build(
    weights: Weights, names: Names, layout: Layout, symbols: Symbols, masks: Mapping[str, GroupMask]
) -> TransformerSpec:
    """Return the validated specification of a system for one direction. ``masks``: by group, such as
    ``encoder.0.ffn``; an absent group keeps all. UserError for weights that are missing or of another
    shape."""
    builder = _Builder(weights, names, layout, masks)
    spec = TransformerSpec(
        transformer_spec.TransformerEncoderSpec(**builder.shape("encoder")),
        transformer_spec.TransformerDecoderSpec(**builder.shape("decoder")),
    )
    spec.decoder.embeddings.weight = builder.embeddings("decoder", len(symbols.target))
    spec.encoder.embeddings[0].weight = builder.embeddings("encoder", len(symbols.source))
    builder.set_projection(spec.decoder, len(symbols.target))
    builder.set_stack(spec.encoder, "encoder")
    builder.set_stack(spec.decoder, "decoder")
    spec.register_source_vocabulary(list(symbols.source))
    spec.register_target_vocabulary(list(symbols.target))
    spec.config.unk_token, spec.config.eos_token = symbols.unknown, symbols.end
    spec.config.decoder_start_token = symbols.start
    spec.config.add_source_eos = True
    spec.config.layer_norm_epsilon = layout.computing.epsilon
    spec.validate()
    return spec


class _Builder:
    def __init__(
        self, weights: Weights, names: Names, layout: Layout, masks: Mapping[str, GroupMask]
    ) -> None:
        self._weights, self._names, self._layout, self._masks = weights, names, layout, masks
        self._of_symbols: dict[str, MadeVariable] = {}
        self._last: tuple[str, FeedForward] | None = None

    def _stored(self, name: str) -> Array | LazyTensor:
        if name not in self._weights:
            raise UserError(f"the weights lack {name!r}{nearest(name, self._weights)}")
        return self._weights[name]

    def _tensor(self, name: str) -> Array:
        return np.ascontiguousarray(self._stored(name), dtype=np.float32)

    def _check(self, name: str, *expected: int) -> None:
        if (shape := self._stored(name).shape) != expected:
            raise UserError(f"tensor {name} is {shape}, its architecture and dictionary need {expected}")

    def _read(self, name: str, *expected: int) -> Array:
        self._check(name, *expected)
        return self._tensor(name)

    def _matrix(
        self, names: Sequence[str], outputs: int, inputs: int, change: Callable[[Array], Array] | None = None
    ) -> MadeVariable:
        """Return a matrix from several, one below another. ``change``: what is done to it."""
        for name in names:
            self._check(name, outputs, inputs)

        def made() -> Array:
            parts = [self._tensor(name) for name in names]
            whole = np.concatenate(parts) if len(parts) > 1 else parts[0]
            return whole if change is None else change(whole)

        return MadeVariable((outputs * len(names), inputs), made)

    def _matrix_of_symbols(self, name: str, symbols: int) -> MadeVariable:
        """Return a matrix [symbols, width]: one object where the same is stored under several names."""
        found = self._matrix([name], symbols, self._layout.width)
        for one, matrix in self._of_symbols.items():
            alike = matrix.shape == found.shape
            if one == name or (alike and np.array_equal(matrix.numpy(), found.numpy())):
                return matrix
        self._of_symbols[name] = found
        return found

    def _first(self, names: Sequence[str]) -> str:
        return next((name for name in names if name in self._weights), names[0])

    def shape(self, stack: Stack) -> dict[str, Any]:
        """Return what the specification of a stack is made with."""
        layout, names = self._layout, self._names
        return {
            "num_layers": layout.layers[stack],
            "num_heads": layout.heads[stack],
            "pre_norm": layout.pre_norm,
            "activation": ACTIVATIONS[layout.function],
            "layernorm_embedding": names.embedding_norm is not None,
            "relative_attention_bias": layout.relative is not None,
            "ffn_glu": len(names.first) > 1,
            "rms_norm": not names.biased,
        }

    def embeddings(self, stack: Stack, symbols: int) -> MadeVariable:
        """Return a stack's embeddings [symbols, width]."""
        name = self._first([one.format(stack=stack) for one in self._names.embeddings])
        return self._matrix_of_symbols(name, symbols)

    def set_projection(self, spec: Any, symbols: int) -> None:
        """Set the projection to the logits, often the decoder's embeddings, and what is behind it."""
        spec.projection.weight = self._matrix_of_symbols(self._first(self._names.projection), symbols)
        bias = self._names.output_bias
        if bias is not None and bias in self._weights:
            spec.projection.bias = self._read(bias, 1, symbols)[0]
        if (scale := self._layout.computing.output_scale) != 1.0:
            spec.scale_outputs = np.float32(scale)

    def set_stack(self, spec: Any, stack: Stack) -> None:
        """Set what a stack has beside its embeddings."""
        names, layout = self._names, self._layout
        spec.scale_embeddings = layout.computing.scale_embeddings
        if layout.relative is None:
            spec.position_encodings.encodings = layout.encodings[stack]
        if layout.pre_norm:
            self._set_norm(spec.layer_norm, names.last_norm.format(stack=stack))
        if names.embedding_norm is not None:
            self._set_norm(spec.layernorm_embedding, names.embedding_norm.format(stack=stack))
        for number, layer in enumerate(spec.layer):
            place = f"{stack}.{number}"
            path = names.layer.format(stack=stack, layer=number)
            self._set_attention(layer.self_attention, path, place, "self")
            if layout.relative is not None:
                self._set_positions(layer.self_attention, stack)
            if stack == "decoder":
                self._set_attention(layer.attention, path, place, "cross")
            self._set_feed_forward(layer.ffn, f"{path}.{names.ffn[stack]}", place, layout.units[stack])

    def _set_norm(self, spec: common_spec.LayerNormSpec, name: str) -> None:
        spec.gamma = self._read(f"{name}.weight", self._layout.width)
        if self._names.biased:
            spec.beta = self._read(f"{name}.bias", self._layout.width)

    def _set_linear(
        self,
        spec: common_spec.LinearSpec,
        names: Sequence[str],
        outputs: int,
        inputs: int,
        change: Callable[[Array], Array] | None = None,
    ) -> None:
        """One linear layer from several, stacked on their outputs (CTranslate2 joins the projections)."""
        spec.weight = self._matrix([f"{name}.weight" for name in names], outputs, inputs, change)
        if self._names.biased:
            spec.bias = np.concatenate([self._read(f"{name}.bias", outputs) for name in names])

    def _set_attention(self, spec: Any, layer: str, place: str, kind: str) -> None:
        names, width = self._names, self._layout.width
        at = {part: f"{layer}.{names.attentions[kind]}.{name}" for part, name in names.parts.items()}
        inside = width
        if self._layout.computing.head_size:
            heads = self._layout.heads["encoder" if place.startswith("encoder") else "decoder"]
            inside = heads * self._layout.computing.head_size
        for linear, parts in zip(spec.linear, ("qkv",) if kind == "self" else ("q", "kv"), strict=False):
            self._set_linear(linear, [at[part] for part in parts], inside, width)
        mask = self._masks.get(f"{place}.{kind}")
        self._set_linear(spec.linear[-1], [at["out"]], width, inside, partial(_scaled, mask=mask))
        self._set_norm(spec.layer_norm, f"{layer}.{names.norms[kind]}")
        if self._layout.relative is not None:
            # Where positions are relative, products of queries and keys are not scaled.
            spec.queries_scale = 1.0

    def _set_positions(self, spec: Any, stack: Stack) -> None:
        """Every layer has the relative positions of its stack's first one."""
        name = f"{self._names.layer.format(stack=stack, layer=0)}.{self._layout.relative}"
        spec.relative_attention_bias = self._tensor(name)
        spec.relative_attention_max_distance = np.dtype("int32").type(self._layout.computing.distance)

    def _set_feed_forward(self, spec: Any, path: str, place: str, units: int) -> None:
        names, width, mask = self._names, self._layout.width, self._masks.get(f"{place}.ffn")
        for name in names.first:
            self._check(f"{path}{name}.weight", units, width)
        self._check(f"{path}{names.second}.weight", width, units)
        if names.biased:
            self._check(f"{path}{names.first[0]}.bias", units)
            self._check(f"{path}{names.second}.bias", width)
        kept = int(mask.keep.sum()) if mask is not None and _is_smaller(mask) else units

        def part(name: str, *shape: int) -> MadeVariable:
            return MadeVariable(shape, lambda: getattr(self._feed_forward(path, mask), name))

        spec.linear_0.weight, spec.linear_1.weight = part("w1", kept, width), part("w2", width, kept)
        if names.biased:
            spec.linear_0.bias, spec.linear_1.bias = part("b1", kept), part("b2", width)
        if len(names.first) > 1:
            spec.linear_0_noact.weight = part("factor", kept, width)
        self._set_norm(spec.layer_norm, f"{path}{names.ffn_norm}")

    def _feed_forward(self, path: str, mask: GroupMask | None) -> FeedForward:
        """Return a layer under its mask. The last one is kept, since its parts are asked for in turn."""
        if self._last is not None and self._last[0] == path:
            return self._last[1]
        self._last = None
        names = self._names
        first, second = (f"{path}{name}" for name in (names.first[0], names.second))
        layer = FeedForward(
            self._tensor(f"{first}.weight"),
            self._tensor(f"{first}.bias") if names.biased else None,
            self._tensor(f"{second}.weight"),
            self._tensor(f"{second}.bias") if names.biased else None,
            self._tensor(f"{path}{names.first[1]}.weight") if len(names.first) > 1 else None,
            self._layout.function,
        )
        if mask is not None and _is_smaller(mask):
            layer = compact_layer(layer, mask.keep, removed=mask.factor is not None)
        elif mask is not None:
            # What is removed stays where nothing is left: CTranslate2 has no layer without any unit.
            layer = layer._replace(w2=_scaled(layer.w2, mask))
        self._last = (path, layer)
        return layer


def _is_smaller(mask: GroupMask) -> bool:
    """Whether a layer under the mask is one of fewer units."""
    return bool(not mask.factor and mask.keep.any())


def _scaled(weight: Array, mask: GroupMask | None) -> Array:
    """Multiply the columns of the units that are not kept; each unit has equally many, side by side."""
    if mask is None or mask.factor is None:
        return weight
    factors = np.where(mask.keep, 1.0, mask.factor).astype(np.float32)
    return weight * np.repeat(factors, weight.shape[1] // len(factors))
