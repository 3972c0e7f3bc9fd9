"""The software environments of rules: their names, pins, and a hash of the pins.

The hash is a param of every rule. It is the same for conda and virtual environments, CPU and CUDA, so moving
an experiment reruns nothing. Standard library only: set-up imports this before any environment exists.
"""

import hashlib
import os
import re
from pathlib import Path

from workflow_scripts.common.errors import UserError, nearest

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ROOT / "envs"
#: The environments rules and targets run in, slowest to set up first; ``dev`` serves only the linters,
#: ``docs`` the site (workflow_scripts/site), ``test`` what runs the tests, ``browser`` what
#: drives a browser in them.
RUN_ENVIRONMENTS = ("hf", "comet", "fairseq", "workflow", "text", "evaluate", "scripts")
ENVIRONMENTS = (*RUN_ENVIRONMENTS, "dev", "docs", "test", "browser")
VENVS_VARIABLE = "NEURONSPEC_VENVS"

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!_-]+)(?P<build>\+[A-Za-z0-9.]+)?"
)


def canonical_name(name: str) -> str:
    """Return a distribution's name as package indexes compare it: ``PyYAML_x`` → ``pyyaml-x``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_pins(text: str, where: str = "lock file") -> dict[str, str]:
    """Return canonical name → version of pins, without build tags; UserError: not exact, or pinned twice."""
    pins: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        match = _PIN.fullmatch(entry)
        if match is None:
            raise UserError(f"{where}, line {number}: {entry!r} is not an exact pin; write 'name==version'")
        name = canonical_name(match["name"])
        if name in pins:
            raise UserError(f"{where}, line {number}: {name!r} is pinned twice")
        pins[name] = match["version"]
    return pins


def lock_path(name: str) -> Path:
    """Return the lock file of environment ``name``. Raises UserError for a name that does not exist."""
    path = LOCKS / f"{name}.lock.txt"
    if not path.is_file():
        raise UserError(f"no environment {name!r} in envs/{nearest(name, ENVIRONMENTS)}")
    return path


def read_lock(name: str) -> dict[str, str]:
    """Return canonical name → version of every package of environment ``name``."""
    path = lock_path(name)
    return parse_pins(path.read_text(encoding="utf-8"), f"envs/{path.name}")


def identity_of(pins: dict[str, str]) -> str:
    """Return the hash (16 hex digits) of resolved pins, whatever their order."""
    text = "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def environment_identity(name: str) -> str:
    """Return the hash (16 hex digits) of environment ``name``'s pins, which its rules carry as a param."""
    return identity_of(read_lock(name))


def venvs_folder() -> Path:
    """Return the folder of the virtual environments: NEURONSPEC_VENVS, or ``.venvs`` in the checkout."""
    return Path(os.environ.get(VENVS_VARIABLE) or ROOT / ".venvs").absolute()
