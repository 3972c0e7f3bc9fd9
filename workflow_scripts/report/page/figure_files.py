"""Which figures a page shows, with the captions beside them."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.report.page.document import Figure
from workflow_scripts.report.page.material import Reader

#: What names of figures begin with, in the order in which they are wanted.
WANTED = ("iou", "overlap", "sparsity", "effect", "gain", "sweep", "training")
#: Figures on a page, and bytes of all of them: a page stays below 5 MB.
MOST_FIGURES, MOST_BYTES = 4, 2_500_000


def read_figures(reader: Reader, paths: Sequence[Path], links: str) -> list[Figure]:
    """Return the figures that a page shows, the most telling first, at most one of each kind at first.
    ``links``: the folder of figures as the page links to it."""
    there = [path for path in paths if reader.there(path)]
    chosen: list[Figure] = []
    room = MOST_BYTES
    for path in sorted(there, key=_rank):
        if len(chosen) == MOST_FIGURES or path.stat().st_size > room:
            continue
        room -= path.stat().st_size
        caption = path.with_suffix(".rst")
        said = " ".join(caption.read_text(encoding="utf-8").split()) if caption.is_file() else path.stem
        chosen.append(Figure(path.stem, said, path.read_bytes(), f"{links}/{path.name}"))
    return chosen


def _rank(path: Path) -> tuple[int, str]:
    places = [place for place, name in enumerate(WANTED) if path.stem.startswith(name)]
    return places[0] if places else len(WANTED), path.name
