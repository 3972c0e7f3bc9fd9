"""fairseq's Transformer, built from an ``Architecture``."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

import torch
from fairseq.data import Dictionary
from fairseq.models.transformer import (
    TransformerConfig,
    TransformerDecoderBase,
    TransformerEncoderBase,
    TransformerModelBase,
)
from torch import nn

from workflow_scripts.models.fairseq.layers import ENCODER_COPIES, DecoderLayer, EncoderLayer
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.vocabulary import PAD, SPECIALS, Vocabulary


class _Vocabulary:
    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def pad(self) -> int:
        return PAD


class Encoder(TransformerEncoderBase):
    """fairseq's encoder made of ``EncoderLayer``."""

    def build_encoder_layer(self, cfg: TransformerConfig) -> EncoderLayer:
        """Return one layer."""
        return EncoderLayer(cfg, return_fc=self.return_fc)


class Decoder(TransformerDecoderBase):
    """fairseq's decoder made of ``DecoderLayer``."""

    def build_decoder_layer(self, cfg: TransformerConfig, no_encoder_attn: bool = False) -> DecoderLayer:
        """Return one layer."""
        return DecoderLayer(cfg, no_encoder_attn)


class Network(TransformerModelBase):
    """fairseq's Transformer of these two; its state dict has stock names and no copies."""

    @classmethod
    def build_encoder(cls, cfg: TransformerConfig, src_dict: Any, embed_tokens: nn.Embedding) -> Encoder:
        """Return the encoder."""
        return Encoder(cfg, src_dict, embed_tokens)

    @classmethod
    def build_decoder(cls, cfg: TransformerConfig, tgt_dict: Any, embed_tokens: nn.Embedding) -> Decoder:
        """Return the decoder."""
        return Decoder(cfg, tgt_dict, embed_tokens, no_encoder_attn=cfg.no_cross_attention)


def fairseq_config(architecture: Architecture) -> TransformerConfig:
    """Return fairseq's own configuration of the architecture."""
    config = TransformerConfig()
    for stack, layers in (
        (config.encoder, architecture.encoder_layers),
        (config.decoder, architecture.decoder_layers),
    ):
        stack.layers = layers
        stack.embed_dim = architecture.model_dim
        stack.ffn_embed_dim = architecture.ffn_dim
        stack.attention_heads = architecture.heads
        stack.normalize_before = architecture.pre_norm
    config.decoder.input_dim = config.decoder.output_dim = architecture.model_dim
    config.activation_fn = architecture.activation
    config.share_decoder_input_output_embed = architecture.share_decoder_embeddings
    config.share_all_embeddings = architecture.share_all_embeddings
    config.max_source_positions = config.max_target_positions = architecture.max_positions
    config.dropout = architecture.dropout
    config.attention_dropout = architecture.attention_dropout
    config.activation_dropout = architecture.activation_dropout
    return config


def build_network(architecture: Architecture, vocabulary_size: int) -> Network:
    """Return a new network in training mode, on the CPU; ``vocabulary_size`` counts every symbol."""
    # One object for both sides: fairseq compares them when all embeddings are shared.
    vocabulary = _Vocabulary(vocabulary_size)
    task = SimpleNamespace(source_dictionary=vocabulary, target_dictionary=vocabulary)
    network: Network = Network.build_model(fairseq_config(architecture), task)
    for name, buffer in network.named_buffers():
        if name.endswith("._float_tensor"):
            # fairseq leaves this marker of device and type uninitialised: saved files would differ.
            torch.nn.init.zeros_(buffer)
    for layer in network.decoder.layers:
        # In eval mode fairseq would compute averaged attention weights in every layer, which nobody reads.
        layer.need_attn = False
    return network


def without_copies(state_dict: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a stock state dict without the encoder layers' copies of their weights."""
    return {
        name: tensor
        for name, tensor in state_dict.items()
        if not (name.startswith("encoder.layers.") and name.rpartition(".")[2] in ENCODER_COPIES)
    }


def fairseq_dictionary(vocabulary: Vocabulary) -> Dictionary:
    """Return fairseq's dictionary with the same symbol under every id."""
    dictionary = Dictionary()
    for symbol in vocabulary.symbols[len(SPECIALS) :]:
        # A special that occurs again has a row of its own; bos(), pad(), eos() and unk() stay as they are.
        dictionary.add_symbol(symbol, overwrite=symbol in SPECIALS)
    return dictionary
