"""The text of a trial: the first lines of the experiment's own, or invented text in the same languages."""

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.containers import DAMAGE, is_damage, unpacked
from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.file_source import (
    TRAIN,
    VALID,
    EvaluatedText,
    FilePattern,
    FilesSource,
    TextPart,
)
from workflow_scripts.workflow.trial.sizes import LINES

Config = dict[str, Any]
#: Of the toy corpus: its only test set, the concepts that its languages have words for, and its tiers.
TEST, CONCEPTS = "test", 60
BLOCK = 1 << 16  # bytes: of a packed file, one line may be larger than the memory
FEWER = 2  # every second language has half as many training sentences


def own_text(
    experiment: Experiment, directions: Sequence[str], folder: Path, downloaded: str
) -> Config | str:
    """Return `data.source` with the first lines of the text's own files, or the first file that is missing.

    ``folder``: where the run works; ``downloaded``: where a run of the whole experiment leaves its text.
    """
    source = experiment.data.source
    if isinstance(source, FilesSource):
        given = source.model_dump(exclude_unset=True)
        parts = {name: source.parts(name) for name in (TRAIN, VALID, *source.tests)}
    else:
        patterns = source.patterns(downloaded)
        given = {"type": "files", "tests": {}}
        parts = {name: [EvaluatedText(path=one.path, lines=one.lines)] for name, one in patterns.items()}
    cut: dict[str, list[Config]] = {}
    for name, several in parts.items():
        for part in several:
            lines = _lines(part, _directions_of(part, directions), folder, LINES.get(name, LINES[TEST]))
            if isinstance(lines, str):
                return lines
            cut.setdefault(name, []).append({**part.model_dump(exclude_unset=True), **lines})
    out = {**copy.deepcopy(given), "tests": {n: cut[n][0] for n in cut if n not in (TRAIN, VALID)}}
    return {**out, **{name: cut[name] for name in (TRAIN, VALID) if name in cut}}


def _directions_of(part: FilePattern, directions: Sequence[str]) -> list[str]:
    if isinstance(part, TextPart):
        return [one for one in directions if part.has(pair_of(one))]
    of = getattr(part, "of", None)
    return list(of(directions)) if of else list(directions)


def _lines(part: FilePattern, directions: Iterable[str], folder: Path, most: int) -> Config | str:
    """Return the key `lines` of the first lines that every direction has, or a file that is missing."""
    start, stop = (part.lines.start, part.lines.stop) if part.lines else (0, None)
    wanted = most if stop is None else min(most, stop - start)
    for direction in directions:
        there = [
            files for files in part.spelt(direction) if all((folder / f).is_file() for f in files.values())
        ]
        if not there:
            return next(f for f in part.files(direction).values() if not (folder / f).is_file())
        for file in there[0].values():
            # Before the start there must be lines, too.
            wanted = min(wanted, max(1, lines_of(folder / file, start + wanted) - start))
    return {"lines": {"start": start, "stop": start + wanted}}


def lines_of(file: Path, most: int) -> int:
    """Return the number of a file's lines, which are counted as far as ``most``."""
    found, last = 0, b"\n"
    try:
        with unpacked(file) as (stream, _):
            while found < most and (block := stream.read(BLOCK)):
                found, last = found + block.count(b"\n"), block[-1:]
    except DAMAGE as error:
        if not is_damage(error):
            raise
        raise UserError(f"{file}: damaged or cut off") from None
    return min(most, found + (last != b"\n"))


def invented(languages: Sequence[str], pivot: str, families: dict[str, list[str]]) -> Config:
    """Return `data.source` of the toy corpus in these languages, with the families that are given."""
    others = [language for language in languages if language != pivot]
    own = {name: [one for one in members if one in others] for name, members in families.items()}
    own = {name: members for name, members in own.items() if members}
    left = [one for one in others if not any(one in members for members in own.values())]
    if left:
        own["others"] = left
    tiers = {"high": (LINES[TRAIN], others[::2]), "low": (LINES[TRAIN] // FEWER, others[1::2])}
    return {
        "type": "toy",
        "families": own,
        "tiers": {name: {"size": size, "languages": some} for name, (size, some) in tiers.items() if some},
        "concepts": CONCEPTS,
        "valid_size": LINES[VALID],
        "test_size": LINES[TEST],
    }


def smaller_toy(source: Config) -> Config:
    """Return a toy corpus of the same kind with few sentences; tiers keep their order of size."""
    largest = max(tier["size"] for tier in source["tiers"].values())
    tiers = {
        name: {**tier, "size": max(LINES[VALID], tier["size"] * LINES[TRAIN] // largest)}
        for name, tier in source["tiers"].items()
    }
    sizes = {"valid_size": LINES[VALID], "test_size": LINES[TEST]}
    return {**source, "tiers": tiers, "concepts": min(source.get("concepts", CONCEPTS), CONCEPTS), **sizes}


def shared_language(directions: Iterable[str]) -> str | None:
    """Return the language that every direction has, which the toy corpus needs as its pivot."""
    common = set.intersection(*(set(split_direction(one)) for one in directions))
    return min(common) if common else None
