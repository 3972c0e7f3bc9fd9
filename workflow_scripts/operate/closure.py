"""The hash of a module's code and of everything it imports from this package.

Snakemake tracks a rule's command, not the modules behind it. Each rule carries this hash as a param, so that
editing shared code reruns exactly the stages that use it.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from workflow_scripts.operate.syntax import PACKAGE, syntax

ROOT = Path(__file__).resolve().parent.parent.parent


def closure(module: str, root: Path = ROOT, but: str | None = None) -> set[str]:
    """Return ``module`` and every module of the package that it imports, directly or not, anywhere in it.

    ``but``: a module that does not run here, though it is imported somewhere; it is not followed.

    Raises:
        FileNotFoundError: there is no such module.
    """
    found: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in found and name != but:
            found.add(name)
            todo.extend(_imports(name, root))
    return found


def closure_hash(module: str, root: Path = ROOT, but: str | None = None) -> str:
    """Return 16 hex digits that change with the code of the closure, but not with comments and docstrings.

    The syntax tree has another form in another Python version: checkouts that share results run one version.
    """
    return _closure_hash(f"{PACKAGE}.{module}", root, but and f"{PACKAGE}.{but}")


@functools.cache
def _closure_hash(module: str, root: Path, but: str | None) -> str:
    digest = hashlib.sha256()
    for name in sorted(closure(module, root, but)):
        digest.update(f"{name}\n{syntax(_path(name, root)).code}\n".encode())
    return digest.hexdigest()[:16]


def _path(name: str, root: Path) -> Path:
    base = root.joinpath(*name.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@functools.cache
def _exists(name: str, root: Path) -> bool:
    return _path(name, root).is_file()


@functools.cache
def _imports(name: str, root: Path) -> tuple[str, ...]:
    named = syntax(_path(name, root)).named
    return tuple(one for one in named if _exists(one, root))
