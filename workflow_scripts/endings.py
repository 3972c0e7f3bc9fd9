"""Files that would fit a pattern but for their ending: packed, copies, or in capital letters.

What: nobody misses a direction whose file ends otherwise, so these are named. Inputs: where a pattern looks,
and what fits it. Outputs: files, each with the reason. Standard library only. Source: none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

#: What stands behind the name of a compressed file.
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
COMPRESSED = "compressed: the pattern must end as they do"
LONGER = "their names go on: the pattern must end as they do"
CAPITALS = "they end in other letters (.TXT is not .txt): the pattern must end as they do"


def other_endings(root: Path, wanted: str, fits: Callable[[str], bool]) -> Iterator[tuple[Path, str]]:
    """Yield the files, each with the reason why it does not fit.

    Args:
        root: the folder that the pattern begins at.
        wanted: the pattern, as ``Path.glob`` takes it.
        fits: whether a path fits the pattern.
    """
    for path in sorted(root.glob(f"{wanted}.*")):
        whole, name = str(path), str(path.with_suffix(""))
        if fits(whole) or not fits(name) or path.is_dir():
            continue
        if path.suffix in PACKED:
            yield path, COMPRESSED
        elif not Path(name).exists():  # beside the file itself it is something about that
            yield path, LONGER
    ending = Path(wanted).suffix
    if not ending[1:].isalnum():
        return
    for path in sorted(root.glob(f"{wanted.removesuffix(ending)}.*")):
        same = path.suffix != ending and path.suffix.lower() == ending.lower()
        if same and fits(str(path.with_suffix(ending))) and path.is_file():
            yield path, CAPITALS
