"""The library's tokenizers: of a model's folder, with what they need, and what they make of words."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

import numpy as np
import transformers

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json

#: What the library reads tokenizers with, module → package. Without the first two it asks for something else,
#: without the last it reads Marian's text otherwise, with a mere warning.
SOFTWARE = {"sentencepiece": "sentencepiece", "google.protobuf": "protobuf", "sacremoses": "sacremoses"}


def pieces_of(tokenizer: Any, words: Sequence[str], where: Path) -> list[list[int]]:
    """Return the ids of each word of a text, as they are in the text, in which blanks part them. UserError: a
    word has none, or a class without offsets cuts the text otherwise than its words."""
    line = " ".join(words)
    of_word: list[list[int]] = [[] for _ in words]
    if tokenizer.is_fast:
        found = tokenizer(line, add_special_tokens=False, return_offsets_mapping=True)
        ends = np.cumsum([len(word) + 1 for word in words])
        for number, (start, end) in zip(found["input_ids"], found["offset_mapping"], strict=True):
            last = max(start, end - 1)
            # The mark of a word's begin may be a piece, at the blank before it.
            last += line[last].isspace()
            of_word[int(np.searchsorted(ends, last, side="right"))].append(number)
    else:
        of_word = tokenizer(list(words), add_special_tokens=False)["input_ids"]
        if [one for ids in of_word for one in ids] != tokenizer(line, add_special_tokens=False)["input_ids"]:
            raise UserError(f"{where}: its tokenizer cuts words of {line!r:.50} otherwise than each alone")
    for word, ids in zip(words, of_word, strict=True):
        if not ids:
            raise UserError(f"{where}: its tokenizer has no piece for the word {word!r}")
    return of_word


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a model's folder; UserError where the library cannot load it."""
    for module, package in SOFTWARE.items():
        try:
            import_module(module)
        except ModuleNotFoundError:
            raise UserError(
                f"{folder}: its tokenizer needs {package}, which this environment lacks; take the environment"
                f" hf, or install it: pip install {package}"
            ) from None
    try:
        # By its folder: given a file alone, several classes take no notice of it.
        return transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # a tokenizer fails in many ways on files that are missing or newer
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0] if lines else type(error).__name__
        raise UserError(
            f"{folder}: its tokenizer cannot be loaded ({reason:.160}); {_advice(folder)}"
        ) from None


def _advice(folder: Path) -> str:
    """Return what to do about a tokenizer that cannot be loaded."""
    saved_by = str(read_json(folder / "config.json").get("transformers_version"))
    if _version(saved_by) > _version(transformers.__version__):
        return f"it was saved by transformers {saved_by}, and here is {transformers.__version__}"
    return "all files that it was saved with are needed"


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".")[:2] if part.isdecimal()]
