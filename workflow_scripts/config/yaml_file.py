"""Reads one config file: plain YAML, with a line for each mistake.

A key that is there twice is refused (YAML would take the last one), and so are tags that make objects.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.common.errors import UserError
from workflow_scripts.config.base import short

LARGEST_FILE = 10_000_000  # bytes: the largest config of sixty directions has thirty thousand
STANDARD_TAG = "tag:yaml.org,2002:"
PLAIN = {"str", "int", "float", "bool", "null", "seq", "map", "merge", "timestamp"}


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read one config file; raises UserError with a line for each mistake in its YAML."""
    text = _text_of(path)
    try:
        problems = _problems(path, yaml.compose(text))
        value = None if problems else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(_not_yaml(path, text, error)) from None
    except RecursionError:
        raise UserError(f"{path}: this is not a config (nested too deeply)") from None
    except ValueError as error:  # a date or a number that cannot be
        raise UserError(f"{path}: this is not a config ({str(error).partition(';')[0]})") from None
    if problems:
        raise UserError("\n".join(problems))
    if value is None:
        raise UserError(f"{path}: the config is empty; config/config.yaml is an example")
    if not isinstance(value, dict):
        raise UserError(f"{path}: a config is a mapping of keys to values, not {short(value)}")
    return value


def mistakes_of_writing(path: str | Path) -> list[str]:
    """Return the lines of the error that ``read_yaml`` raises; none for a file that is right."""
    try:
        read_yaml(path)
    except UserError as error:
        return str(error).splitlines()
    return []


def _text_of(path: str | Path) -> str:
    file = Path(path)
    if not file.exists():
        raise UserError(f"{path}: there is no such config file")
    if file.stat().st_size > LARGEST_FILE:
        raise UserError(
            f"{path}: {file.stat().st_size} bytes; this is not a config, which is a small text file"
        )
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: not UTF-8 (byte 0x{raw[error.start]:02x}); convert the file with iconv"
        ) from None


def _not_yaml(path: str | Path, text: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark:
        line = mark.line + 1
    else:  # a character that YAML does not allow, known by its place in the text
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    advice = ""
    if "'\\t'" in problem:
        advice = "; indent with blanks, not tabs"
    elif problem.endswith("got '{'"):  # a pattern such as text.{lang} between braces
        advice = "; between { and } put a text that has braces into quotes"
    elif problem.startswith("expected <block end>"):
        advice = "; begin the keys of a section in the same column"
    return f"{path}, line {line}: this is not YAML ({problem}){advice}"


def _problems(path: str | Path, root: yaml.Node | None) -> list[str]:
    """Return a line for each key that is twice in its section and each tag that is not plain data."""
    found = []
    for node in _nodes(root):
        where = f"{path}, line {node.start_mark.line + 1}"
        if node.tag.removeprefix(STANDARD_TAG) not in PLAIN:
            tag = node.tag.replace(STANDARD_TAG, "!!")
            found.append(f"{where}: the tag {tag} is not allowed: a config holds plain values")
        if isinstance(node, yaml.MappingNode):
            first: dict[str, yaml.Node] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and first.setdefault(key.value, key) is not key:
                    found.append(
                        f"{path}, line {key.start_mark.line + 1}: the key {key.value!r} is in line"
                        f" {first[key.value].start_mark.line + 1} already; delete one"
                    )
    return found


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    waiting, seen = [root] if root is not None else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [one for pair in reversed(node.value) for one in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
