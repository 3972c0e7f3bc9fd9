"""Take the vocabulary of another experiment's baseline instead of learning one.

``use_system`` then refuses systems with another vocabulary.
"""

import argparse
from pathlib import Path

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import copy_file
from workflow_scripts.units.system import SystemFolder


def main(argv: list[str] | None = None) -> None:
    """Copy both files; UserError if a file was changed."""
    parser = argparse.ArgumentParser(prog="use_vocabulary", description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of the baseline")
    parser.add_argument("--out-model", type=Path, required=True)
    parser.add_argument("--out-dict", type=Path, required=True)
    arguments = parser.parse_args(argv)
    system = SystemFolder.read(arguments.source)
    system.verify()
    copy_file(system.subwords, arguments.out_model)
    copy_file(system.dictionary, arguments.out_dict)


if __name__ == "__main__":
    run_main(main)
