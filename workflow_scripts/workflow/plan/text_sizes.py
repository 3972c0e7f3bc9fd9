"""How many sentences each subset of a pair has, for plans; for large files, estimated from their size."""

from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.directions import text_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import TRAIN, VALID, FilePattern
from workflow_scripts.config.language_models import LanguageExperiment
from workflow_scripts.config.sources import Multi30kSource
from workflow_scripts.config.toy import ToySource
from workflow_scripts.workflow.provenance.records import read_record

#: Sentences of Multi30k, task 1.
MULTI30K = {TRAIN: 29_000, VALID: 1_014, "test_2016_flickr": 1_000}
#: Bytes of a file that are read for the length of its lines.
SAMPLE = 200_000
#: gzip and its like make a third to a quarter of plain text.
PACKED, TEXT_OF_PACKED = {".gz", ".xz", ".bz2", ".zst"}, 4
#: Bytes of a line, where none can be read.
BYTES_OF_A_LINE = 100


class TextSizes:
    """Sentences by subset and pair, or language; ``results``: the experiment's folder."""

    def __init__(self, experiment: Experiment, results: Path) -> None:
        self._experiment, self._results = experiment, results
        self._known: dict[tuple[str, str], int | None] = {}

    def sentences(self, subset: str, pair: str) -> int | None:
        """Return the sentences of a subset and pair; None: unknown."""
        key = (subset, pair)
        if key not in self._known:
            self._known[key] = self._prepared(subset, pair) or self._of_source(subset, pair)
        return self._known[key]

    def of_pairs(self, subset: str, pairs: Iterable[str]) -> int | None:
        """Return those of several pairs together."""
        found = [self.sentences(subset, pair) for pair in pairs]
        return None if None in found else sum(one or 0 for one in found)

    def of_directions(self, subset: str, directions: Iterable[str]) -> int | None:
        """Return those of several directions together."""
        return self.of_pairs(subset, map(text_of, directions))

    def _prepared(self, subset: str, pair: str) -> int | None:
        number = read_record(self._results / "data" / "text" / subset / f"{pair}.json").get("sentences")
        return number if isinstance(number, int) else None

    def _of_source(self, subset: str, pair: str) -> int | None:
        if varied := self._experiment.varied_texts.get(subset):
            number = self.sentences(varied.of, pair)
            return number if number is None or varied.first is None else min(number, varied.first)
        if isinstance(self._experiment, LanguageExperiment):
            path = Path(self._experiment.language_model.patterns[subset].replace("{lang}", pair))
            return _lines(path) if path.is_file() else None
        source = self._experiment.data.source
        if isinstance(source, ToySource):
            return _of_toy(source, subset, pair)
        if isinstance(source, Multi30kSource):
            return MULTI30K[subset]
        parts = self._experiment.sources_of(subset, pair, str(self._results / "data"))
        found = [_of_files(part, pair) for part in parts]
        return None if None in found else sum(one or 0 for one in found)


def _of_toy(source: ToySource, subset: str, pair: str) -> int:
    if subset != TRAIN:
        return source.valid_size if subset == VALID else source.test_size
    sizes = [tier.size for tier in source.tiers.values() if set(tier.languages) & set(pair.split("-"))]
    return min(sizes, default=0)


def _of_files(pattern: FilePattern, pair: str) -> int | None:
    if pattern.lines:
        return pattern.lines.stop - pattern.lines.start
    # Files may be named by either direction, and both sides of a pair have the same number of lines.
    for direction in (pair, "-".join(reversed(pair.split("-")))):
        for files in pattern.spelt(direction):
            for path in map(Path, files.values()):
                if path.is_file():
                    return _lines(path)
    return None


def _lines(path: Path) -> int:
    size = path.stat().st_size
    if path.suffix in PACKED:
        return size * TEXT_OF_PACKED // BYTES_OF_A_LINE
    with path.open("rb") as handle:
        begin = handle.read(SAMPLE)
    return begin.count(b"\n") * size // max(1, len(begin))
