"""Test sets and seeds of outputs that others made: each pair of them is evaluated as a set of its own.

Patterns of files may have the wildcards ``{testset}`` and ``{seed}``; references also ``{system}``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from workflow_scripts.common.checked_options import raise_all
from workflow_scripts.common.errors import UserError, first_of, nearest
from workflow_scripts.common.naming import check_names
from workflow_scripts.common.parallel_text import REFERENCES, read_lines
from workflow_scripts.common.patterns import OF_A_DIRECTION, WILDCARDS, fields_of, fill, values_of
from workflow_scripts.evaluate.outputs.found import Files, find_outputs, of_system, text_of

#: What the two wildcards may be. A seed is a number, as in an experiment.
SET_WILDCARDS = {"testset": "[^/]+", "seed": r"\d+"}
#: The values where a pattern has no such wildcard.
TESTSET, SEED = "outputs", 0


@dataclass(frozen=True)
class OutputSet:
    """The outputs of one test set and seed.

    ``hypotheses``, ``references``, ``sources``: patterns in which these two are filled in. ``files``:
    system → direction → hypotheses.
    """

    testset: str
    seed: int
    hypotheses: str
    references: list[str]
    sources: str | None
    files: Files

    def patterns(self, system: str) -> list[str]:
        """Return the patterns of references as a system has them."""
        return [of_system(one, system) for one in self.references]

    def text(self, direction: str, system: str) -> tuple[list[Path], Path | None]:
        """Return the references of a direction as a system has them, and the sources."""
        named = [text_of(one, direction) for one in self.patterns(system)]
        return named, text_of(self.sources, direction) if self.sources else None


def patterns_of_sets(hypotheses: str) -> list[tuple[str, int, Mapping[str, str]]]:
    """Return the test sets and seeds that files have, each with what fills a pattern in.

    Raises UserError: a wildcard that no pattern has, or no file has a test set and a seed.
    """
    asked = fields_of(hypotheses, [*WILDCARDS, *SET_WILDCARDS]) & SET_WILDCARDS.keys()
    if not asked:
        return [(TESTSET, SEED, {})]
    found = values_of(hypotheses, SET_WILDCARDS)
    if not found:
        wanted = " and ".join(f"{{{name}}}" for name in SET_WILDCARDS if name in asked)
        number = "; a seed is a whole number" if "seed" in asked else ""
        raise UserError(f"pattern {hypotheses!r}: no file fits, so {wanted} has no value{number}")
    check_names("test set", {values["testset"]: "" for values in found if "testset" in values})
    sets: list[tuple[str, int, Mapping[str, str]]]
    sets = [(values.get("testset", TESTSET), int(values.get("seed", SEED)), values) for values in found]
    for (testset, seed, values), other in pairwise(sets):
        if (testset, seed) == other[:2]:
            raise UserError(f"seeds {values['seed']} and {other[2]['seed']} of {testset} are one number")
    return sets


def filled(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern with the test set and the seed filled in."""
    for name, value in values.items():
        if "{" in value or "}" in value:
            raise UserError(
                f"{value!r}: a {name} whose name has braces is read as a wildcard; rename its files"
            )
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


def find_sets(
    hypotheses: str,
    references: Sequence[str],
    sources: str | None,
    known: Collection[str],
) -> list[OutputSet]:
    """Return the outputs of every test set and seed; ``known``: as of ``find_outputs``.

    Raises UserError: a pattern of references or sources has a wildcard that is not its own, or no file fits.
    """
    own = [*OF_A_DIRECTION, *fields_of(hypotheses, [*WILDCARDS, *SET_WILDCARDS]) & SET_WILDCARDS.keys()]
    for pattern in references:
        fields_of(pattern, [*own, "system"])
    if sources:
        fields_of(sources, own)
    found = []
    for testset, seed, values in patterns_of_sets(hypotheses):
        patterns = filled(hypotheses, values), [filled(one, values) for one in references]
        texts = filled(sources, values) if sources else None
        files = find_outputs(*patterns, texts, known).files
        found.append(OutputSet(testset, seed, *patterns, texts, files))
    return found


