"""The environment modules and container images that a site gives its jobs, from ``envs/site.yaml``.

NEURONSPEC_SITE may name another file. It is not part of a config: changing it reruns nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.config.yaml_file import read_yaml
from workflow_scripts.workflow.software.environments import LOCKS

SITE_VARIABLE = "NEURONSPEC_SITE"
DEFAULT = LOCKS / "site.yaml"
#: Environments that rules run in.
OF_RULES = ("fairseq", "hf", "text", "evaluate")
MODULES, IMAGE = KEYS = ("modules", "image")

#: Both reach a shell unchanged.
_MODULE = re.compile(r"[\w.+@=~-]+(/[\w.+@=~-]+)*")
_IMAGE = re.compile(r"(/|[a-z]+://)[\w./:@+=~-]+")


@dataclass(frozen=True)
class Site:
    """Module names and images by environment; other environments are as everywhere."""

    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


def read_site() -> Site:
    """Return this site's software, if it has a file. UserError: mistakes in it, or it is not there."""
    named = os.environ.get(SITE_VARIABLE)
    path = Path(named) if named else DEFAULT
    if not path.exists():
        if named:
            raise UserError(f"{SITE_VARIABLE}={named}: there is no such file")
        return Site()
    return site_of(path)


def site_of(path: Path) -> Site:
    """Return what a site's file says; errors as in `read_site`."""
    lines = path.read_bytes().splitlines()
    if all(not line.strip() or line.lstrip().startswith(b"#") for line in lines):
        return Site()
    content = read_yaml(path)
    root = yaml.compose(path.read_text(encoding="utf-8"))
    assert root is not None  # read_yaml refuses a file without a mapping
    if problems := list(_problems(path, root)):
        raise UserError("\n".join(problems))
    return Site(
        {name: tuple(one[MODULES]) for name, one in content.items() if one.get(MODULES)},
        {name: one[IMAGE] for name, one in content.items() if one.get(IMAGE)},
    )


def _problems(path: Path, root: yaml.Node) -> Iterator[str]:
    for name, software in root.value:
        here = f"{path}, line {name.start_mark.line + 1}"
        if name.value not in OF_RULES:
            known = nearest(name.value, OF_RULES) or f": there are {', '.join(OF_RULES)}"
            yield f"{here}: no environment {name.value!r}{known}"
        elif not isinstance(software, yaml.MappingNode):
            yield f"{here}: {name.value} needs {MODULES}: [NAME, …] or {IMAGE}: FILE"
        else:
            for key, value in software.value:
                if problem := _problem(key.value, value):
                    yield f"{path}, line {key.start_mark.line + 1}: {name.value}: {problem}"


def _problem(key: str, value: yaml.Node) -> str | None:
    if key == MODULES:
        names = value.value if isinstance(value, yaml.SequenceNode) else None
        wrong = [one.value for one in names or [] if not _MODULE.fullmatch(str(one.value))]
        if names is None:
            return f"{MODULES} is a list, e.g. [gcc/12.3, cuda/12.4]"
        return f"{wrong[0]!r} is not the name of a module" if wrong else None
    if key == IMAGE:
        right = isinstance(value, yaml.ScalarNode) and _IMAGE.fullmatch(value.value)
        return None if right else f"{IMAGE} is an absolute path or an address, e.g. docker://…"
    return f"no key {key!r}{nearest(key, KEYS) or f': there are {MODULES} and {IMAGE}'}"
