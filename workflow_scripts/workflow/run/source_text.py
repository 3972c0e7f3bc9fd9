"""Which files the text of a pair is in, and what is wrong with them before the first job."""

import filecmp
import os
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.common.directions import pair_of
from workflow_scripts.common.errors import first_of
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import TRAIN, VALID, FilePattern

#: Language → its file.
Files = dict[str, str]


def files_of_pair(experiment: Experiment, pattern: FilePattern, subset: str, pair: str) -> Files:
    """Return the files of a pair in one source of a subset: those that are there, by the names of the
    directions that the subset has before others."""
    # A corpus may name its files by either direction; generated and downloaded ones are not there yet.
    directions = [*_directions(experiment, subset, pair), pair, "-".join(reversed(pair.split("-")))]
    candidates = [files for one in dict.fromkeys(directions) for files in pattern.spelt(one)]
    return next((files for files in candidates if _are_there(files)), candidates[0])


def looked_for(file: str) -> str:
    """Return a user's file, with the folder of a relative path."""
    return file if Path(file).is_absolute() else f"{file} in {Path.cwd()}"


def text_problems(experiment: Experiment, results: str) -> Iterator[str]:
    """Yield a line for each file of text that is missing, with its pairs, and for each pair that has two;
    ``results``: the experiment's folder, with ``data`` in it."""
    for subset in experiment.subsets:
        wrong: dict[str, list[str]] = {}
        for pair in experiment.pairs_of(subset):
            for pattern in experiment.sources_of(subset, pair, f"{results}/data"):
                for file in files_of_pair(experiment, pattern, subset, pair).values():
                    # What lies there is made.
                    is_there = Path(file).exists() and not Path(file).is_dir()
                    if not (is_there or file.startswith(f"{results}/data/")):
                        wrong.setdefault(file, []).append(pair)
                for problem in (
                    _spelt_twice(pattern, pair),
                    _by_direction(pattern, _directions(experiment, subset, pair), subset),
                ):
                    if problem:
                        yield f"data.source: {subset} text for {pair} {problem}"
        for file, pairs in wrong.items():
            found = f"{looked_for(file)} is a folder" if Path(file).is_dir() else _no_file(file)
            yield f"data.source: no {subset} text for {first_of(list(dict.fromkeys(pairs)))}: {found}"


def _no_file(file: str) -> str:
    return f"there is no file {looked_for(file)}"


def _directions(experiment: Experiment, subset: str, pair: str) -> list[str]:
    had = experiment.train_directions if subset == TRAIN else experiment.directions_of(subset)
    return [one for one in had if pair_of(one) == pair]


def _are_there(files: Files) -> bool:
    return all(map(os.path.exists, files.values()))


def _spelt_twice(pattern: FilePattern, pair: str) -> str:
    """Return what is wrong if the files of a pair exist with two spellings of a language, pt_BR and pt-BR."""
    there = [files for files in pattern.spelt(pair) if _are_there(files)]
    if len(there) < 2:
        return ""
    return f"is there twice, {_both(there[0])}, and {_both(there[1])}: keep one spelling"


def _by_direction(pattern: FilePattern, directions: list[str], subset: str) -> str:
    """Return what is wrong if each direction of a pair has text of its own: one of the two would be read."""
    spelt = (next(filter(_are_there, pattern.spelt(one)), None) for one in directions)
    there = [files for files in spelt if files is not None]
    if len(there) < 2 or all(_is_same(file, there[1][language]) for language, file in there[0].items()):
        return ""
    remedy = "keep one, or name both as sources of the pair"
    if subset not in (TRAIN, VALID):
        remedy = "make a test set of each, with the key directions"
    return f"is another one for each direction, {_both(there[0])}, and {_both(there[1])}: {remedy}"


def _is_same(one: str, other: str) -> bool:
    # Large files by two names are often one: links.
    return Path(one).samefile(other) or filecmp.cmp(one, other, shallow=False)


def _both(files: Files) -> str:
    return " and ".join(files.values())
