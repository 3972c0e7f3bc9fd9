"""Import a checkpoint of stock fairseq 0.12.2 as a system.

It must be of the task ``translation_multi_simple_epoch`` with ``encoder_langtok=src`` and
``decoder_langtok``, and a Transformer of the kind in ``units.architecture``. No code of the file is run.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (allows argparse.Namespace)

from torch import Tensor

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import copy_file
from workflow_scripts.common.language_codes import canonical, one_of
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.models.fairseq.artifact import TIED_NAME, copy_weights, save_system_weights
from workflow_scripts.models.fairseq.network import build_network, without_copies
from workflow_scripts.models.foreign_checkpoint import load_foreign, plain
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import STANDARD_FILES, SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

PLAIN_TEXT = {"normalize_punctuation": False, "moses": False}
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


def load_fairseq_checkpoint(
    path: str | Path, languages: Sequence[str] | None = None
) -> tuple[Architecture, tuple[str, ...], dict[str, Tensor]]:
    """Return the architecture, the languages in token order, and the parameters under stock names.
    ``languages``: for a checkpoint that does not say them. UserError for what is not supported."""
    path = Path(path)
    checkpoint = load_foreign(path)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("model"), dict):
        raise UserError(f"{path}: not a fairseq checkpoint; name a checkpoint*.pt that fairseq wrote")
    settings = _settings(checkpoint, path)
    _check_tokens(settings, path)
    for name, supported in _REQUIRED.items():
        if name in settings and settings[name] != supported:
            raise UserError(f"{path}: {name} is {settings[name]!r}, only {supported!r} is supported")
    parameters = {
        name: tensor
        for name, tensor in without_copies(_unwrapped(checkpoint["model"])).items()
        if not name.endswith((".version", "._float_tensor"))
    }
    return _architecture(settings, path), _languages(settings, path, languages), parameters


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
            raise UserError(f"--languages {' '.join(given)}: {path} says {' '.join(stored)}; leave it out")
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


def import_fairseq_checkpoint(
    checkpoint: str | Path,
    subwords: str | Path,
    dictionary: str | Path,
    out: str | Path,
    *,
    system: str,
    seed: int,
    directions: Sequence[str],
    text: Mapping[str, Any] = PLAIN_TEXT,
    languages: Sequence[str] | None = None,
) -> SystemFolder:
    """Write a system folder from a fairseq checkpoint; UserError if the parts do not fit. ``text``: what was
    done to text before SentencePiece. ``languages``: in token order, where the checkpoint does not say them.
    """
    # Before anything is written: a folder that is half a system must not be left.
    for file in (subwords, dictionary):
        if not Path(file).is_file():
            raise UserError(f"{file}: no such file; name the one that the model was trained with")
    architecture, stored, parameters = load_fairseq_checkpoint(checkpoint, languages)
    languages = _as_ids(stored, checkpoint)
    every = [f"{one}-{two}" for one in languages for two in languages]
    directions = [one_of(direction, every) for direction in directions]
    vocabulary = Vocabulary.read(dictionary, languages)
    for direction in directions:
        try:
            direction_languages(direction, languages)
        except UserError as error:
            raise UserError(f"{checkpoint}: {error}") from None
    if TIED_NAME not in parameters:
        raise UserError(f"{checkpoint}: tensor {TIED_NAME} is missing")
    rows = parameters[TIED_NAME].shape[0]
    if rows != len(vocabulary):
        raise UserError(
            f"{dictionary}: {len(vocabulary)} symbols with specials and language tokens,"
            f" but the checkpoint has {rows} embeddings"
        )
    model = load_subwords(subwords)
    pieces = [model.id_to_piece(index) for index in range(len(model))]
    vocabulary.check_pieces(pieces, str(dictionary))
    network = build_network(architecture, len(vocabulary))
    copy_weights(network, parameters, checkpoint)
    folder = Path(out)
    save_system_weights(network, folder / STANDARD_FILES["weights"])
    for role, file in (("subwords", subwords), ("dictionary", dictionary)):
        copy_file(file, folder / STANDARD_FILES[role])
    return SystemFolder.write(
        folder,
        system=system,
        seed=seed,
        languages=languages,
        mask_rows=dict.fromkeys(directions),
        architecture=architecture.to_dict(),
        text=text,
    )


def _as_ids(stored: Sequence[str], checkpoint: str | Path) -> tuple[str, ...]:
    """Return a checkpoint's languages as ids spell them, and note those that it spells differently."""
    languages = tuple(map(canonical, stored))
    if twice := [code for code in languages if languages.count(code) > 1]:
        raise UserError(
            f"{checkpoint}: {twice[0]!r} is among its languages in two spellings: {' '.join(stored)}"
        )
    if changed := [f"{one} is {two}" for one, two in zip(stored, languages, strict=True) if one != two]:
        print(f"note: {checkpoint}: in ids and names of files {', '.join(changed)}", file=sys.stderr)
    return languages


def _text_options(text: str) -> dict[str, bool]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"--text {text!r} is not JSON: {error}") from None
    if not isinstance(value, dict) or not all(
        key in PLAIN_TEXT and isinstance(flag, bool) for key, flag in value.items()
    ):
        raise UserError(f"--text {text!r}: may say true or false of {', '.join(PLAIN_TEXT)}")
    return {**PLAIN_TEXT, **value}


def main(argv: list[str] | None = None) -> None:
    """Run the import."""
    parser = argparse.ArgumentParser(description="Import a fairseq 0.12.2 checkpoint as a system.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--subwords", type=Path, required=True, help="SentencePiece model")
    parser.add_argument("--dictionary", type=Path, required=True, help="fairseq's dict.txt")
    parser.add_argument("--system", default="baseline", help="name of the system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directions", nargs="+", required=True, metavar="SRC-TGT")
    parser.add_argument("--languages", nargs="+", metavar="LANG", help="in token order, if it lacks them")
    parser.add_argument("--text", type=_text_options, default=PLAIN_TEXT, help="text processing, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="system folder")
    arguments = parser.parse_args(argv)
    folder = import_fairseq_checkpoint(
        arguments.checkpoint,
        arguments.subwords,
        arguments.dictionary,
        arguments.out,
        system=arguments.system,
        seed=arguments.seed,
        directions=arguments.directions,
        text=arguments.text,
        languages=arguments.languages,
    )
    print(f"{folder.folder}: {folder.system}, {len(folder.directions)} directions", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
