"""The names of binarised files: ``valid.de-en.en.bin``, ours by the alphabet, of fairseq in either order."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.language_codes import spellings

ENDINGS = (".bin", ".idx")


def candidates(folder: str | Path, subset: str, direction: str) -> Iterator[list[str]]:
    """Yield the prefixes of a direction's source and target by every name of the pair, ours first."""
    source, target = split_direction(direction)
    for one, two in product(spellings(source), spellings(target)):
        pair = sorted((one, two))
        for name in ("-".join(pair), "-".join(reversed(pair))):
            yield [str(Path(folder) / f"{subset}.{name}.{side}") for side in (one, two)]


def files_of(prefixes: Sequence[str]) -> list[Path]:
    """Return .bin and .idx of the first prefix, then of the others."""
    return [Path(prefix + ending) for prefix in prefixes for ending in ENDINGS]
