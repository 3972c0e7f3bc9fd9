"""Import a checkpoint of stock fairseq 0.12.2 as a system, or of the masked model, with masks made here.

``models.fairseq.fairseq_checkpoint`` says which checkpoints can be read.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import json_object, raise_all
from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import copy_file
from workflow_scripts.common.language_codes import canonical, one_of
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.models.fairseq.artifact import copy_weights, save_system_weights
from workflow_scripts.models.fairseq.fairseq_checkpoint import load_fairseq_checkpoint
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.tensors import TIED_NAME
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

PLAIN_TEXT = {"normalize_punctuation": False, "moses": False}


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
    model: Mapping[str, Any] | None = None,
    parent: SystemFolder | None = None,
    masks: Path | None = None,
) -> SystemFolder:
    """Write a system folder from a fairseq checkpoint; UserError if the parts do not fit.

    ``text``: what was done to text before SentencePiece. ``languages``: in token order; needed where the
    checkpoint does not say them. ``model``: keys of its architecture that are known. ``parent`` and
    ``masks``: of a system that was fine-tuned under masks of its baseline, with a row for each direction.
    """
    # Before anything is written: a folder that is half a system must not be left.
    for file in (subwords, dictionary):
        if not Path(file).is_file():
            raise UserError(f"{file}: no such file; name the one that the model was trained with")
    architecture, stored, parameters, masked = load_fairseq_checkpoint(checkpoint, languages)
    if masked and masks is None:
        raise UserError(
            f"{checkpoint}: a model that translates through masks: give these with --parent and --masks, or"
            " name it under attach.systems"
        )
    languages = _as_ids(stored, checkpoint)
    _check_architecture(architecture, model or {}, checkpoint, "the config's model has {}; leave model out")
    if parent is not None:
        sizes = {key: value for key, value in parent.architecture.items() if not key.endswith("dropout")}
        _check_architecture(architecture, sizes, checkpoint, "its baseline has {}: it is of another one")
    every = [f"{one}-{two}" for one in languages for two in languages]
    directions = [one_of(direction, every) for direction in directions]
    for direction in directions:
        try:
            direction_languages(direction, languages)
        except UserError as error:
            raise UserError(f"{checkpoint}: {error}") from None
    if TIED_NAME not in parameters:
        raise UserError(f"{checkpoint}: tensor {TIED_NAME} is missing")
    vocabulary = _vocabulary(dictionary, subwords, languages, parameters[TIED_NAME].shape[0])
    if parent is not None and masks is not None:
        table = MaskTable.read(masks)
        parent.check_model(table)
        for direction in directions:
            table.row(direction)
    network = build_network(architecture, len(vocabulary))
    copy_weights(network, parameters, checkpoint)
    folder = Path(out)
    save_system_weights(network, folder / STANDARD_FILES["weights"])
    for role, copied in (("subwords", subwords), ("dictionary", dictionary), ("masks", masks)):
        if copied is not None:
            copy_file(copied, folder / STANDARD_FILES[role])
    return SystemFolder.write(
        folder,
        system=system,
        seed=seed,
        languages=languages,
        mask_rows={direction: direction if masks else None for direction in directions},
        architecture=architecture.to_dict(),
        text=text,
        parent=None if parent is None else {"system": parent.system, "weights_sha256": parent.weights_sha256},
    )


def _check_architecture(
    found: Architecture, wanted: Mapping[str, Any], checkpoint: str | Path, words: str
) -> None:
    own = found.to_dict()
    raise_all(
        [
            f"{checkpoint}: {key} is {own[key]!r}, {words.format(repr(value))}"
            for key, value in wanted.items()
            if own[key] != value
        ]
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


def _vocabulary(
    dictionary: str | Path, subwords: str | Path, languages: Sequence[str], embeddings: int
) -> Vocabulary:
    """Read the vocabulary; UserError for one of other symbols than the checkpoint and the subwords have."""
    vocabulary = Vocabulary.read(dictionary, languages)
    if embeddings != len(vocabulary):
        raise UserError(
            f"{dictionary}: {len(vocabulary)} symbols with specials and language tokens,"
            f" but the checkpoint has {embeddings} embeddings"
        )
    pieces = load_subwords(subwords)
    vocabulary.check_pieces(map(pieces.id_to_piece, range(len(pieces))), str(dictionary))
    return vocabulary


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
    parser.add_argument("--languages", nargs="+", metavar="LANG", help="in token order")
    parser.add_argument("--text", type=_text_options, default=PLAIN_TEXT, help="text processing, as JSON")
    parser.add_argument("--architecture", default="{}", help="JSON, what is known of it; else it is refused")
    parser.add_argument("--parent", type=Path, help="of a system with masks: its baseline's folder")
    parser.add_argument("--masks", type=Path, help="its masks")
    parser.add_argument("--out", type=Path, required=True, help="system folder")
    arguments = parser.parse_args(argv)
    if (arguments.parent is None) != (arguments.masks is None):
        raise UserError("--parent and --masks: give both, or none")
    known = {field.name for field in fields(Architecture)}
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
        model=json_object("architecture", arguments.architecture, {"heads": 4}, known.issuperset),
        parent=arguments.parent and SystemFolder.read(arguments.parent),
        masks=arguments.masks,
    )
    print(f"{folder.folder}: {folder.system}, {len(folder.directions)} directions", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
