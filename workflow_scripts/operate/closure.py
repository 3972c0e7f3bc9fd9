"""The hash of a module's code and of everything it imports from this package.

Snakemake tracks a rule's command, not the modules behind it. Each rule carries this hash as a param, so that
editing shared code reruns exactly the stages that use it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "workflow_scripts"
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
        digest.update(f"{name}\n{_code(_path(name, root))}\n".encode())
    return digest.hexdigest()[:16]


def _path(name: str, root: Path) -> Path:
    base = root.joinpath(*name.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _exists(name: str, root: Path) -> bool:
    return _path(name, root).is_file()


@functools.cache
def _imports(name: str, root: Path) -> tuple[str, ...]:
    return tuple(sorted(set(_named_modules(_tree(_path(name, root)), root))))


def _named_modules(tree: ast.AST, root: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                a.name for a in node.names if a.name.split(".")[0] == PACKAGE and _exists(a.name, root)
            )
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            if _exists(node.module, root):
                yield node.module
            for alias in node.names:
                if _exists(f"{node.module}.{alias.name}", root):
                    yield f"{node.module}.{alias.name}"


@functools.cache
def _tree(path: Path) -> ast.Module:
    """Return the syntax tree of a module without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
    return tree


@functools.cache
def _code(path: Path) -> str:
    return ast.dump(_tree(path))
