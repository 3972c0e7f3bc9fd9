"""A causal model with planted language units, by weights that are set: they fire on the words of one language
alone, and what they write is all that makes words of this language likely.

Dimensions of the residual stream: which language a word is of; what the planted units write, of which the
head reads; and noise, of which all other weights read and write. So without the units of a language its words
are as likely as all others.
"""

from __future__ import annotations

import random
from pathlib import Path

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import numpy as np
import torch
import transformers

from tests.unit.models.huggingface.causal.tiny_causal import word_tokenizer
from workflow_scripts.models.huggingface.causal.system import make_system
from workflow_scripts.units.system import SystemFolder

LANGUAGES = ("cs", "de", "fr", "nl", "sv")
WORDS, LINES = 24, 40
#: Of each language and layer, and all units of a layer.
PLANTED, UNITS = 2, 50
NOISE = 6
WIDTH = 2 * len(LANGUAGES) + NOISE
#: ``<s>``, ``</s>`` and ``<unk>`` come first.
FIRST = 3
VOCABULARY = FIRST + WORDS * len(LANGUAGES)
SIZES = {"llama": "intermediate_size", "gpt2": "n_inner"}


def words_of(language: str) -> list[str]:
    """Return the words of a language, which no other has."""
    return [f"{language}{chr(97 + number)}" for number in range(WORDS)]


def planted_units() -> dict[str, np.ndarray]:
    """Return which units of each layer are each language's, the same in both: language → bool [units]."""
    order = np.random.default_rng(5).permutation(UNITS)
    found = {}
    for number, language in enumerate(LANGUAGES):
        found[language] = np.zeros(UNITS, dtype=np.bool_)
        found[language][order[number * PLANTED : (number + 1) * PLANTED]] = True
    return found


def planted_system(kind: str, root: Path) -> SystemFolder:
    """Write the texts, ``valid/{language}.txt``, and the model as a system; return it. ``kind``: ``llama``,
    whose planted units fire by their gate, or ``gpt2``."""
    folder = root / "model"
    folder.mkdir(parents=True)
    (root / "valid").mkdir()
    draw = random.Random(2)
    for language in LANGUAGES:
        lines = [" ".join(draw.choices(words_of(language), k=draw.randint(5, 9))) for _ in range(LINES)]
        (root / f"valid/{language}.txt").write_text("\n".join(lines) + "\n")
    word_tokenizer([word for language in LANGUAGES for word in words_of(language)], folder)
    _model(kind).save_pretrained(folder)
    return make_system(folder, root / "system", system="planted", languages=LANGUAGES)


def _model(kind: str) -> torch.nn.Module:
    torch.manual_seed(3)
    n = len(LANGUAGES)
    reads, writes, noise = slice(0, n), slice(n, 2 * n), slice(2 * n, WIDTH)
    shape = {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
    shape |= {SIZES[kind]: UNITS, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 1}
    if kind == "llama":
        config = transformers.LlamaConfig(**shape, max_position_embeddings=32)
        model = transformers.LlamaForCausalLM(config)
    else:
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**shape, n_positions=32))
    with torch.no_grad():
        for name, one in model.named_parameters():
            if not name.endswith("bias") and one.dim() == 2:
                one.normal_(std=0.3)
        language_of_word = torch.arange(VOCABULARY - FIRST) // WORDS
        one_hot = torch.nn.functional.one_hot(language_of_word, n).float()
        embedding, head = model.get_input_embeddings().weight, model.lm_head.weight
        embedding[FIRST:, reads], embedding[:, writes] = one_hot, 0
        embedding[:FIRST, reads] = 0
        head[:] = 0
        head[FIRST:, writes] = 4 * one_hot
        if kind == "gpt2":
            model.transformer.wpe.weight[:, : 2 * n] = 0
        for layer in model.base_model.h if kind == "gpt2" else model.base_model.layers:
            if kind == "gpt2":
                first = [layer.mlp.c_fc.weight.t()]
                last, out = layer.mlp.c_proj.weight.t(), layer.attn.c_proj.weight.t()
                inputs = [layer.attn.c_attn.weight.t()]
            else:
                first = [layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight]
                last, out = layer.mlp.down_proj.weight, layer.self_attn.o_proj.weight
                inputs = [getattr(layer.self_attn, f"{one}_proj").weight for one in "qkv"]
            for weight in (*first, *inputs):
                weight[:, : 2 * n] = 0
            for weight in (last, out):
                weight[: 2 * n] = 0
            for number, mine in enumerate(planted_units().values()):
                units = torch.from_numpy(mine)
                # Weights that add up to zero, so that it is the same after GPT-2's norm, which centres.
                row = torch.full((n,), -1.0)
                row[number] = n - 1.0
                for weight in first:
                    weight[units] = 0
                    weight[units, reads] = row
                last[:, units] = 0
                last[n + number, units] = 0.5
        assert noise.stop - noise.start == NOISE
    return model.eval()
