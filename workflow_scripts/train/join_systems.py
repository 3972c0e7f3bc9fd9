"""Join systems of one direction each into one system with weights of its own for every direction.

All files are relative links: the weights of a direction are those of its part, the rest is the parent's.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.train.linked import link_file
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder

#: What the parts must have in common with the parent.
SAME = ("seed", "languages", "architecture", "text", "port", "encoder_langtok")
SUMMED = ("updates", "seconds", "gpu_hours")


def join_systems(parent: SystemFolder, parts: Sequence[SystemFolder], name: str, out: Path) -> SystemFolder:
    """Write the system ``name`` into ``out``: the direction of each part, with its weights.

    UserError for a part of several directions, a direction that two parts have, a part that was made from
    another system, and files that are not what ``system.json`` says.
    """
    parent.verify()
    found: dict[str, SystemFolder] = {}
    for part in parts:
        direction = _direction_of(part, parent)
        if direction in found:
            raise UserError(f"{part.folder}: {direction} is that of {found[direction].folder}, too")
        part.verify()
        found[direction] = part
    files = {role: file for role, file in parent.files.items() if file and role != "masks"}
    for file in files.values():
        link_file(parent.folder / file, out / file)
    own = {direction: f"{direction}.safetensors" for direction in found}
    for direction, part in found.items():
        link_file(part.weights, out / own[direction])
    return SystemFolder.write(
        out,
        system=name,
        seed=parent.seed,
        languages=parent.languages,
        mask_rows=dict.fromkeys(found),
        architecture=parent.architecture,
        text=parent.text,
        parent={"system": parent.system, "weights_sha256": parent.weights_sha256},
        training=_together([part.training or {} for part in parts]),
        own_weights=own,
        files=files,
        port=parent.port,
        encoder_langtok=parent.encoder_langtok,
    )


def _direction_of(part: SystemFolder, parent: SystemFolder) -> str:
    """Return the one direction of a part, after checking that it fits the parent."""
    described = part.folder / DESCRIPTION
    if len(part.directions) != 1:
        raise UserError(f"{described}: a part has one direction, not {', '.join(part.directions) or 'none'}")
    for key in SAME:
        if getattr(part, key) != getattr(parent, key):
            raise UserError(f"{described}: {key} is not that of {parent.folder / DESCRIPTION}")
    if any(part.sha256.get(file) != parent.sha256[file] for file in parent.text_files):
        raise UserError(f"{described}: its vocabulary is not that of {parent.folder}")
    if (part.parent or {}).get("weights_sha256") != parent.weights_sha256:
        raise UserError(f"{described}: it was not made from the weights of {parent.folder}")
    return part.directions[0]


def _together(trainings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all parts took (sums, and the largest memory), and how the first was trained."""
    sums = {key: sum(one.get(key, 0) for one in trainings) for key in SUMMED}
    how = {key: trainings[0][key] for key in ("method", "start") if key in trainings[0]}
    return {**sums, "peak_memory_mb": max(one.get("peak_memory_mb", 0) for one in trainings), **how}


def main(argv: list[str] | None = None) -> None:
    """Write the system that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--parent", type=Path, required=True, help="system folder that parts were made from")
    parser.add_argument("--parts", type=Path, nargs="+", required=True, help="folders of one direction each")
    parser.add_argument("--out", type=Path, required=True, help="system folder to write")
    arguments = parser.parse_args(argv)
    parts = [SystemFolder.read(part) for part in arguments.parts]
    join_systems(SystemFolder.read(arguments.parent), parts, arguments.system, arguments.out)


if __name__ == "__main__":
    run_main(main)
