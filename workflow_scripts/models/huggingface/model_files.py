"""The files of a model, as a hub or the library has it: those that are read, and where fetched ones are."""

from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json

CONFIG, TOKENIZER, CARD = "config.json", "tokenizer_config.json", "README.md"
#: Files of weights, the first that is there; an index names the shards.
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"
#: Files beside the weights that a tokenizer or decoding reads; those that are there are taken.
FILES = (
    *(CONFIG, "generation_config.json", TOKENIZER, "tokenizer.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "target_vocab.json", "source.spm", "target.spm", "spiece.model"),
    *("sentencepiece.bpe.model",),
)


def weights_among(names: list[str]) -> list[str]:
    """Return the files of weights among the names of a folder's files: of one form, whole or in shards."""
    for name in WEIGHTS:
        if name in names:
            return [name]
        if name + INDEX in names:
            stem, ending = name.split(".")
            shards = [one for one in names if one.startswith(f"{stem}-") and one.endswith(f".{ending}")]
            return [name + INDEX, *sorted(shards)]
    return []


def files_of(folder: Path) -> list[Path]:
    """Return the files of a model's folder that a system is made of."""
    names = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    return [folder / name for name in [*(one for one in FILES if one in names), *weights_among(names)]]


def in_hub_cache(name: str, revision: str) -> Path | None:
    """Return the folder of a model at a commit in the hub's cache on this machine (HF_HOME), None where it
    is not there whole."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, CONFIG, revision=revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if weights_among([path.name for path in files_of(folder)]) else None


def fetched_folder(note: Path) -> Path:
    """Return the folder of the model that ``fetch_model`` noted. UserError: another file, or the model is no
    longer there."""
    value: Any = read_json(note)
    keys = ("model", "revision")
    again = f"delete {note} and run 'make fetch CONFIG=…' where there is internet"
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in keys):
        raise UserError(f"{note}: not what fetch_model writes; {again}")
    name, revision = (value[key] for key in keys)
    folder = in_hub_cache(name, revision)
    if folder is None:
        raise UserError(
            f"{name} at commit {revision[:12]} is no longer in the hub's cache on this machine (HF_HOME):"
            f" {again}, or name a folder that has it (attach.model, without revision)"
        )
    return folder
