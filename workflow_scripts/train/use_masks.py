"""Make a system of another one's weights and of masks, without training: what pruning alone does.

Weights and vocabulary are relative links to the parent's.
"""

import argparse
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import copy_file, read_json, sha256_of, write_json
from workflow_scripts.train.linked import link_file
from workflow_scripts.units.description import DESCRIPTION, STANDARD_FILES
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder


def use_masks(parent: SystemFolder, masks: Path, name: str, out: Path) -> SystemFolder:
    """Write the system ``name``: the parent's directions, each through the mask row of its name. UserError
    for masks of another model or without a direction, and for a masked parent."""
    parent.verify()
    table, file = MaskTable.read(masks), STANDARD_FILES["masks"]
    parent.check_model(table)
    for direction in parent.directions:
        parent.check_whole(direction)
        table.row(direction)
    linked = {one: digest for one, digest in parent.sha256.items() if one != parent.files.get("masks")}
    for one in linked:
        link_file(parent.folder / one, out / one)
    copy_file(masks, out / file)
    described = read_json(parent.folder / DESCRIPTION)
    directions = {row: {**entry, "mask_row": row} for row, entry in described["directions"].items()}
    own = {
        "system": name,
        "directions": directions,
        "files": {**described["files"], "masks": file},
        "sha256": {**linked, file: sha256_of(out / file)},
        "parent": {"system": parent.system, "weights_sha256": parent.weights_sha256},
        "training": None,
    }
    write_json(out / DESCRIPTION, {**described, **own})
    return SystemFolder.read(out)


def main(argv: list[str] | None = None) -> None:
    """Write the system that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--system", required=True, help="name of the new system")
    parser.add_argument("--parent", type=Path, required=True, help="system folder whose weights it has")
    parser.add_argument("--masks", type=Path, required=True, help="mask file with a row for each direction")
    parser.add_argument("--out", type=Path, required=True, help="system folder to write")
    arguments = parser.parse_args(argv)
    use_masks(SystemFolder.read(arguments.parent), arguments.masks, arguments.system, arguments.out)


if __name__ == "__main__":
    run_main(main)
