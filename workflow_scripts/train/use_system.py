"""Take a system of another experiment instead of training it: every file checked by its hash, then copied.

In:  the system's folder, and what this experiment's config says of it.
Out: the same folder here. Copies, not links: a link would carry the times of the other experiment, from which
     Snakemake would conclude what must be made again there and here.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import atomic_path
from workflow_scripts.units.system import DESCRIPTION, SystemFolder


def check_described(system: SystemFolder, expected: dict[str, Any]) -> None:
    """Compare what ``system.json`` says with what the config says.

    Args:
        system: the system to take.
        expected: any of its attributes, and the value each must have.

    Raises:
        UserError: one line for each key that differs, with both values.
    """
    problems = []
    for key, wanted in expected.items():
        found = getattr(system, key)
        if isinstance(wanted, dict):
            pairs = [(f"{key}.{name}", found.get(name), wanted.get(name)) for name in {**found, **wanted}]
        else:
            pairs = [(key, list(found) if isinstance(found, tuple) else found, wanted)]
        problems += [
            f"{system.folder / DESCRIPTION}: {name} is {there!r}, this config says {here!r}"
            for name, there, here in pairs
            if there != here
        ]
    if problems:
        raise UserError("\n".join(problems))


def copy_system(system: SystemFolder, out: Path) -> None:
    """Copy a system's files, ``system.json`` last; UserError if a file is not what ``system.json`` says."""
    system.verify()
    for name in [*system.sha256, DESCRIPTION]:
        with atomic_path(out / name) as temporary:
            shutil.copyfile(system.folder / name, temporary)
    SystemFolder.read(out).verify()


def main(argv: list[str] | None = None) -> None:
    """Check the system and copy it."""
    parser = argparse.ArgumentParser(prog="use_system", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, help="folder of the system to take"
    )
    parser.add_argument("--system", required=True, help="its name")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--languages", nargs="+", required=True, help="in the order of its language tokens")
    parser.add_argument("--text", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--out", type=Path, required=True, help="system folder to write")
    arguments = parser.parse_args(argv)
    system = SystemFolder.read(arguments.source)
    names = ("system", "seed", "languages", "text", "architecture")
    check_described(system, {name: getattr(arguments, name) for name in names})
    copy_system(system, arguments.out)


if __name__ == "__main__":
    run_main(main)
