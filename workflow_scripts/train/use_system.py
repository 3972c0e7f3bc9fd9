"""Take a system of another experiment instead of training it: every file checked by its hash, then copied.

A link would carry the times of the other experiment, and Snakemake would rerun jobs because of them.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import copy_file, sha256_of
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.mask_table import RENEWED, MaskTable
from workflow_scripts.units.score_table import ACTIVATIONS
from workflow_scripts.units.system import SystemFolder

NONE, FINETUNE = "none", "finetune"
PARENT = "parent"


def check_described(system: SystemFolder, expected: dict[str, Any]) -> None:
    """Compare what ``system.json`` says with what the config says (``expected``: attribute -> value).
    UserError: one line for each key that differs, with both values."""
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


def check_vocabulary(system: SystemFolder, vocabulary: Path) -> None:
    """Raise UserError unless the system has the vocabulary that text is binarised with here."""
    for path in (system.subwords, system.dictionary):
        if system.sha256[path.name] != sha256_of(vocabulary / path.name):
            raise UserError(
                f"{path}: not the same as {vocabulary / path.name}, of the first seed's baseline; take"
                " systems of one vocabulary"
            )


def check_masks(system: SystemFolder, maskset: str) -> None:
    """Raise UserError unless the system's masks are those of the set ``k95`` or ``all``, gates included."""
    found = called(MaskTable.read(system.masks)) if system.masks else "None"
    if found != maskset:
        raise UserError(f"{system.folder}: {system.system} has the masks {found}, this config says {maskset}")


def called(masks: MaskTable) -> str:
    """Return the name that ``masks.k`` and ``all`` give such masks; of others how they differ."""
    facts = masks.manifest
    name = f"k{facts['k']}" if facts["rule"] == "mass" else str(facts["rule"])
    if "select" in facts and "like_rule" not in facts:
        name = str(facts["select"])
    more = [f"{what} {json.dumps(facts[what])}" for what in ("stacks", "gate") if what in facts]
    if masks.of != ACTIVATIONS:
        more.append(f"of {masks.of} of {', '.join(masks.space.kinds)}")
    return " ".join([name, *more])


def check_same_masks(system: SystemFolder, made_here: Path) -> None:
    """Raise UserError unless the system keeps the units that masks made here keep, and gates them alike;
    masks that a training made again (``renew``) are its own."""
    if system.masks is None:
        raise UserError(f"{system.folder}: {system.system} has no masks, this config has {made_here}")
    found, wanted = MaskTable.read(system.masks), MaskTable.read(made_here)
    if RENEWED in found.manifest:
        return
    for row in wanted.rows:
        same = row in found.rows and found.space == wanted.space and found.gates == wanted.gates
        if not same or not np.array_equal(found.row(row), wanted.row(row)):
            raise UserError(f"{system.folder}: the masks of {row} are not those of {made_here}, made here")


def check_made(system: SystemFolder, baseline: SystemFolder, expected: Mapping[str, Any]) -> None:
    """Raise UserError unless the system was made from the baseline that was taken, and as the config says.

    ``expected``: ``train``, none or finetune; ``method`` and ``start`` of a training, as ``finetune`` has
    them; ``own_weights``, the directions that have some; ``directions``, or None for any.
    """
    made_from = (system.parent or {}).get("weights_sha256")
    if made_from != baseline.weights_sha256:
        raise UserError(
            f"{system.folder}: made from weights {str(made_from)[:12]}, the baseline taken has"
            f" {baseline.weights_sha256[:12]}; run the other experiment to its end first"
        )
    training = system.training or {}
    # Adapters and own weights leave the shared weights as they were.
    whole = system.weights_sha256 == baseline.weights_sha256 and not (system.own_weights or system.adapters)
    found = {
        "train": NONE if whole else FINETUNE,
        "method": training.get("method", {}),
        "start": training.get("start", PARENT),
        "own_weights": list(system.own_weights),
        "directions": list(system.directions) if expected["directions"] else None,
    }
    problems = [
        f"{system.folder}: {system.system} has {key}: {_shown(found[key])}, this config says {_shown(wanted)}"
        for key, wanted in expected.items()
        if found[key] != wanted
    ]
    if problems:
        raise UserError("\n".join(problems))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def copy_system(system: SystemFolder, out: Path) -> None:
    """Copy a system's files, ``system.json`` last; UserError if a file is not what ``system.json`` says."""
    system.verify()
    for name in [*system.sha256, DESCRIPTION]:
        copy_file(system.folder / name, out / name)
    SystemFolder.read(out).verify()


def main(argv: list[str] | None = None) -> None:
    """Check the system and copy it."""
    parser = argparse.ArgumentParser(prog="use_system", description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of the system")
    parser.add_argument("--system", required=True, help="its name")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--languages", nargs="+", required=True, help="in the order of its language tokens")
    parser.add_argument("--text", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in system.json")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder with spm.model and dict.txt")
    parser.add_argument("--baseline", type=Path, help="of a masked system: the baseline's folder here")
    parser.add_argument("--masks", help="of a masked system: its mask set, such as k95 or all")
    parser.add_argument("--same-masks", type=Path, help="masks made here, which it must have")
    parser.add_argument("--train", choices=(NONE, FINETUNE), default=FINETUNE, help="of a masked system")
    parser.add_argument("--method", type=json.loads, default={}, help="JSON, as finetune has it")
    parser.add_argument("--start", default=PARENT, help="random: not trained from the baseline's weights")
    parser.add_argument("--own-weights", nargs="+", default=[], help="directions that have their own")
    parser.add_argument("--directions", nargs="+", help="those that it has, if not any")
    parser.add_argument("--out", type=Path, required=True, help="system folder to write")
    arguments = parser.parse_args(argv)
    system = SystemFolder.read(arguments.source)
    names = ("system", "seed", "languages", "text", "architecture")
    check_described(system, {name: getattr(arguments, name) for name in names})
    check_vocabulary(system, arguments.vocabulary)
    if arguments.masks:
        check_masks(system, arguments.masks)
    if arguments.same_masks:
        check_same_masks(system, arguments.same_masks)
    if arguments.baseline:
        keys = ("train", "method", "start", "own_weights", "directions")
        expected = {key: getattr(arguments, key) for key in keys}
        check_made(system, SystemFolder.read(arguments.baseline), expected)
    copy_system(system, arguments.out)


if __name__ == "__main__":
    run_main(main)
