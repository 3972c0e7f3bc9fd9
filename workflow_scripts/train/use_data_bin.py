"""Take training and validation text that fairseq-preprocess binarised: links, under our names of pairs."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from workflow_scripts.common.binarised_names import files_of
from workflow_scripts.common.checked_options import of_each
from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import atomic_path
from workflow_scripts.models.fairseq.data_bin import (
    check_binarised,
    check_dictionaries_beside,
    data_files,
    side_prefixes,
)
from workflow_scripts.models.training.plan import data_folders
from workflow_scripts.units.vocabulary import Vocabulary


def use_data_bin(data_bin: str, directions: Sequence[str], vocabulary: Vocabulary, out: Path) -> list[Path]:
    """Link the files of every direction below ``out`` (``shard0/`` … of several folders); return the links.

    Validation text is that of the first folder. UserError: a line for each direction of which a file is
    missing, damaged or of another dictionary.
    """
    folders, links = data_folders(data_bin), []
    for number, folder in enumerate(folders):
        place = out / f"shard{number}" if len(folders) > 1 else out
        for subset in ("train", "valid") if number == 0 else ("train",):
            check = partial(_checked, folder, subset, vocabulary)
            for direction, files in of_each(directions, check).items():
                name = f"{place}/{subset}.{pair_of(direction)}"
                own = files_of([f"{name}.{side}" for side in split_direction(direction)])
                for link, file in zip(own, files, strict=True):
                    with atomic_path(link) as temporary:
                        temporary.symlink_to(file.resolve())
                links += own
    return list(dict.fromkeys(links))


def _checked(folder: str, subset: str, vocabulary: Vocabulary, direction: str) -> list[Path]:
    files = data_files(folder, subset, direction)
    for prefix in side_prefixes(folder, subset, direction):
        check_binarised(prefix)
    check_dictionaries_beside(folder, direction, vocabulary)
    return files


def main(argv: list[str] | None = None) -> None:
    """Make the links that the command line asks for."""
    parser = argparse.ArgumentParser(prog="use_data_bin", description=__doc__)
    parser.add_argument("--data-bin", required=True, help="folder, or one for each shard with : between")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--dictionary", type=Path, required=True, help="the model's dict.txt")
    parser.add_argument("--out", type=Path, required=True, help="folder of the links")
    arguments = parser.parse_args(argv)
    for folder in data_folders(arguments.data_bin):
        if not Path(folder).is_dir():
            raise UserError(f"{folder}: there is no such folder of binarised data")
    vocabulary = Vocabulary.read(arguments.dictionary)
    links = use_data_bin(arguments.data_bin, arguments.directions, vocabulary, arguments.out)
    print(f"{arguments.out}: {len(links)} links")


if __name__ == "__main__":
    run_main(main)
