"""Read a checkpoint that another program wrote, and run nothing of it.

fairseq's recipes store more than torch's restricted loader takes. Numpy's rebuilders are allowed, and other
objects become a ``Stub``; functions, and classes of the standard library that may do harm, are refused.
"""

import argparse
import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, Self
from zipfile import ZipFile, is_zipfile

import numpy as np
import torch

from workflow_scripts.common.containers import file_kind
from workflow_scripts.common.errors import UserError

#: Classes of the standard library that recipes store. All but containers and paths become stubs.
_HARMLESS = re.compile(
    r"typing\.\w+|datetime\.\w+|decimal\.Decimal|fractions\.Fraction|uuid\.UUID|_operator\.getitem|functools\.partial"
    r"|builtins\.(bool|bytes|complex|dict|float|frozenset|int|list|range|set|slice|str|tuple)"
)
_LIBRARIES = ("fairseq", "omegaconf", "hydra")
_DEPTH = 8  # of containers in settings; a file may hold itself


class Stub:
    """Stands for an object of the file: its arguments and state are kept, nothing is done with them."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __new__(cls, *_: Any) -> Self:
        """Make one without arguments too, as unpicklers do."""
        made = super().__new__(cls)
        made.arguments, made.state = (), None
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _rebuilders() -> dict[str, Any]:
    known: dict[str, Any] = {
        "argparse.Namespace": argparse.Namespace,
        "types.SimpleNamespace": argparse.Namespace,
        "numpy.ndarray": np.ndarray,
        "numpy.dtype": np.dtype,
        "collections.defaultdict": lambda *_: {},
        "collections.deque": lambda *_: [],
    }
    # numpy 2 renamed the module; a file of either is read by either.
    for package in ("numpy.core", "numpy._core"):
        known[f"{package}.multiarray._reconstruct"] = np.zeros(0).__reduce__()[0]
        known[f"{package}.multiarray.scalar"] = np.float64(0).__reduce__()[0]
    for code in np.typecodes["All"]:
        kind = type(np.dtype(code))
        known[f"{kind.__module__}.{kind.__name__}"] = kind
    for name in ("PosixPath", "PurePosixPath", "Path"):
        known[f"pathlib.{name}"] = PurePosixPath
    for name in ("WindowsPath", "PureWindowsPath"):
        known[f"pathlib.{name}"] = PureWindowsPath
    return known


REBUILDERS = _rebuilders()


def of_today(name: str) -> str:
    """Return a name with its module of Python 3: torch writes Python 2's (``commands.Popen``)."""
    module, _, attribute = name.rpartition(".")
    module, attribute = NAME_MAPPING.get((module, attribute), (module, attribute))
    return f"{IMPORT_MAPPING.get(module, module)}.{attribute}" if module else attribute


def _is_harmless(name: str) -> bool:
    name = of_today(name)
    top, _, rest = name.partition(".")
    if top in sys.stdlib_module_names:
        return _HARMLESS.fullmatch(name) is not None
    if top in _LIBRARIES or name.startswith("numpy.random._pickle."):
        return True
    return rest.rpartition(".")[2][:1].isupper()  # a class of some library; functions are written small


def load_foreign(path: Path) -> Any:
    """Return what a checkpoint holds; UserError if it asks to run something, or is damaged."""
    stubs: set[str] = set()
    while True:
        try:
            if not stubs and is_zipfile(path):
                unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
                stubs = {name for name in unknown if name not in REBUILDERS and _is_harmless(name)}
            allowed = [(known, name) for name, known in REBUILDERS.items()]
            with torch.serialization.safe_globals([*allowed, *((Stub, name) for name in stubs)]):
                return torch.load(path, map_location="cpu", weights_only=True)
        # The loader fails in many ways on bytes that are not its; what it advises is to drop the restriction.
        except Exception as error:
            if isinstance(error, OSError) and error.filename:
                raise
            wanted = re.search(r"GLOBAL (\S+)", str(error))
            # A file of torch before 1.6 is not a zip: its loader names one object at a time.
            name = wanted and (wanted[1] if "." in wanted[1] else f"builtins.{wanted[1]}")
            if name and name not in stubs and _is_harmless(name):
                stubs.add(name)
                continue
            reason = _reason(str(error), wanted and wanted[1], _instead(path))
            raise UserError(f"{path}: {reason}") from None


def _instead(path: Path) -> str:
    """Return what the file is instead of a checkpoint. These are zip archives themselves."""
    with path.open("rb") as handle:
        is_archive = handle.read(2) == b"PK"
    if is_archive and is_zipfile(path):
        with ZipFile(path) as archive:
            if any(name.endswith(".npy") for name in archive.namelist()):
                return "an archive of numpy (.npz), no file of torch; name the right file"
    return (None if is_archive else file_kind(path)) or "it is damaged, or not a checkpoint; fetch it again"


def _reason(message: str, name: str | None, instead: str) -> str:
    if Stub.__name__ in message and "Can only" in message:  # a list or dict of a library's own kind
        return (
            "it holds objects of classes that torch's restricted loader cannot stand in for: load it with"
            " torch and save 'model', 'args' and 'cfg' alone"
        )
    if name is None:
        return f"not opened by torch's restricted loader: {instead}"
    return (
        f"not opened by torch's restricted loader: it asks for {of_today(name)}, which no checkpoint of"
        " fairseq needs: do not use a file that you do not trust"
    )


def plain(value: Any, depth: int = _DEPTH) -> Any:
    """Return settings as Python's own values: omegaconf's containers, numpy's numbers, enums, paths too."""
    if depth == 0:
        return value
    if isinstance(value, Stub):
        state = value.state if isinstance(value.state, Mapping) else {}
        for key in ("_content", "_val"):  # omegaconf's containers and its leaves
            if key in state:
                return plain(state[key], depth - 1)
        return plain(value.arguments[0], depth - 1) if len(value.arguments) == 1 else value
    if isinstance(value, argparse.Namespace):
        value = vars(value)
    if isinstance(value, Mapping):
        return {key: plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(one, depth - 1) for one in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value) if isinstance(value, PurePath) else value
