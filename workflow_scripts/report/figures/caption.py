"""The caption of a figure: reStructuredText, written by the job that draws it, from what it read.

Snakemake would fill it in from the config of today, and a figure of before a change would stand under that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.restructured import escaped

FIGURES = "figures"  # the folder of an experiment that figures are in
#: Files that a caption names; of more it names the first ones and says how many others there are.
MOST_FILES, FIRST_FILES = 8, 3


@dataclass(frozen=True, slots=True)
class Caption:
    """What a figure shows, for readers who see nothing else.

    Args:
        shows: what is drawn, in whole sentences.
        sources: the files it is drawn from.
        seeds: the seeds of the trainings.
        bands: what bands and bars are, in whole sentences; empty where there are none.
        notes: what was left out, and other sentences.
    """

    shows: str
    sources: Sequence[str | Path]
    seeds: Sequence[int | str]
    bands: str = ""
    notes: Sequence[str] = ()

    def text(self, png: Path) -> str:
        """Return the caption of a picture, plain paragraphs; files are named from the experiment's folder."""
        named = [str(seed) for seed in self.seeds]
        seeds = f"n = {len(named)} seed{'s' * (len(named) != 1)} ({', '.join(named)})." if named else ""
        files = list(dict.fromkeys(from_experiment(source, png) for source in self.sources))
        values = from_experiment(png.with_suffix(".csv"), png)
        paragraphs = [
            self.shows,
            " ".join(part for part in (seeds, self.bands or "No bands or bars.") if part),
            *self.notes,
            f"Drawn from {_listed(files)}. The values drawn: {values}.",
        ]
        return "\n\n".join(escaped(one) for one in paragraphs) + "\n"


def _listed(files: Sequence[str]) -> str:
    if len(files) <= MOST_FILES:
        return ", ".join(files)
    alike = len({Path(file).name for file in files}) == 1
    more = f"{len(files) - FIRST_FILES:,} more{' of this name' if alike else ''}"
    return f"{', '.join(files[:FIRST_FILES])} and {more}"


def from_experiment(file: str | Path, png: Path) -> str:
    """Return a file's path from the folder of the experiment whose figure ``png`` is; of a file elsewhere the
    name alone."""
    whole = Path(png).absolute()
    above = [folder for folder in whole.parents if folder.name == FIGURES]
    root = above[0].parent if above else whole.parent
    path = Path(file).absolute()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
