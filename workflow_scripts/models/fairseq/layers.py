"""The layers of the network: fairseq's, with places where units can be read and gated.

Two fast paths would bypass these places and are not taken: torch's fused encoder layer, and its fused
attention while a head is read or gated.
"""

from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

import torch.nn.functional as F
from fairseq.models.transformer import TransformerConfig
from fairseq.modules import MultiheadAttention
from fairseq.modules.transformer_layer import TransformerDecoderLayerBase, TransformerEncoderLayerBase
from torch import Tensor, nn

#: Parameters of an encoder layer that repeat others, as fairseq 0.12.2 names them.
ENCODER_COPIES = (
    *("in_proj_weight", "in_proj_bias", "out_proj_weight", "out_proj_bias"),
    *("fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"),
)


class GatedLinear(nn.Linear):
    """A linear layer whose output rows can be masked.

    ``gate`` is None (plain layer), [F] (one mask for the whole batch) or [B, F] (one per sentence, for inputs
    of T x B x C). A masked row's output is its bias, and its weight gets no gradient; with ``gradient_only``
    the output is that of the plain layer. ``fired`` counts the passes with a gate.
    """

    gate: Tensor | None = None
    gradient_only: bool = False
    fired: int = 0

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., F]; RuntimeError if a gate per sentence does not fit the input's batch."""
        gate = self.gate
        if gate is None:
            return F.linear(input, self.weight, self.bias)
        self.fired += 1
        if gate.dim() == 1:
            weight = self.weight * gate[:, None]
            if self.gradient_only:
                weight = weight + self.weight.detach() * (1 - gate)[:, None]
            return F.linear(input, weight, self.bias)
        check_batch(gate, input)
        masked = F.linear(input, self.weight) * gate
        if self.gradient_only:
            masked = masked + F.linear(input, self.weight.detach()) * (1 - gate)
        return masked + self.bias


def check_batch(gates: Tensor, values: Tensor) -> None:
    """Raise RuntimeError unless ``gates`` [B, …] are as many as the sentences of ``values`` [T, B, C]."""
    if values.dim() != 3 or values.shape[1] != gates.shape[0]:
        raise RuntimeError(f"gates of {gates.shape[0]} sentences on an input of shape {tuple(values.shape)}")


class Attention(MultiheadAttention):
    """fairseq's attention, whose heads pass through ``out_proj`` one after the other while a hook is on it.
    Otherwise fairseq gives the weights of ``out_proj`` to torch's fused function: hooks on it never fire."""

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor | None]:
        """Return what fairseq's attention returns: output [T, B, C] and attention weights, if asked for."""
        projection = self.out_proj
        self.skip_embed_dim_check = bool(projection._forward_pre_hooks or projection._forward_hooks)
        output: tuple[Tensor, Tensor | None] = super().forward(*args, **kwargs)
        return output


class EncoderLayer(TransformerEncoderLayerBase):
    """fairseq's encoder layer without the fused path and its copies of the weights."""

    def __init__(self, cfg: TransformerConfig, return_fc: bool = False) -> None:
        super().__init__(cfg, return_fc=return_fc)
        self.can_use_fastpath = False
        for name in ENCODER_COPIES:
            delattr(self, name)

    def build_fc1(self, input_dim: int, output_dim: int, *_: Any) -> GatedLinear:
        """Return the first layer of the FFN."""
        return GatedLinear(input_dim, output_dim)

    def build_self_attention(self, embed_dim: int, cfg: TransformerConfig) -> Attention:
        """Return the layer's attention."""
        heads = cfg.encoder.attention_heads
        return Attention(embed_dim, heads, dropout=cfg.attention_dropout, self_attention=True)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        # Stock checkpoints hold the copies; the stock method would also put them back.
        for name in ENCODER_COPIES:
            state_dict.pop(prefix + name, None)
        nn.Module._load_from_state_dict(self, state_dict, prefix, *rest)


class DecoderLayer(TransformerDecoderLayerBase):
    """fairseq's decoder layer."""

    build_fc1 = EncoderLayer.build_fc1

    def build_self_attention(self, embed_dim: int, cfg: TransformerConfig, **_: bool) -> Attention:
        """Return the attention to the decoder's own states."""
        heads = cfg.decoder.attention_heads
        return Attention(embed_dim, heads, dropout=cfg.attention_dropout, self_attention=True)

    def build_encoder_attention(self, embed_dim: int, cfg: TransformerConfig) -> Attention:
        """Return the attention to the encoder's states."""
        return Attention(
            embed_dim,
            cfg.decoder.attention_heads,
            kdim=cfg.encoder.embed_dim,
            vdim=cfg.encoder.embed_dim,
            dropout=cfg.attention_dropout,
            encoder_decoder_attention=True,
        )
