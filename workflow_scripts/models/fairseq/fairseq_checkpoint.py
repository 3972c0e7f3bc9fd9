"""Read a checkpoint of stock fairseq 0.12.2, or of the published masked model, under stock names.

It must be of the task ``translation_multi_simple_epoch`` with ``encoder_langtok=src`` and
``decoder_langtok``, and a Transformer of the kind in ``units.architecture``. No code of the file is run.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (allows argparse.Namespace)

from torch import Tensor

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.language_codes import canonical
from workflow_scripts.models.fairseq.network import without_copies
from workflow_scripts.models.foreign_checkpoint import load_foreign, plain
from workflow_scripts.units.architecture import Architecture

#: Settings of fairseq that change the network or its input, and the one value that is supported.
_REQUIRED = {
    "encoder_langtok": "src",
    "decoder_langtok": True,
    "lang_tok_style": "multilingual",
    "lang_tok_replacing_bos_eos": False,
    "enable_lang_ids": False,
    "encoder_learned_pos": False,
    "decoder_learned_pos": False,
    "no_token_positional_embeddings": False,
    "no_scale_embedding": False,
    "layernorm_embedding": False,
    "no_decoder_final_norm": False,
    "no_cross_attention": False,
    "cross_self_attention": False,
    "adaptive_input": False,
    "adaptive_softmax_cutoff": None,
}
#: Of the published masked model: a layer's weight while a mask is laid, and masks by direction.
WHOLE, MASKS = ".global_weight", "language_mask."
WRAPPER = "module."  # torch's DistributedDataParallel; fairseq leaves it out, other programs do not
#: Fields of our architecture: those that have one name in fairseq, and those that it keeps for each stack.
_DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")
_SAME = ("encoder_layers", "decoder_layers", "share_all_embeddings", *_DROPOUTS)
_BOTH_STACKS = {
    "model_dim": "embed_dim",
    "ffn_dim": "ffn_embed_dim",
    "heads": "attention_heads",
    "pre_norm": "normalize_before",
}


class Checkpoint(NamedTuple):
    """What a checkpoint holds: ``languages`` in token order, ``parameters`` under stock names. ``masked``:
    whether its model translates through masks."""

    architecture: Architecture
    languages: tuple[str, ...]
    parameters: dict[str, Tensor]
    masked: bool


def load_fairseq_checkpoint(path: str | Path, languages: Sequence[str] | None = None) -> Checkpoint:
    """Return what a checkpoint holds. ``languages``: for one that does not say them. UserError for what is
    not supported."""
    path = Path(path)
    checkpoint = load_foreign(path)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("model"), dict):
        raise UserError(f"{path}: not a fairseq checkpoint; name a checkpoint*.pt that fairseq wrote")
    settings = _settings(checkpoint, path)
    _check_tokens(settings, path)
    for name, supported in _REQUIRED.items():
        if name in settings and settings[name] != supported:
            raise UserError(f"{path}: {name} is {settings[name]!r}, only {supported!r} is supported")
    stored = _unwrapped(checkpoint["model"])
    masked = any(name.startswith(MASKS) or name.endswith(WHOLE) for name in stored)
    parameters = {
        name: tensor
        for name, tensor in without_copies(_stock_names(stored)).items()
        if not name.endswith((".version", "._float_tensor"))
    }
    known = _languages(settings, path, languages)
    return Checkpoint(
        _architecture(settings, path), known, parameters, masked or bool(settings.get("mask_path"))
    )


def _check_tokens(settings: dict[str, Any], path: Path) -> None:
    """Refuse a model without language tokens; ``--langtoks`` overrides the other options, as in fairseq."""
    if "encoder_langtok" not in settings:
        task = settings.get("task", "translation")
        raise UserError(
            f"{path}: a model of task {task!r:.60}, which has no language tokens; needed is one of"
            " translation_multi_simple_epoch with --encoder-langtok src --decoder-langtok"
        )
    tokens = settings.get("langtoks")
    main = tokens.get("main") if isinstance(tokens, Mapping) else None
    if isinstance(main, list | tuple) and len(main) == 2:
        settings["encoder_langtok"], settings["decoder_langtok"] = main[0], main[1] == "tgt"


def _unwrapped(parameters: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the parameters without what a wrapper for several processes put before every name."""
    while parameters and all(name.startswith(WRAPPER) for name in parameters):
        parameters = {name.removeprefix(WRAPPER): tensor for name, tensor in parameters.items()}
    return parameters


