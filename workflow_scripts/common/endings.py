"""Files that would fit a pattern but for their ending: packed, copies, or in capital letters."""

from collections.abc import Callable, Iterator
from pathlib import Path

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
COMPRESSED = "compressed: the pattern must end as they do"
LONGER = "their names go on: the pattern must end as they do"
CAPITALS = "they end in other letters (.TXT is not .txt): the pattern must end as they do"


def other_endings(root: Path, wanted: str, fits: Callable[[str], bool]) -> Iterator[tuple[Path, str]]:
    """Yield files that would fit ``wanted`` (a glob below ``root``) but for their ending, with the reason."""
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
