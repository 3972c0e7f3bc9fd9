"""The layers of the network: fairseq's, with places where units can be read and gated, weights changed, and
adapters added.

Two fast paths would bypass these places and are not taken: torch's fused encoder layer, and its fused
attention while a head is read or gated.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

import torch
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


class Delta(NamedTuple):
    """What is added to a weight [F, C]: ``scale`` x ``up`` [F, r] @ ``down`` [r, C]."""

    up: Tensor
    down: Tensor
    scale: float


class Linear(nn.Linear):
    """A linear layer whose weight W [F, C] can be changed for a time, to (W + delta) o mask.

    ``weight`` is what it computes with, also where fairseq hands it to torch's fused attention; the parameter
    W keeps its name in the state dict. ``delta``: see ``Delta``. ``mask``: bool [F, C]. ``gate`` masks rows:
    [F] (one mask for the whole batch) or [B, F] (one per sentence, for inputs of T x B x C); a masked row's
    output is its bias. What is masked gets no gradient; with ``gradient_only`` that is all that a gate does,
    and the output is that of the whole weight. With ``gates_bias`` that holds for the bias, too. ``columns``,
    [C] or [B, C], are columns of the weight that get a gradient; the output is the same. ``fired`` counts the
    uses of a weight that is changed.
    """

    gate: Tensor | None = None
    mask: Tensor | None = None
    delta: Delta | None = None
    columns: Tensor | None = None
    gradient_only: bool = False
    gates_bias: bool = False
    fired: int = 0

    @property
    def weight(self) -> Tensor:
        """W, or what is computed with in its place."""
        weight = self._parameters.get("weight")
        if weight is None:  # torch asks before it registers the parameter
            raise AttributeError("weight")
        if self.gate is None and self.mask is None and self.delta is None and self.columns is None:
            return weight
        return self._changed(weight)

    @property
    def bias(self) -> Tensor | None:
        """The bias [F], or what is computed with in its place; None if there is none."""
        if "bias" not in self._parameters:
            raise AttributeError("bias")
        bias, gate = self._parameters["bias"], self.gate
        if bias is None or gate is None or gate.dim() > 1 or not self.gates_bias:
            return bias
        return bias * gate + bias.detach() * (1 - gate)

    @property
    def by_sentence(self) -> bool:
        """Whether sentences of a batch have gates of their own, which need the input."""
        return any(one is not None and one.dim() > 1 for one in (self.gate, self.columns))

    def _changed(self, weight: Tensor) -> Tensor:
        self.fired += 1
        if self.delta is not None:
            weight = torch.addmm(weight, self.delta.up, self.delta.down, alpha=self.delta.scale)
        if self.mask is not None:
            weight = weight * self.mask
        if self.gate is not None and self.gate.dim() == 1:
            whole, weight = weight, weight * self.gate[:, None]
            if self.gradient_only:
                weight = weight + whole.detach() * (1 - self.gate)[:, None]
        if self.columns is not None and self.columns.dim() == 1:
            weight = weight * self.columns + weight.detach() * (1 - self.columns)
        return weight

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., F]; RuntimeError if a gate per sentence does not fit the input's batch."""
        gate, weight, bias = self.gate, self.weight, self.bias
        if gate is None or gate.dim() == 1:
            return self._by_column(input, weight, bias)
        check_batch(gate, input)
        output = self._by_column(input, weight, None) * gate
        if self.gradient_only:
            output = output + F.linear(input, weight.detach()) * (1 - gate)
        if bias is None:
            return output
        return output + (bias * gate + bias.detach() * (1 - gate) if self.gates_bias else bias)

    def _by_column(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        columns = self.columns
        if columns is None or columns.dim() == 1:
            return F.linear(input, weight, bias)
        check_batch(columns, input)
        return F.linear(input * columns, weight, bias) + F.linear(input * (1 - columns), weight.detach())


def check_batch(gates: Tensor, values: Tensor) -> None:
    """Raise RuntimeError unless ``gates`` [B, …] are as many as the sentences of ``values`` [T, B, C]."""
    if values.dim() != 3 or values.shape[1] != gates.shape[0]:
        raise RuntimeError(f"gates of {gates.shape[0]} sentences on an input of shape {tuple(values.shape)}")


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


class EncoderLayer(TransformerEncoderLayerBase):
    """fairseq's encoder layer without the fused path and its copies of the weights. ``adapter``: what its
    output [T, B, C] goes through, if anything."""

    adapter: Callable[[Tensor], Tensor] | None = None

    def __init__(self, cfg: TransformerConfig, return_fc: bool = False) -> None:
        super().__init__(cfg, return_fc=return_fc)
        self.can_use_fastpath = False
        for name in ENCODER_COPIES:
            delattr(self, name)

    def build_fc1(self, input_dim: int, output_dim: int, *_: Any) -> Linear:
        """Return a layer of the FFN."""
        return Linear(input_dim, output_dim)

    build_fc2 = build_fc1

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return what fairseq's layer returns, [T, B, C], through the adapter."""
        output: Tensor = super().forward(*args, **kwargs)
        return output if self.adapter is None else self.adapter(output)

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
    """fairseq's decoder layer, with an ``adapter`` as in the encoder."""

    adapter: Callable[[Tensor], Tensor] | None = None
    build_fc1 = build_fc2 = EncoderLayer.build_fc1

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return what fairseq's layer returns, the output [T, B, C] first, through the adapter."""
        output, *rest = super().forward(*args, **kwargs)
        return output if self.adapter is None else self.adapter(output), *rest

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