def _stock_names(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the parameters of the published masked model (Neuron Specialization, LaSS) under stock names.

    While a mask is laid, a layer's true weight is its ``global_weight``, and ``weight`` what is left of it.
    Masks that a checkpoint holds are left out: those of a system are chosen in the config.
    """
    stock = {name: tensor for name, tensor in parameters.items() if not name.startswith(MASKS)}
    whole = {name: tensor for name, tensor in stock.items() if name.endswith(WHOLE)}
    return {
        **{name: tensor for name, tensor in stock.items() if name not in whole},
        **{name.removesuffix(WHOLE) + ".weight": tensor for name, tensor in whole.items()},
    }


def _settings(checkpoint: Mapping[str, Any], path: Path) -> dict[str, Any]:
    configuration = plain(checkpoint.get("cfg")) or {"model": plain(checkpoint.get("args"))}
    settings: dict[str, Any] = {}
    for part in ("task", "model"):
        value = configuration.get(part) if isinstance(configuration, Mapping) else configuration
        value = value or {}
        if not isinstance(value, Mapping):
            raise UserError(f"{path}: its {part} settings are {type(value).__name__}, not names and values")
        # fairseq puts what it works out (langtoks) into the task's copy of the options alone.
        settings |= {name: one for name, one in value.items() if one is not None or name not in settings}
    if not settings:
        raise UserError(f"{path}: the checkpoint holds no settings of its model")
    return settings


def _architecture(settings: Mapping[str, Any], path: Path) -> Architecture:
    try:
        value = {
            **{name: settings[name] for name in _SAME},
            "activation": settings["activation_fn"],
            "share_decoder_embeddings": settings["share_decoder_input_output_embed"],
            "max_positions": min(_positions(settings, side, path) for side in ("source", "target")),
        }
        for ours, theirs in _BOTH_STACKS.items():
            encoder, decoder = settings[f"encoder_{theirs}"], settings[f"decoder_{theirs}"]
            if encoder != decoder:
                raise UserError(f"{path}: encoder and decoder differ in {theirs} ({encoder}, {decoder})")
            value[ours] = encoder
        return Architecture.from_dict(value)
    except KeyError as error:
        raise UserError(f"{path}: the checkpoint's settings lack {error}") from None
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def _positions(settings: Mapping[str, Any], side: str, path: Path) -> int:
    value = settings[f"max_{side}_positions"]
    if not isinstance(value, int):
        raise UserError(f"{path}: max_{side}_positions is {value!r:.60}, not a whole number")
    return value


def _languages(settings: Mapping[str, Any], path: Path, given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the stored languages, else the given ones, else what fairseq infers from its pairs."""
    stored = _strings(settings.get("langs"))
    if stored:
        if given and list(map(canonical, given)) != list(map(canonical, stored)):
            raise UserError(
                f"languages {' '.join(given)}: {path} has {' '.join(stored)}; in this order of its tokens"
            )
        return stored
    if given:
        if twice := sorted({one for one in given if list(given).count(one) > 1}):
            raise UserError(f"--languages: {twice[0]!r} is named twice")
        return tuple(given)
    if file := settings.get("lang_dict"):
        raise UserError(
            f"{path}: the languages are in the file that --lang-dict named, {str(file)!r:.200}, not in the"
            " checkpoint: give --languages the lines of that file, in their order"
        )
    pairs = _strings(settings.get("lang_pairs"))
    # As fairseq does where neither --langs nor --lang-dict was given.
    inferred = tuple(sorted({language for pair in pairs for language in pair.split("-")}))
    if not inferred:
        raise UserError(
            f"{path}: the checkpoint does not say its languages (langs is {settings.get('langs')!r:.60}):"
            " give them in the order of their tokens with --languages"
        )
    print(
        f"note: {path} does not say its languages: {' '.join(inferred)}, as fairseq infers them from its"
        " pairs; give others with --languages",
        file=sys.stderr,
    )
    return inferred


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    listed = isinstance(value, list | tuple) and all(isinstance(one, str) and one for one in value)
    return tuple(value) if listed else ()
