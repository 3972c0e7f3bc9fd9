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
WORDS, LINES = 24, 14
#: Of each language and layer, and all units of a layer.
PLANTED, UNITS = 2, 50
NOISE = 6
WIDTH = 2 * len(LANGUAGES) + NOISE
#: ``<s>``, ``</s>`` and ``<unk>`` come first.
FIRST = 3
VOCABULARY = FIRST + WORDS * len(LANGUAGES)
#: How strongly a word says its language, and what planted units read and write: together they write about 3.
STRENGTH, READ, NOISE_OF_WORDS = 6.0, 2.0, 5.0
WRITE = {"llama": 0.008, "gpt2": 0.028}
#: What the head makes of that: a difference of about 14 nats between words of two languages.
HEAD = 8.0
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
    shape = {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
    shape |= {SIZES[kind]: UNITS, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 1}
    if kind == "llama":
        config = transformers.LlamaConfig(**shape, max_position_embeddings=32)
        model = transformers.LlamaForCausalLM(config)
    else:
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**shape, n_positions=32))
    language = torch.nn.functional.one_hot(torch.arange(VOCABULARY - FIRST) // WORDS, n).float()
    with torch.no_grad():
        for one in model.parameters():
            if one.dim() == 2:
                one.normal_(std=0.3)
        for embedding in (model.get_input_embeddings(), getattr(model.base_model, "wpe", None)):
            if embedding is not None:
                embedding.weight[:, : 2 * n] = 0
        # Enough noise that no other unit is active everywhere.
        words = model.get_input_embeddings().weight
        words *= NOISE_OF_WORDS
        words[FIRST:, :n] = STRENGTH * language
        head = model.lm_head.weight
        # Other tokens are as likely as the words where nothing is written.
        head[:], head[:, n : 2 * n] = 0, HEAD / n
        head[FIRST:, n : 2 * n] = HEAD * language
        for layer in model.base_model.h if kind == "gpt2" else model.base_model.layers:
            first, last, others = _weights(layer, kind)
            for weight in (*first, *others[:-1]):
                weight[:, : 2 * n] = 0
            for weight in (last, others[-1]):
                weight[: 2 * n] = 0
            for number, mine in enumerate(planted_units().values()):
                units = torch.from_numpy(mine)
                # The gate's row adds up to zero: it is the same after GPT-2's norm, which centres. Far below
                # zero GELU is 0; the factor, which Llama has, reads its own language alone.
                rows = torch.full((n,), -READ), torch.zeros(n)
                rows[0][number], rows[1][number] = READ * (n - 1), 1.0
                for weight, row in zip(first, rows, strict=False):
                    weight[units] = 0
                    weight[units, :n] = row
                last[:, units] = 0
                last[n + number, units] = WRITE[kind]
    return model.eval()


def _weights(
    layer: torch.nn.Module, kind: str
) -> tuple[list[torch.Tensor], torch.Tensor, list[torch.Tensor]]:
    """Return a layer's weights, [outputs, inputs]: of the FFN's first and second layer, and of attention, the
    output projection last."""
    if kind == "gpt2":
        mlp, attention = layer.mlp, layer.attn
        return (
            [mlp.c_fc.weight.t()],
            mlp.c_proj.weight.t(),
            [
                attention.c_attn.weight.t(),
                attention.c_proj.weight.t(),
            ],
        )
    mlp, attention = layer.mlp, layer.self_attn
    four = [getattr(attention, f"{name}_proj").weight for name in "qkvo"]
    return [mlp.gate_proj.weight, mlp.up_proj.weight], mlp.down_proj.weight, four
