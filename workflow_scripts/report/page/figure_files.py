"""Which figures a page shows, with the captions beside them."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.restructured import unescaped
from workflow_scripts.report.page.document import Figure
from workflow_scripts.report.page.material import Reader

#: What names of figures begin with, in the order in which they are wanted; others are not on the page.
WANTED = ("iou_by_layer", "effects", "gains", "sweep", "kept_by_layer", "training")
#: Figures on a page, and bytes of all of them: a page stays below 5 MB.
MOST_FIGURES, MOST_BYTES = 4, 2_500_000


def read_figures(reader: Reader, paths: Sequence[Path], links: str) -> list[Figure]:
    """Return the figures that a page shows, one of each kind, the most telling first. ``links``: the folder
    of figures as the page links to it."""
    kinds: dict[int, Path] = {}
    for path in paths:
        if reader.there(path) and (kind := _kind(path)) is not None:
            kinds.setdefault(kind, path)
    chosen: list[Figure] = []
    room = MOST_BYTES
    for _, path in sorted(kinds.items()):
        if len(chosen) < MOST_FIGURES and path.stat().st_size <= room:
            room -= path.stat().st_size
            chosen.append(Figure(path.stem, caption_of(path), path.read_bytes(), f"{links}/{path.name}"))
    return chosen


def _kind(path: Path) -> int | None:
    return next((place for place, name in enumerate(WANTED) if path.stem.startswith(name)), None)


def caption_of(path: Path) -> str:
    """Return the caption beside a picture, in reStructuredText with nothing but escapes, as plain text; its
    name where it has none."""
    caption = path.with_suffix(".rst")
    if not caption.is_file():
        return path.stem
    return unescaped(caption.read_text(encoding="utf-8"))
