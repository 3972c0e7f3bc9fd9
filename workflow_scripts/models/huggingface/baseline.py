"""The folder of a model that is trained from scratch: its configuration, and a tokenizer of our subwords."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def make_model_folder(
    folder: Path, architecture: Mapping[str, Any], languages: Sequence[str], subwords: str, dictionary: str
) -> None:
    """Write it."""
    raise NotImplementedError
