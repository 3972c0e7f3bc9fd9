"""The files of a COMET model (as the hub of unbabel-comet 2.2.7 has them), and the languages it knows.

A model is a folder with ``hparams.yaml`` and ``checkpoints/model.ckpt``, or commits in the hub's cache that
``evaluate.comet.fetch_comet`` noted. Nothing here imports torch.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, sha256_of, write_json
from workflow_scripts.common.languages import base_code

_XLM_R = """
af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy
id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa
sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh
"""
XLM_R = frozenset(_XLM_R.split())
#: Bokmål is what the list calls Norwegian.
_OTHER_CODES = {"nb": "no"}
#: ``encoder_model`` of hparams.yaml where the list holds.
_ENCODERS = ("XLM-RoBERTa", "XLM-RoBERTa-XL")


def languages_of(encoder: str) -> frozenset[str] | None:
    """Return the languages that an encoder was trained on; None where they are not listed here."""
    return XLM_R if encoder in _ENCODERS else None


def flags_of(direction: str, known: Iterable[str] | None) -> list[str]:
    """Return a line for each language of a direction that is not ``known`` (None: nobody has said)."""
    if known is None:
        return ["languages known to the model: not listed (evaluation.comet: known_languages)"]
    codes = {_plain(code) for code in known}
    sides: Sequence[str] = split_direction(direction)
    return [f"language not known to the model: {side}" for side in sides if _plain(side) not in codes]


def _plain(code: str) -> str:
    base = base_code(code)
    return _OTHER_CODES.get(base, base)


CHECKPOINT, SETTINGS, ENCODER = Path("checkpoints", "model.ckpt"), Path("hparams.yaml"), "encoder"
CONFIGURATION = "config.json"
#: What the encoder's configuration and tokenizer are made of, of all that lies beside its weights.
_TOKENIZER = ("tokenizer*.json", "special_tokens_map.json", "sentencepiece*", "spiece*", "vocab*")
ENCODER_FILES = (CONFIGURATION, *_TOKENIZER)
EXAMPLE = "Unbabel/wmt22-comet-da"
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True)
class ModelFiles:
    """A model that is on this machine. ``name``: as shown; ``folder``: of hparams.yaml and checkpoints/;
    ``encoder``: folder of its configuration and tokenizer; ``settings``: what hparams.yaml says."""

    name: str
    folder: Path
    encoder: Path
    settings: Mapping[str, Any] = field(hash=False)

    @property
    def checkpoint(self) -> Path:
        """The weights."""
        return self.folder / CHECKPOINT


@contextmanager
def named_way_out() -> Iterator[None]:
    """Let errors of a model say that an experiment can do without it."""
    try:
        yield
    except UserError as error:
        error.args = (f"{error}; or take it out of evaluation.comet: tables are then made without it",)
        raise


def find_model(fetched: str | Path | None, folder: str | Path | None) -> ModelFiles:
    """Return the files of a model, of ``folder`` or as ``fetched`` (of ``fetch_comet``) names them.
    Nothing is downloaded. Raises UserError: it is not here, or not a COMET model."""
    if folder is None:
        assert fetched is not None
        return _of_hub(fetched)
    place = Path(folder)
    if not place.is_dir():
        raise UserError(f"{place}: no such folder, for a COMET model (evaluation.comet, key folder)")
    settings = checked_settings(place)
    encoder = _encoder_folder(place, str(settings["pretrained_model"]))
    return ModelFiles(place.resolve().name, place, encoder, settings)


def checked_settings(place: Path) -> dict[str, Any]:
    """Return the settings of a COMET model's folder. Raises UserError: it is not one."""
    for needed in (SETTINGS, CHECKPOINT):
        if not (place / needed).is_file():
            raise UserError(
                f"{place}: no {needed} in it; a COMET model is a folder with {SETTINGS} and {CHECKPOINT}"
            )
    return read_settings(place / SETTINGS)


def _of_hub(fetched: str | Path) -> ModelFiles:
    """Return the very commits that were fetched, whatever the hub's cache has taken in since."""
    note = read_json(fetched)
    names = ("model", "revision", "encoder", "encoder_revision")
    if not isinstance(note, dict) or not all(isinstance(note.get(name), str) for name in names):
        said = "not what evaluate.comet.fetch_comet writes; delete it and run 'make fetch CONFIG=…'"
        raise UserError(f"{fetched}: {said}")
    found = []
    for needed, name, revision in ((CHECKPOINT, *names[:2]), (CONFIGURATION, *names[2:])):
        name, revision = note[name], note[revision]
        folder = in_hub_cache(name, revision)
        if folder is None or not (folder / needed).is_file():
            raise UserError(
                f"{name} at commit {revision[:12]} is no longer in the hub's cache on this machine (HF_HOME):"
                f" delete {fetched} and run 'make fetch CONFIG=…' where there is internet, or name a folder"
                " that has the COMET model (evaluation.comet, key folder)"
            )
        found.append(folder)
    return ModelFiles(note["model"], found[0], found[1], checked_settings(found[0]))


def in_hub_cache(name: str, revision: str | None = None) -> Path | None:
    """Return the folder of a repository in the hub's cache on this machine (HF_HOME), or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError:
        raise UserError(f"{name!r} is no name on the hub: one is OWNER/NAME, as in {EXAMPLE}") from None


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a model's hparams.yaml says. Raises UserError: it is not YAML, or not a COMET model's."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise UserError(f"{path}: damaged, not plain YAML; fetch the model again") from None
    for key in ("class_identifier", "encoder_model", "pretrained_model"):
        if not isinstance(settings, dict) or not isinstance(settings.get(key), str):
            raise UserError(f"{path}: no {key} in it; is this the hparams.yaml of a COMET model?")
    return dict(settings)


def _encoder_folder(place: Path, named: str) -> Path:
    for folder in (place / ENCODER, place / named):
        if (folder / CONFIGURATION).is_file():
            return folder
    try:
        found = in_hub_cache(named)
    except UserError:  # a path of the machine that the model was trained on
        found = None
    if found is None or not (found / CONFIGURATION).is_file():
        raise UserError(
            f"{place}: the configuration and tokenizer of its encoder {named} are not on this machine: run"
            f" 'make fetch CONFIG=…' where there is internet, or put them into {place / ENCODER}"
        )
    return found


def hashes_of(files: ModelFiles, cache: Path) -> tuple[str, str]:
    """Return the SHA-256 of the checkpoint, and one hash (16 hex digits) of all that its scores depend on.

    That of a checkpoint is kept in ``cache`` beside its size and time, so that no job reads its 2 GB again.
    """
    checkpoint = _kept_sha256(files.checkpoint.resolve(), cache)
    names = sorted({path for pattern in ENCODER_FILES for path in files.encoder.glob(pattern)})
    content = {
        "checkpoint": checkpoint,
        "settings": {k: v for k, v in files.settings.items() if k != "pretrained_model"},
        "encoder": {path.name: sha256_of(path) for path in names},
        "versions": [version("unbabel-comet"), version("transformers")],
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return checkpoint, hashlib.sha256(text.encode()).hexdigest()[:16]


def _kept_sha256(path: Path, cache: Path) -> str:
    found = path.stat()
    state = {"size": found.st_size, "time": found.st_mtime_ns}
    note = cache / "checkpoints" / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.json"
    try:
        kept = read_json(note)
        if {key: kept[key] for key in state} == state:
            return str(kept["sha256"])
    except (OSError, UserError, KeyError, TypeError):
        pass  # not yet hashed; or the note was lost
    digest = sha256_of(path)
    write_json(note, {**state, "sha256": digest})
    return digest
