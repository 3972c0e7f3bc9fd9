"""Make stock fairseq 0.12.2 importable on Python >= 3.11 and a current torch; import before fairseq or hydra.

Python >= 3.11 refuses unhashable defaults, so dataclasses of fairseq and hydra get a hash. torch's restricted
loader may read the ``argparse.Namespace`` in fairseq's checkpoints. No file of fairseq is changed.
"""

import argparse
import dataclasses
import functools
import logging
import warnings
from typing import Any

import torch

_ADAPTED_PACKAGES = ("fairseq", "fairseq_cli", "hydra")
_plain_dataclass = dataclasses.dataclass


@functools.wraps(_plain_dataclass)
def _hashable_dataclass(cls: type | None = None, /, **options: Any) -> Any:
    def decorate(target: type) -> type:
        if target.__module__.partition(".")[0] in _ADAPTED_PACKAGES:
            options.setdefault("unsafe_hash", True)
        return _plain_dataclass(target, **options)

    return decorate if cls is None else decorate(cls)


# Stays in place: fairseq and hydra import further modules while they run.
dataclasses.dataclass = _hashable_dataclass

torch.serialization.add_safe_globals([argparse.Namespace])
# fairseq's decoder passes a float and a bool mask together; torch warns of it on every run.
warnings.filterwarnings("ignore", message="Support for mismatched key_padding_mask and attn_mask")


def _import_fairseq_quietly() -> None:
    """Import fairseq without what its optional parts log, and undo their ``logging.basicConfig``."""
    root = logging.getLogger()
    handlers, level, disabled = list(root.handlers), root.level, logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import fairseq  # noqa: F401
        from fairseq.distributed.utils import _TensorPlaceholder
    finally:
        logging.disable(disabled)
        for handler in set(root.handlers) - set(handlers):
            root.removeHandler(handler)
        root.setLevel(level)
    # In what process 0 sends of a checkpoint to the others.
    torch.serialization.add_safe_globals([_TensorPlaceholder])


_import_fairseq_quietly()
