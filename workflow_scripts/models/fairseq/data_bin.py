"""Where the binarised files of a direction are in a folder, ours or one that fairseq-preprocess wrote.

Ours name a pair by the alphabet (``valid.de-en.en.bin``); fairseq-preprocess writes either order, and
dictionaries beside its data, which must agree with the one in use. fairseq maps files into memory without
looking, so it is here that they are checked.
"""

import filecmp
import logging
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.binarised_names import candidates, files_of
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import DamagedFileError, UserError, first_of
from workflow_scripts.common.language_codes import spellings
from workflow_scripts.units.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

# Of an index in fairseq's memory-mapped form.
MAGIC, VERSION = b"MMIDIDX\x00\x00", 1
HEADER = struct.Struct("<9sQBQ")
TYPES: dict[int, Any] = {
    1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 8: np.uint16, 9: np.uint32,
}  # fmt: skip
AGAIN = "binarise the text again"


def side_prefixes(data_bin: str | Path, subset: str, direction: str) -> list[str]:
    """Return the files of a direction's source and target without their endings, the same for both directions
    of a pair. UserError if they are there twice, under two names of the pair, and differ."""
    known = list(candidates(data_bin, subset, direction))
    whole = [prefixes for prefixes in known if all(file.is_file() for file in files_of(prefixes))]
    begun = [prefixes for prefixes in known if any(file.is_file() for file in files_of(prefixes))]
    for other in whole[1:]:
        if not _same(tuple(whole[0]), tuple(other)):
            one, two = (f"{Path(prefixes[0]).name}.*" for prefixes in (whole[0], other))
            raise UserError(
                f"{data_bin}: {subset} of {direction} is there twice, as {one} and {two}, and they differ:"
                " delete the wrong ones"
            )
    return (whole or begun or known)[0]


def data_files(data_bin: str | Path, subset: str, direction: str) -> list[Path]:
    """Return .bin and .idx of a direction's source, then of its target; UserError if one is missing."""
    files = files_of(side_prefixes(data_bin, subset, direction))
    for path in files:
        if not path.exists():
            raise UserError(
                f"{path} is missing: direction {direction} has no binarised {subset} data"
                f"{_nearest(Path(data_bin), subset, direction)}"
            )
    return files


def _nearest(folder: Path, subset: str, direction: str) -> str:
    names = sorted({Path(prefix).name for pair in candidates(folder, subset, direction) for prefix in pair})
    if raw := next((name for name in names if (folder / name).is_file()), None):
        return f"; {raw} is of fairseq's raw form: binarise the text with --dataset-impl mmap"
    endings = {name.removeprefix(subset) + ".idx" for name in names}
    begun = {
        path.name.partition(".")[0]
        for path in folder.glob("*.idx")
        for end in endings
        if path.name.endswith(end)
    }
    if others := sorted(begun - {subset}):
        return f"; of the pair it has {', '.join(others)}"
    # subset.pair.side.idx
    parts = [path.name.split(".") for path in folder.glob("*.idx")]
    pairs = sorted({part[1] for part in parts if len(part) == 4 and part[0] == subset})
    return f"; there is {subset} of {first_of(pairs, 6)}" if pairs and subset not in begun else ""


def check_dictionaries_beside(data_bin: str | Path, direction: str, vocabulary: Vocabulary) -> bool:
    """Check the dictionaries beside data of fairseq-preprocess, and return whether there are any; UserError
    if one is not that of ``vocabulary`` (fillers at the end do not matter: no text has them)."""
    found = False
    for language in split_direction(direction):
        for spelt in spellings(language):
            path = Path(data_bin) / f"dict.{spelt}.txt"
            if path.is_file():
                found = True
                _check_dictionary(path, vocabulary)
    # One for all languages (--fixed-dictionary) has no language in its name.
    if not found and (path := Path(data_bin) / "dict.txt").is_file():
        found = True
        _check_dictionary(path, vocabulary)
    return found


def _check_dictionary(path: Path, vocabulary: Vocabulary) -> None:
    beside = Vocabulary.read(path).subwords
    for number, (theirs, ours) in enumerate(zip(beside, vocabulary.subwords, strict=False), start=1):
        if theirs != ours:
            raise UserError(
                f"{path}, line {number}: {theirs!r}, where the dictionary in use has {ours!r}: the data were"
                " binarised with another one"
            )


@cache
def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    pairs = list(zip(files_of(one), files_of(other), strict=True))
    if not all(filecmp.cmp(a, b, shallow=False) for a, b in pairs):
        return False
    logger.info(f"{other[0]}.* are the same as {one[0]}.*, which are read")
    return True


@dataclass(frozen=True)
class Header:
    """Of an index: the type of an id, and the number of sentences."""

    dtype: np.dtype[Any]
    sentences: int


def read_header(index: Path) -> Header:
    """Return an index's header; DamagedFileError for another file, or one that is cut off."""
    with index.open("rb") as handle:
        start = handle.read(HEADER.size)
    if len(start) < HEADER.size or not start.startswith(MAGIC):
        raise DamagedFileError(f"{index}: not an index of fairseq's mmap format; {AGAIN}")
    _, version, code, sentences = HEADER.unpack(start)
    if version != VERSION or code not in TYPES:
        raise DamagedFileError(f"{index}: version {version} of the format, type {code}, is unknown; {AGAIN}")
    expected = HEADER.size + sentences * (4 + 8)  # a size and an offset for each sentence
    if index.stat().st_size != expected:
        raise DamagedFileError(
            f"{index}: {index.stat().st_size} bytes, but {sentences} sentences need {expected}; {AGAIN}"
        )
    return Header(np.dtype(TYPES[code]), sentences)


def check_binarised(prefix: str) -> None:
    """Raise DamagedFileError unless both files are whole and fit each other."""
    index, data = Path(f"{prefix}.idx"), Path(f"{prefix}.bin")
    header = read_header(index)
    sizes: npt.NDArray[np.int32] | list[int] = []
    if header.sentences:
        sizes = np.memmap(index, np.int32, "r", HEADER.size, (header.sentences,))
    expected = int(np.sum(sizes, dtype=np.int64)) * header.dtype.itemsize
    if data.stat().st_size != expected or np.min(sizes, initial=0) < 0:
        raise DamagedFileError(f"{data}: {data.stat().st_size} bytes, but its index says {expected}; {AGAIN}")


def largest_id(prefix: str) -> int:
    """Return the largest id of a binarised text, -1 where it holds none; reads it all."""
    header, data = read_header(Path(f"{prefix}.idx")), Path(f"{prefix}.bin")
    if data.stat().st_size < header.dtype.itemsize:
        return -1
    return int(np.memmap(data, header.dtype, "r").max())
