"""Mask sets of systems and seeds, and which of them are compared with which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.mask_table import MaskTable

#: Kinds of comparisons: two sets of one model; draws of one set; one set of two systems, or of two seeds.
SETS, DRAWS, SYSTEMS, SEEDS = "sets", "draws", "systems", "seeds"
FIELDS = ("system", "seed", "maskset")


@dataclass(frozen=True)
class Selection:
    """A mask set of a system and seed; ``key``: of several draws of a set the name that they share."""

    system: str
    seed: int
    maskset: str
    key: str

    @property
    def label(self) -> str:
        """How results name it."""
        return f"{self.system}/s{self.seed}/{self.maskset}"

    def path(self, pattern: str) -> Path:
        """Return its file by a pattern with {system}, {seed} and {maskset}."""
        return Path(pattern.format(system=self.system, seed=self.seed, maskset=self.maskset))


@dataclass(frozen=True)
class Pair:
    """Two selections that are compared. Results of pairs with equal ``kind`` and ``names`` are averaged."""

    kind: str
    names: tuple[str, str]
    one: Selection
    other: Selection


def selections_of(
    systems: Sequence[str], seeds: Sequence[int], masksets: Sequence[str], drawn: Mapping[str, Sequence[str]]
) -> list[Selection]:
    """Return every mask set of every system and seed; ``drawn``: key → the sets that it is drawn as."""
    keys = {name: key for key, names in drawn.items() for name in names}
    return [
        Selection(system, seed, name, keys.get(name, name))
        for system in systems
        for seed in seeds
        for name in masksets
    ]


def read_tables(
    selections: Sequence[Selection], pattern: str, files: Mapping[str, str]
) -> dict[str, MaskTable]:
    """Return the masks of each selection by its label. ``files``: sets that have a pattern of their own, to
    it. UserError: no such file, a pattern without a field, or a file for no set."""
    names = [one.maskset for one in selections]
    for name, own in files.items():
        if name not in names:
            raise UserError(f"--files: {name!r} is not one of --sets{nearest(name, names)}")
        try:
            own.format(system="", seed="", maskset="")
        except (KeyError, ValueError, IndexError):
            raise UserError(f"--files {own}: a pattern has {{system}} and {{seed}} alone") from None
    if missing := [name for name in FIELDS if f"{{{name}}}" not in pattern]:
        raise UserError(f"--masks {pattern}: the pattern needs {{{missing[0]}}}")
    return {one.label: MaskTable.read(one.path(files.get(one.maskset, pattern))) for one in selections}


def titles_of(selections: Sequence[Selection]) -> dict[str, str]:
    """Return, for each label, what the models of all seeds, and the draws of a set, have in common: its key,
    where there are several systems after the name of its own."""
    several = len({one.system for one in selections}) > 1
    return {one.label: f"{one.system} {one.key}" if several else one.key for one in selections}


def pairs_of(
    selections: Sequence[Selection], wanted: Sequence[tuple[str, str]] | None = None
) -> Iterator[Pair]:
    """Yield what is compared: sets of one system and seed with one another; each set between systems, and
    between seeds.

    ``wanted``: pairs of sets or keys, the only sets that are compared with one another; None: every two.
    Draws of one set are compared with one another alone where they are not paired with another set: between
    seeds and systems they would say what the set says.
    """
    chosen = None if wanted is None else {frozenset(pair) for pair in wanted}
    titles = titles_of(selections)
    for one, other in combinations(selections, 2):
        alike = [getattr(one, name) == getattr(other, name) for name in FIELDS]
        if alike == [True, True, False]:
            names = (titles[one.label], titles[other.label])
            asked = [{one.key, other.key}, {one.maskset, other.maskset}]
            if one.key == other.key:
                yield Pair(DRAWS, names, one, other)
            elif chosen is None or any(frozenset(pair) in chosen for pair in asked):
                yield Pair(SETS, names, one, other)
        elif one.key != one.maskset:
            continue
        elif alike == [False, True, True]:
            yield Pair(SYSTEMS, (titles[one.label], titles[other.label]), one, other)
        elif alike == [True, False, True]:
            yield Pair(SEEDS, (titles[one.label], titles[other.label]), one, other)


def check_wanted(wanted: Sequence[Sequence[str]], selections: Sequence[Selection]) -> None:
    """Refuse a pair that names no set; UserError with the nearest name."""
    known = list(dict.fromkeys(name for one in selections for name in (one.key, one.maskset)))
    for pair in wanted:
        for name in pair:
            if name not in known:
                raise UserError(
                    f"--pairs: no mask set {name!r}{nearest(name, known)}; there are {', '.join(known)}"
                )
        if len(set(pair)) < len(pair):
            raise UserError(f"--pairs: {pair[0]} is paired with itself")
