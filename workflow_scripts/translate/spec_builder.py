"""A fairseq system's weights as a CTranslate2 Transformer, for one direction and its masks.

fairseq starts counting positions after its padding index, so the first token of a sentence sits on row
``PAD + 1`` of the sinusoidal table; CTranslate2 starts at its row 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ctranslate2.specs import TransformerSpec
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.translate.codecs import Codec
from workflow_scripts.translate.markers import END
from workflow_scripts.translate.network_layout import ACTIVATIONS, GroupMask, Layout, Names, Weights
from workflow_scripts.translate.transformer_spec import build
from workflow_scripts.units.sequences import Computing, Symbols
from workflow_scripts.units.space import ATTENTIONS, STACKS
from workflow_scripts.units.vocabulary import PAD, SPECIALS, UNKNOWN

MAX_PERIOD = 10000  # Vaswani et al. 2017, section 3.5
NAMES = Names(
    embeddings=("{stack}.embed_tokens.weight",),
    projection=("decoder.output_projection.weight",),
    layer="{stack}.layers.{layer}",
    attentions=ATTENTIONS,
    parts={"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"},
    norms={name: f"{attention}_layer_norm" for name, attention in ATTENTIONS.items()},
    ffn={"encoder": "", "decoder": ""},
    first=("fc1",),
    second="fc2",
    ffn_norm="final_layer_norm",
    last_norm="{stack}.layer_norm",
)


def sinusoidal_positions(count: int, dimension: int, first: int = PAD + 1) -> NDArray[np.float32]:
    """Return fairseq's encodings of the first ``count`` positions of a sentence: float32[count, dimension].

    Row p holds sin(q f_i) then cos(q f_i), i < dimension / 2, with q = p + ``first`` and
    f_i = MAX_PERIOD ** (-i / (dimension / 2 - 1)); an odd dimension ends with a zero. (fairseq 0.12.2,
    SinusoidalPositionalEmbedding, which computes in float32 throughout; so does this.)
    """
    half = dimension // 2
    step = np.float32(-math.log(MAX_PERIOD) / max(half - 1, 1))
    frequency = np.exp(np.arange(half, dtype=np.float32) * step)
    position = np.arange(first, first + count, dtype=np.float32)
    angle = position[:, None] * frequency[None, :]
    table = np.zeros((count, dimension), dtype=np.float32)
    table[:, :half] = np.sin(angle)
    table[:, half : 2 * half] = np.cos(angle)
    return table


def build_spec(
    weights: Weights,
    architecture: Mapping[str, Any],
    vocabulary: Sequence[str],
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
    table = sinusoidal_positions(positions or architecture["max_positions"], architecture["model_dim"])
    layout = Layout(
        layers={stack: architecture[f"{stack}_layers"] for stack in STACKS},
        heads=dict.fromkeys(STACKS, architecture["heads"]),
        units=dict.fromkeys(STACKS, architecture["ffn_dim"]),
        width=architecture["model_dim"],
        function=activation,
        pre_norm=architecture["pre_norm"],
        computing=Computing(scale_embeddings=True),  # by sqrt(model dimension), as fairseq does
        encodings=dict.fromkeys(STACKS, table),
    )
    symbols = Symbols(vocabulary, vocabulary, start=END, end=END, unknown=SPECIALS[UNKNOWN])
    return build(weights, names_of(architecture), layout, symbols, masks or {})


def names_of(architecture: Mapping[str, Any]) -> Names:
    """Return how a system names its weights. A tied matrix may be stored once or under each of its names."""
    tied, names = "decoder.embed_tokens.weight", NAMES
    if architecture["share_all_embeddings"]:
        names = replace(names, embeddings=(tied,))
    if architecture["share_all_embeddings"] or architecture["share_decoder_embeddings"]:
        names = replace(names, projection=(tied,))
    return names


def direction_spec(
    weights: Weights,
    architecture: Mapping[str, Any],
    codec: Codec,
    masks: Mapping[str, GroupMask],
    positions: int,
) -> TransformerSpec:
    """See ``build_spec``. ``codec``: the direction's."""
    return build_spec(weights, architecture, codec.sequences.symbols.target, masks, positions)
