"""Folders of tiny causal language models, with drawn weights and tokenizers made here; nothing is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import torch
import transformers
from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, pre_tokenizers, processors
from torch import nn

from tests.unit.models.huggingface.folders import sentences

SIZE = 300
#: 4 query heads, of which each two share keys and values; an FFN of 24 neurons.
LLAMA: dict[str, Any] = {
    "vocab_size": SIZE,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.25,
    "tie_word_embeddings": False,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
#: Case → model type, and the configuration. Qwen3's heads are together wider than the model; Mistral's see
#: four positions.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": (
        "GPT2",
        {
            "vocab_size": SIZE,
            "n_embd": 16,
            "n_layer": 2,
            "n_head": 4,
            "n_inner": 24,
            "n_positions": 64,
            "initializer_range": 0.25,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
    ),
    "llama": ("Llama", {**LLAMA, "attention_bias": True, "mlp_bias": True}),
    "mistral": ("Mistral", {**LLAMA, "sliding_window": 4, "head_dim": 4}),
    "qwen2": ("Qwen2", {**LLAMA, "tie_word_embeddings": True}),
    "qwen3": ("Qwen3", {**LLAMA, "head_dim": 8}),
}
#: Cases whose tokenizer begins a text.
BEGUN = ("llama", "mistral")


def tiny(case: str, **more: Any) -> nn.Module:
    """Return a model of a case in eval mode, all its biases drawn; ``more``: of its configuration."""
    kind, given = CASES[case]
    torch.manual_seed(11)
    model_class = getattr(transformers, "GPT2LMHeadModel" if kind == "GPT2" else f"{kind}ForCausalLM")
    model = model_class(getattr(transformers, f"{kind}Config")(**{**given, **more}))
    with torch.no_grad():
        for name, one in model.named_parameters():
            if name.endswith("bias"):
                one.normal_(std=0.3)
    return model.eval()


def tokenizer_files(case: str, folder: Path) -> None:
    """Write a case's tokenizer: pieces of bytes, as GPT-2 and Qwen have, or words after ``<s>``."""
    folder.mkdir(parents=True, exist_ok=True)
    if case in BEGUN:
        words = sorted({word for line in sentences(300) for word in line.split()})
        word_tokenizer(words, folder, begin=True)
        return
    made = ByteLevelBPETokenizer()
    made.train_from_iterator(sentences(300), vocab_size=SIZE - 2, special_tokens=["<|endoftext|>"])
    if case == "gpt2":
        made.save_model(str(folder))
        settings = {"tokenizer_class": "GPT2Tokenizer"}
    else:
        made.save(str(folder / "tokenizer.json"))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast"}
    write_settings(folder, {**settings, "eos_token": "<|endoftext|>"})


def word_tokenizer(words: list[str], folder: Path, begin: bool = False) -> None:
    """Write a tokenizer of whole words, numbered from 3 on after ``<s>``, ``</s>`` and ``<unk>``."""
    ids = {word: number for number, word in enumerate(["<s>", "</s>", "<unk>", *words])}
    made = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if begin:
        made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    made.save(str(folder / "tokenizer.json"))
    settings = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    write_settings(folder, {"tokenizer_class": "PreTrainedTokenizerFast", **settings})


def write_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write a tokenizer's settings."""
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def causal_folder(case: str, folder: Path, **more: Any) -> Path:
    """Write a tiny model with its tokenizer; ``more``: of its configuration."""
    tokenizer_files(case, folder)
    tiny(case, **more).save_pretrained(folder)
    return folder
