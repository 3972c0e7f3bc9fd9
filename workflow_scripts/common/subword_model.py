"""Reading a SentencePiece model; sentencepiece is imported only when one is read."""

from pathlib import Path
from typing import TYPE_CHECKING

from workflow_scripts.common.containers import file_kind
from workflow_scripts.common.errors import UserError

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor


def load_subwords(path: str | Path) -> "SentencePieceProcessor":
    """Load a SentencePiece model. Raises UserError: the file is not one."""
    from sentencepiece import SentencePieceProcessor

    if not Path(path).is_file():
        raise UserError(f"{path}: there is no such SentencePiece model")
    try:
        model = SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError):
        model = None
    if model is None or not len(model):
        what = file_kind(path) or "train it again, or name the right file"
        raise UserError(f"{path}: not a SentencePiece model; {what}")
    return model
