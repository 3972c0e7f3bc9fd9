"""A model that is trained from scratch: M2M-100's network, the nearest to fairseq's Transformer, with our
subwords under the ids that they have there.

Its tokenizer is M2M-100's class on the SentencePiece model. That class numbers tags of its own languages
beyond the vocabulary, so ours have other names: ``<de>``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import copy_file, write_json
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.space import STACKS
from workflow_scripts.units.vocabulary import BOS, EOS, PAD, Vocabulary, language_token

#: Fields that can have but one value in this network, and why.
FIXED = {
    "pre_norm": "its layers begin with their norm",
    "share_decoder_embeddings": "all its embeddings are one",
    "share_all_embeddings": "all its embeddings are one",
}


def baseline_tags(languages: Sequence[str]) -> dict[str, str]:
    """Return the token of each language."""
    return {language: f"<{language}>" for language in languages}


def baseline_architecture(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``architecture`` block of a baseline, with what other systems of the port have there;
    UserError for a network that there is not. ``architecture``: as the default port has it."""
    shape = Architecture.from_dict(architecture)
    for key, why in FIXED.items():
        if not getattr(shape, key):
            raise UserError(
                f"architecture.{key}: false, but the network of the port 'huggingface' is M2M-100's, {why};"
                " set it to true"
            )
    sizes = {"ffn_dim": shape.ffn_dim, "heads": shape.heads}
    of_stacks = {f"{stack}_{key}": size for key, size in sizes.items() for stack in STACKS}
    return {"family": "m2m_100", **architecture, **of_stacks, "gated": False, "dtype": "float32"}


def make_model_folder(
    folder: Path, architecture: Mapping[str, Any], languages: Sequence[str], subwords: str, dictionary: str
) -> None:
    """Write the configuration and the tokenizer of a model that is to be trained. ``architecture``: that of
    ``system.json``. UserError for a subword that has the name of a tag."""
    shape = Architecture(**{one.name: architecture[one.name] for one in fields(Architecture)})
    vocabulary = Vocabulary.read(dictionary, languages)
    own = {language_token(language): tag for language, tag in baseline_tags(languages).items()}
    numbers: dict[str, int] = {}
    for number, symbol in enumerate(vocabulary.symbols):
        name = own.get(symbol, symbol)
        if numbers.setdefault(name, number) != number and name in own.values():
            raise UserError(f"{dictionary}: has the subword {name!r}, which is the tag of a language here")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "vocab.json", numbers)
    copy_file(subwords, folder / "sentencepiece.bpe.model")
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "M2M100Tokenizer"})
    write_json(folder / "config.json", _configuration(shape, len(vocabulary)))


def _configuration(shape: Architecture, symbols: int) -> dict[str, Any]:
    stacks = {
        f"{stack}_{key}": value
        for stack, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers))
        for key, value in (
            ("layers", layers),
            ("ffn_dim", shape.ffn_dim),
            ("attention_heads", shape.heads),
            ("layerdrop", 0.0),
        )
    }
    return {
        "model_type": "m2m_100",
        "architectures": ["M2M100ForConditionalGeneration"],
        "vocab_size": symbols,
        "d_model": shape.model_dim,
        **stacks,
        "activation_function": shape.activation,
        "max_position_embeddings": shape.max_positions,
        "scale_embedding": True,
        "dropout": shape.dropout,
        "attention_dropout": shape.attention_dropout,
        "activation_dropout": shape.activation_dropout,
        "bos_token_id": BOS,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "decoder_start_token_id": EOS,
        "tie_word_embeddings": True,
    }


def draw_weights(model: nn.Module, seed: int) -> None:
    """Draw the weights of M2M-100's network as fairseq draws those of its Transformer: by the size of each
    matrix. The library's own are all of one size, and small networks learn slowly from them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear) and not name.endswith("lm_head"):
                joined = name.endswith(("q_proj", "k_proj", "v_proj"))
                nn.init.xavier_uniform_(module.weight, gain=1 / math.sqrt(2) if joined else 1.0)
                nn.init.zeros_(module.bias)
        embeddings = model.get_input_embeddings().weight
        nn.init.normal_(embeddings, std=embeddings.shape[1] ** -0.5)
        with torch.no_grad():
            embeddings[PAD] = 0.0
