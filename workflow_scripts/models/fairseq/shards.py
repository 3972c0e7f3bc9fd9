"""The folders of training data, one of which each epoch reads: fairseq's ``shard0:shard1:…``.

Epoch e trains on folder (e - 1) mod N; validation is that of the first. All are checked before training
begins: a bad shard would otherwise end it days later.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from workflow_scripts.common.directions import pair_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, sha256_of
from workflow_scripts.models.fairseq.data_bin import (
    check_binarised,
    check_dictionaries_beside,
    data_files,
    largest_id,
    read_header,
)
from workflow_scripts.models.training.drawing import Sources
from workflow_scripts.models.training.plan import data_folders
from workflow_scripts.units.vocabulary import Vocabulary


def shard_of_epoch(data_bin: str | Path, epoch: int) -> str:
    """Return the folder that an epoch (from 1) trains on."""
    folders = data_folders(data_bin)
    return folders[(epoch - 1) % len(folders)]


def training_files(data_bin: str | Path, directions: Sequence[str]) -> dict[str, Path]:
    """Return what a training reads, by file name; of several shards as ``shard0/train.de-en.de.bin`` …, with
    ``valid`` of the first only. UserError if a folder or a file is missing."""
    files = {}
    folders = data_folders(data_bin)
    for number, folder in enumerate(folders):
        if not Path(folder).is_dir():
            raise UserError(f"{folder}: there is no such folder of binarised data")
        for subset in ("train", "valid") if number == 0 else ("train",):
            for path in (path for one in directions for path in data_files(folder, subset, one)):
                files[path.name if len(folders) == 1 else f"shard{number}/{path.name}"] = path
    return files


def weighted_sources(
    data_bin: str | Path, directions: Sequence[str], weights: Mapping[str, Sequence[float]]
) -> list[Sources]:
    """Return, by folder and direction, the lines and the weight of each source of text, in order.
    ``weights``: by pair. UserError unless the lines of each source are recorded beside the file."""
    return [
        {direction: _sources_of(folder, direction, weights) for direction in directions}
        for folder in data_folders(data_bin)
    ]


def _sources_of(
    folder: str, direction: str, weights: Mapping[str, Sequence[float]]
) -> list[tuple[int, float]]:
    index = data_files(folder, "train", direction)[1]
    sentences = read_header(index).sentences
    own = weights.get(pair_of(direction), [])
    lines = [sentences]
    if len(own) > 1:
        record = index.with_suffix(".json")
        content = read_json(record) if record.is_file() else None
        lines = content.get("sources", []) if isinstance(content, dict) else []
    if len(own) != len(lines) or sum(lines) != sentences:
        raise UserError(
            f"{index.with_suffix('.json')}: not the lines of {len(own)} sources, which have weights for"
            f" {direction}; binarise the text again"
        )
    return list(zip(lines, own, strict=True))


def check_training_data(data_bin: str | Path, directions: Sequence[str], dictionary: str | Path) -> None:
    """Check that everything a training will read is whole, aligned and of its dictionary, else UserError."""
    vocabulary = Vocabulary.read(dictionary)
    digest = sha256_of(dictionary)
    for path in training_files(data_bin, directions).values():
        if path.suffix == ".bin":
            check_binarised(str(path.with_suffix("")))
            _check_dictionary(path, dictionary, digest, len(vocabulary))
    for number, folder in enumerate(data_folders(data_bin)):
        for direction in directions:
            check_dictionaries_beside(folder, direction, vocabulary)
        for subset in ("train", "valid") if number == 0 else ("train",):
            for direction in directions:
                _check_aligned(folder, subset, direction)


def _check_aligned(folder: str, subset: str, direction: str) -> None:
    indexes = data_files(folder, subset, direction)[1::2]
    source, target = (read_header(path).sentences for path in indexes)
    if source != target:
        raise UserError(f"{folder}: {subset} of {direction} has {source} source but {target} target lines")
    if not source:
        raise UserError(f"{folder}: {subset} of {direction} has no lines")


def _check_dictionary(path: Path, dictionary: str | Path, digest: str, symbols: int) -> None:
    """Compare what is recorded beside the file, or else look at its ids (data made elsewhere)."""
    record = path.with_suffix(".json")
    recorded = read_json(record) if record.is_file() else {}
    made_from = recorded.get("made_from", {}) if isinstance(recorded, dict) else None
    if not isinstance(made_from, dict):
        raise UserError(f"{record}: not what binarise writes; binarise the text again")
    if "dictionary" in made_from:
        same = made_from["dictionary"] == digest
    else:
        same = largest_id(str(path.with_suffix(""))) < symbols
    if not same:
        raise UserError(f"{path} was binarised with another dictionary than {dictionary}")
