"""The hash of a module's code and of everything that it imports from this package.

Each rule has it as a param, so that editing shared code reruns exactly the stages that use it. Syntax trees
are kept beside Python's bytecode: parsing takes a quarter of a dry run.
"""

import ast
import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "workflow_scripts"
_THIS_FILE = Path(__file__).read_bytes()


@dataclass(frozen=True)
class Syntax:
    """``code``: the syntax tree without docstrings. ``named``: what may be modules of this package."""

    code: str
    named: tuple[str, ...]


@functools.cache
def syntax(path: Path) -> Syntax:
    """Return the syntax of a module; raises FileNotFoundError, SyntaxError."""
    text = path.read_bytes()
    key = hashlib.sha256(_THIS_FILE + text).hexdigest()
    kept = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.syntax.json"
    with contextlib.suppress(OSError, ValueError):
        record = json.loads(kept.read_bytes())
        if isinstance(record, dict) and record.get("key") == key:
            return Syntax(record["code"], tuple(record["named"]))
    found = _parsed(text)
    _keep(kept, {"key": key, "code": found.code, "named": found.named})
    return found


def _keep(path: Path, record: dict[str, object]) -> None:
    """Write what was found; in a read-only checkout it is found again each time."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path)


def _parsed(text: bytes) -> Syntax:
    tree = ast.parse(text)
    named: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
        named.update(_named(node))
    return Syntax(ast.dump(tree), tuple(sorted(name for name in named if name.split(".")[0] == PACKAGE)))


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a tree and its statements; expressions hold neither docstrings nor imports."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        # Parts of a `try` and a `match` hold statements, but are none.
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            todo.extend(getattr(node, part, ()))


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


ROOT = Path(__file__).resolve().parents[3]


def closure(module: str, root: Path = ROOT, but: str | None = None) -> set[str]:
    """Return a module and all package modules that it imports, directly or not; ``but`` is not followed."""
    found: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in found and name != but:
            found.add(name)
            todo.extend(_imports(name, root))
    return found


def closure_hash(module: str, root: Path = ROOT, but: str | None = None, also: tuple[str, ...] = ()) -> str:
    """Return 16 hex digits that change with the code of the closure, not with comments and docstrings;
    ``also``: modules that are run by their names, and not imported."""
    modules = tuple(f"{PACKAGE}.{one}" for one in (module, *also))
    return _closure_hash(modules, root, but and f"{PACKAGE}.{but}")


@functools.cache
def _closure_hash(modules: tuple[str, ...], root: Path, but: str | None) -> str:
    digest = hashlib.sha256()
    for name in sorted(set().union(*(closure(module, root, but) for module in modules))):
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
