"""A Hugging Face system's weights as a CTranslate2 Transformer: the names and the positions of each family.

Marian keeps its row of padding: the decoder starts from it, and after training it is not zero. Learned
positions of mBART begin at the third row; sinusoidal ones of M2M-100 behind the padding's, of Marian at zero.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from ctranslate2.specs import TransformerSpec
from numpy.typing import NDArray

from workflow_scripts.translate.codecs import Codec
from workflow_scripts.translate.network_layout import GroupMask, Layout, Names, Weights
from workflow_scripts.translate.spec_builder import MAX_PERIOD, sinusoidal_positions
from workflow_scripts.translate.transformer_spec import build
from workflow_scripts.units.sequences import Computing
from workflow_scripts.units.space import STACKS

#: Rows of learned positions that no token has.
UNUSED_ROWS = 2

BART = Names(
    embeddings=("model.{stack}.embed_tokens.weight", "model.shared.weight"),
    projection=("lm_head.weight", "model.decoder.embed_tokens.weight", "model.shared.weight"),
    layer="model.{stack}.layers.{layer}",
    attentions={"self": "self_attn", "cross": "encoder_attn"},
    parts={"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"},
    norms={"self": "self_attn_layer_norm", "cross": "encoder_attn_layer_norm"},
    ffn={"encoder": "", "decoder": ""},
    first=("fc1",),
    second="fc2",
    ffn_norm="final_layer_norm",
    last_norm="model.{stack}.layer_norm",
    output_bias="final_logits_bias",
)
T5 = Names(
    embeddings=("{stack}.embed_tokens.weight", "shared.weight"),
    projection=("lm_head.weight", "decoder.embed_tokens.weight", "shared.weight"),
    layer="{stack}.block.{layer}",
    attentions={"self": "layer.0.SelfAttention", "cross": "layer.1.EncDecAttention"},
    parts={"q": "q", "k": "k", "v": "v", "out": "o"},
    norms={"self": "layer.0.layer_norm", "cross": "layer.1.layer_norm"},
    ffn={"encoder": "layer.1.", "decoder": "layer.2."},
    first=("DenseReluDense.wi",),
    second="DenseReluDense.wo",
    ffn_norm="layer_norm",
    last_norm="{stack}.final_layer_norm",
    biased=False,
)
GATED = replace(T5, first=("DenseReluDense.wi_0", "DenseReluDense.wi_1"))
#: From a stack's first layer: the positions that all its layers have.
RELATIVE = "layer.0.SelfAttention.relative_attention_bias.weight"
NAMES: Mapping[str, Names] = {
    "marian": BART,
    "m2m_100": BART,
    "mbart": replace(BART, embedding_norm="model.{stack}.layernorm_embedding"),
    "t5": T5,
    "mt5": T5,
}


class ComputingCodec(Codec, Protocol):
    """The text of a direction, of a port that also says what its network computes with."""

    computing: Computing


def marian_positions(count: int, dimension: int) -> NDArray[np.float32]:
    """Return Marian's encodings of the first ``count`` positions: float32[count, dimension]. Row p holds
    sin(p f_i) then cos(p f_i), with f_i = MAX_PERIOD ** (-2 i / dimension), computed in float64."""
    half = (dimension + 1) // 2
    frequency = MAX_PERIOD ** (-2 * np.arange(half) / dimension)
    angle = np.arange(count)[:, None] * frequency
    table = np.concatenate([np.sin(angle), np.cos(angle[:, : dimension // 2])], axis=1)
    rounded: NDArray[np.float32] = table.astype(np.float32)
    return rounded


def names_of(architecture: Mapping[str, Any]) -> Names:
    """Return how a system names its weights."""
    return GATED if architecture["gated"] else NAMES[architecture["family"]]


def direction_spec(
    weights: Weights,
    architecture: Mapping[str, Any],
    codec: ComputingCodec,
    masks: Mapping[str, GroupMask],
    positions: int,
) -> TransformerSpec:
    """Return the validated specification of a system for one direction. ``masks``: by group, such as
    ``encoder.0.ffn``; an absent group keeps all. ``positions``: rows of a sinusoidal table. UserError for
    weights that are missing or of another shape."""
    family, width = architecture["family"], architecture["model_dim"]
    if family == "marian":
        encodings = dict.fromkeys(STACKS, marian_positions(positions, width))
    elif family == "m2m_100":
        table = sinusoidal_positions(positions, width, codec.computing.first_position)
        encodings = dict.fromkeys(STACKS, table)
    elif family == "mbart":
        learned = {stack: np.asarray(weights[f"model.{stack}.embed_positions.weight"]) for stack in STACKS}
        encodings = {stack: np.ascontiguousarray(rows[UNUSED_ROWS:]) for stack, rows in learned.items()}
    else:
        encodings = {}
    layout = Layout(
        layers={stack: architecture[f"{stack}_layers"] for stack in STACKS},
        heads={stack: architecture[f"{stack}_heads"] for stack in STACKS},
        units={stack: architecture[f"{stack}_ffn_dim"] for stack in STACKS},
        width=width,
        function=architecture["activation"],
        pre_norm=family != "marian",
        computing=codec.computing,
        encodings=encodings,
        relative=None if encodings else RELATIVE,
    )
    return build(weights, names_of(architecture), layout, codec.sequences.symbols, masks)
