"""The layers of the network: fairseq's, with places where units can be read and gated, weights changed, and
adapters added.

Two fast paths would bypass these places and are not taken: torch's fused encoder layer, and its fused
attention while a head is read or gated.
"""

from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

from fairseq.models.transformer import TransformerConfig
from fairseq.modules import MultiheadAttention
from fairseq.modules.transformer_layer import TransformerDecoderLayerBase, TransformerEncoderLayerBase
from torch import Tensor, nn

from workflow_scripts.models.adapters import Adaptable
from workflow_scripts.models.linear import Linear

#: Parameters of an encoder layer that repeat others, as fairseq 0.12.2 names them.
ENCODER_COPIES = (
    *("in_proj_weight", "in_proj_bias", "out_proj_weight", "out_proj_bias"),
    *("fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"),
)


class Attention(MultiheadAttention):
    """fairseq's attention, made of ``Linear``. Its heads pass through ``out_proj`` one after the other while
    a hook is on it, or a sentence has gates of its own. Otherwise fairseq gives the weights to torch's fused
    function: hooks on ``out_proj`` never fire, and no projection sees its input."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for projection in self._projections():
            projection.__class__ = Linear  # as it was drawn: a new one would move the random state

    def _projections(self) -> tuple[Linear, ...]:
        return self.q_proj, self.k_proj, self.v_proj, self.out_proj

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor | None]:
        """Return what fairseq's attention returns: output [T, B, C] and attention weights, if asked for."""
        projection = self.out_proj
        hooked = bool(projection._forward_pre_hooks or projection._forward_hooks)
        self.skip_embed_dim_check = hooked or any(one.by_sentence for one in self._projections())
        output: tuple[Tensor, Tensor | None] = super().forward(*args, **kwargs)
        return output


class EncoderLayer(Adaptable, TransformerEncoderLayerBase):
    """fairseq's encoder layer without the fused path and its copies of the weights."""

    def __init__(self, cfg: TransformerConfig, return_fc: bool = False) -> None:
        super().__init__(cfg, return_fc=return_fc)
        self.can_use_fastpath = False
        for name in ENCODER_COPIES:
            delattr(self, name)

    def build_fc1(self, input_dim: int, output_dim: int, *_: Any) -> Linear:
        """Return a layer of the FFN."""
        return Linear(input_dim, output_dim)

    build_fc2 = build_fc1

    def build_self_attention(self, embed_dim: int, cfg: TransformerConfig) -> Attention:
        """Return the layer's attention."""
        heads = cfg.encoder.attention_heads
        return Attention(embed_dim, heads, dropout=cfg.attention_dropout, self_attention=True)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        # Stock checkpoints hold the copies; the stock method would also put them back.
        for name in ENCODER_COPIES:
            state_dict.pop(prefix + name, None)
        nn.Module._load_from_state_dict(self, state_dict, prefix, *rest)


class DecoderLayer(Adaptable, TransformerDecoderLayerBase):
    """fairseq's decoder layer, whose FFN is as in the encoder."""

    build_fc1 = build_fc2 = EncoderLayer.build_fc1

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
