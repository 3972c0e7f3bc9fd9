"""Tiny models of each family, with weights and biases that are drawn; nothing is fetched.

A new model's biases are all zero, so that a masked row and a removed unit are the same; only drawn ones tell
them apart. The stacks have FFNs of different sizes, where a family can have them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import pytest
import torch
import transformers
from torch import nn

from workflow_scripts.models.huggingface.library import MAJOR

#: Of what version 4 does otherwise; the reason says how.
in_version_5 = partial(pytest.mark.skipif, MAJOR < 5)
SIZE = 40
#: Of the BART-like families: 2 + 2 layers, 4 and 2 heads, FFNs of 64 and 48 neurons.
BART: dict[str, Any] = {
    "vocab_size": SIZE,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": 64,
    "init_std": 0.25,
    "dropout": 0.0,
}
#: 3 heads of 8 are 24 channels beside a model dimension of 32; gated or not.
T5: dict[str, Any] = {
    "vocab_size": SIZE,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 48,
    "num_layers": 2,
    "num_heads": 3,
    "dropout_rate": 0.0,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "decoder_start_token_id": 0,
}
#: name of a case → its configuration
CONFIGS: dict[str, Any] = {
    "marian": lambda **more: transformers.MarianConfig(
        **{
            **BART,
            "pad_token_id": SIZE - 1,
            "eos_token_id": 0,
            "decoder_start_token_id": SIZE - 1,
            "activation_function": "swish",
            **more,
        }
    ),
    "m2m": lambda **more: transformers.M2M100Config(**{**BART, "activation_function": "relu", **more}),
    "mbart": lambda **more: transformers.MBartConfig(
        **{**BART, "decoder_start_token_id": 2, "activation_function": "gelu", **more}
    ),
    "t5": lambda **more: transformers.T5Config(**{**T5, **more}),
    "t5-gated": lambda **more: transformers.T5Config(
        **{**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, **more}
    ),
    "mt5": lambda **more: transformers.MT5Config(**{**T5, **more}),
}
CLASSES: dict[str, str] = {
    "marian": "MarianMTModel",
    "m2m": "M2M100ForConditionalGeneration",
    "mbart": "MBartForConditionalGeneration",
    "t5": "T5ForConditionalGeneration",
    "t5-gated": "T5ForConditionalGeneration",
    "mt5": "MT5ForConditionalGeneration",
}
CASES = tuple(CONFIGS)
#: Cases whose FFNs and attentions have biases.
BIASED = ("marian", "m2m", "mbart")


def tiny(case: str, **more: Any) -> nn.Module:
    """Return a model of a case in eval mode, all its biases drawn; ``more``: of its configuration."""
    torch.manual_seed(11)
    model = getattr(transformers, CLASSES[case])(CONFIGS[case](**more))
    with torch.no_grad():
        for name, one in model.named_parameters():
            if name.endswith("bias"):
                one.normal_(std=0.3)
        if (head := getattr(model, "final_logits_bias", None)) is not None:
            head.normal_(std=0.3)
    return model.eval()
