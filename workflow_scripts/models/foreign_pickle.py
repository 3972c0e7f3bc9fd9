"""Read a plain pickle of numbers that another program wrote, and run nothing of it; write one for others.

It may hold Python's own containers, tensors and arrays. A tensor in a plain pickle is a whole file of torch,
which goes through torch's restricted loader.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workflow_scripts.common.containers import file_kind
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path
from workflow_scripts.models.foreign_checkpoint import REBUILDERS, of_today

_HEAD = 64  # bytes
#: How torch's files begin before version 1.6: a pickle of this number, without the mark of the protocol.
_OLD_TORCH = pickle.dumps(torch.serialization.MAGIC_NUMBER, 2)[2:]


def _bytes(text: str, _encoding: str) -> bytes:
    """Return the bytes that protocols 0 to 2 write as text."""
    return text.encode("latin1")


def _storage(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _allowed() -> dict[str, Any]:
    known = {
        **REBUILDERS,
        "_codecs.encode": _bytes,
        "collections.OrderedDict": OrderedDict,
        "torch._utils._rebuild_tensor_v2": torch._utils._rebuild_tensor_v2,
        "torch.storage._load_from_bytes": _storage,
        **{f"builtins.{kind.__name__}": kind for kind in (list, dict, int, float, set, tuple)},
    }
    for package in ("numpy.core", "numpy._core"):  # protocol 5 of numpy 1 and 2
        known[f"{package}.numeric._frombuffer"] = np.zeros(0).__reduce_ex__(5)[0]
    return known


_ALLOWED = _allowed()


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        wanted = of_today(f"{module}.{name}")
        if wanted not in _ALLOWED:
            raise UserError(
                f"it asks for {wanted}, which no file of numbers needs: do not use a file you do not trust"
            )
        return _ALLOWED[wanted]


def dump_pickle(path: Path, value: Any) -> None:
    """Write a pickle, for programs that read no other form."""
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        pickle.dump(value, handle)


def is_plain_pickle(path: Path) -> bool:
    """Tell by its first bytes whether a file is a pickle, and not one of torch, whatever its name: either is
    called .pkl and .pt."""
    with path.open("rb") as handle:
        head = handle.read(_HEAD)
    if head.startswith(b"\x80"):
        return _OLD_TORCH not in head
    # Protocols 0 and 1 begin with no mark; what is a file of torch does not end in .pkl, unless it is a zip.
    return not head.startswith(b"PK") and path.suffix in (".pkl", ".pickle")


def load_pickle(path: Path) -> Any:
    """Return what a pickle holds; UserError if it asks for anything but numbers, or is damaged."""
    try:
        with path.open("rb") as handle:
            return _Restricted(handle).load()
    except UserError as error:
        raise UserError(f"{path}: not opened: {error}") from None
    except Exception as error:  # an unpickler fails in many ways on bytes that are not its
        if isinstance(error, OSError) and error.filename:
            raise
        with path.open("rb") as handle:
            is_pickle = handle.read(1) == b"\x80"
        instead = None if is_pickle else file_kind(path)
        raise UserError(
            f"{path}: {instead or 'damaged, or not a pickle of numbers; fetch it again'}"
        ) from None