def of_systems(sets: Iterable[OutputSet]) -> list[str]:
    """Return the systems of all sets, in the order in which they come."""
    return list(dict.fromkeys(system for one in sets for system in one.files))


def whole(sets: Sequence[OutputSet], allow_partial: bool = False) -> dict[str, list[str]]:
    """Return the directions of each test set; UserError, unless ``allow_partial``, for files that only some
    systems or seeds have."""
    systems = of_systems(sets)
    directions: dict[str, list[str]] = {}
    for one in sets:
        here = {direction for by in one.files.values() for direction in by}
        directions[one.testset] = sorted({*directions.get(one.testset, []), *here})
    seeds = list(dict.fromkeys(one.seed for one in sets))
    missing = [
        f"test set {testset}: no file of seed {seed}; there are those of other seeds"
        for testset in directions
        for seed in seeds
        if not any((one.testset, one.seed) == (testset, seed) for one in sets)
    ]
    for one in sets:
        for system in systems:
            for direction in directions[one.testset]:
                if direction not in one.files.get(system, {}):
                    has = _that_has(sets, one, direction)
                    path = fill(one.hypotheses, direction, system)
                    missing.append(f"{path}: no such file; {has} has {direction}")
    if missing and not allow_partial:
        raise UserError("\n".join(missing))
    return directions


def _that_has(sets: Iterable[OutputSet], lacking: OutputSet, direction: str) -> str:
    """Return who has a direction of a test set: another system, or one in another seed."""
    for system, by in lacking.files.items():
        if direction in by:
            return system
    return next(
        f"{system} of seed {one.seed}"
        for one in sets
        if one.testset == lacking.testset
        for system, by in one.files.items()
        if direction in by
    )


def check_own_references(one: OutputSet) -> None:
    """Refuse references of each system's own that differ: scores and tests would not compare.

    Raises UserError: for each direction the first line that differs, and files that are not there.
    """
    faults = []
    for pattern in one.references:
        if "{system}" not in pattern:
            continue
        first: dict[str, tuple[Path, list[str]]] = {}
        for system, by in one.files.items():
            for direction in by:
                try:
                    path = text_of(of_system(pattern, system), direction)
                    lines = read_lines(path, REFERENCES)
                    known, expected = first.setdefault(direction, (path, lines))
                except UserError as error:
                    faults.append(str(error))
                    continue
                if lines != expected:
                    faults.append(_difference(path, lines, known, expected))
    raise_all(faults)


def _difference(path: Path, lines: Sequence[str], known: Path, expected: Sequence[str]) -> str:
    if len(lines) != len(expected):
        sizes = f"{path} has {len(lines)} lines, {known} has {len(expected)}"
    else:
        place = next(n for n, (a, b) in enumerate(zip(lines, expected, strict=True), 1) if a != b)
        sizes = f"{path}, line {place}: not that of {known}"
    return f"{sizes}; references of each system's own must be the same text, or scores do not compare"


def only_sets(
    sets: Sequence[OutputSet], testsets: Sequence[str] | None, seeds: Sequence[int] | None
) -> list[OutputSet]:
    """Return the sets of some test sets and seeds, None for all. Raises UserError: there is none."""
    for option, wanted, there in (
        ("testsets", testsets, [one.testset for one in sets]),
        ("seeds", seeds, [one.seed for one in sets]),
    ):
        known = list(dict.fromkeys(map(str, there)))
        for name in map(str, wanted or []):
            if name not in known:
                raise UserError(
                    f"--{option}: no files of {name!r}{nearest(name, known)}; there are {first_of(known)}"
                )
    return [
        one
        for one in sets
        if (testsets is None or one.testset in testsets) and (seeds is None or one.seed in seeds)
    ]
