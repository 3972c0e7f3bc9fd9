"""Tokens with a label each, for one property such as part of speech; parts of them by whole sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.matrix import Matrix, part_of
from workflow_scripts.common.errors import UserError, first_of

#: Shares of sentences in train, dev and test.
SHARES = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class Labelled:
    """Values of units of n tokens, and the label of each for one property.

    ``X``: float16 or float32 [n, units], an array, a file mapped into memory, or several side by side.
    ``y``: int64 [n], classes 0 to C - 1. ``sentences``: int64 [n]. ``words``: [n]. ``labels``: [C], the name
    of each class. ``name``: of the property, for messages. UserError: lengths that do not align, a class
    beyond the labels.
    """

    X: Matrix
    y: NDArray[np.int64]
    sentences: NDArray[np.int64]
    words: Sequence[str]
    labels: Sequence[str]
    name: str = "labels"

    def __post_init__(self) -> None:
        lengths = {
            "labels": len(self.y),
            "sentence numbers": len(self.sentences),
            "words": len(self.words),
        }
        tokens = self.X.shape[0]
        for what, found in lengths.items():
            if found != tokens:
                raise UserError(
                    f"{self.name}: {found} {what} for {tokens} tokens; there must be one for each"
                )
        if tokens and not 0 <= self.y.min() <= self.y.max() < len(self.labels):
            raise UserError(
                f"{self.name}: classes {self.y.min()} to {self.y.max()}, but there are names for"
                f" {len(self.labels)}; number them from 0"
            )

    @property
    def counts(self) -> NDArray[np.int64]:
        """Tokens of each class, [C]."""
        return np.bincount(self.y, minlength=len(self.labels)).astype(np.int64)

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.X.shape[1])

    def with_units(self, units: NDArray[np.int64]) -> "Labelled":
        """Return the same tokens with some units alone, in ascending order, read into memory if they fit."""
        return replace(self, X=part_of(self.X, np.sort(units, kind="stable")))

    def with_labels(self, y: NDArray[np.int64], labels: Sequence[str], name: str) -> "Labelled":
        """Return the same tokens with other labels."""
        return replace(self, y=y, labels=labels, name=name)


def check_labels(data: Labelled) -> None:
    """Raise UserError for a label seen once, or one label alone."""
    counts = data.counts
    if once := [data.labels[c] for c in np.flatnonzero(counts == 1)]:
        raise UserError(
            f"{data.name}: seen once, so that it cannot be both learned and tested: {first_of(once)}; leave"
            " such labels out or join them with others"
        )
    if (seen := int((counts > 0).sum())) < 2:
        only = f", {data.labels[int(counts.argmax())]!r}" if seen else ""
        raise UserError(f"{data.name}: {seen} label{only}, but a probe tells at least two apart")


def drop_rare(
    y: NDArray[np.int64], labels: Sequence[str], least: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], list[str], dict[str, int]]:
    """Return which tokens have a label seen at least so often, their classes numbered anew, the names that
    are left, and {name: tokens} of what was left out."""
    counts = np.bincount(y, minlength=len(labels))
    stay = counts >= least
    number = np.cumsum(stay) - 1
    keep = stay[y]
    dropped = {labels[c]: int(counts[c]) for c in np.flatnonzero(~stay & (counts > 0))}
    return keep, number[y[keep]].astype(np.int64), [labels[c] for c in np.flatnonzero(stay)], dropped


@dataclass(frozen=True)
class Split:
    """Rows (tokens) of train, dev and test, each int64 and ascending; a sentence is in one of them alone."""

    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    test: NDArray[np.int64]


def split(data: Labelled, seed: int, shares: tuple[float, float, float] = SHARES) -> Split:
    """Return train, dev and test: whole sentences, drawn by the seed (PCG64).

    Tokens of one sentence share its meaning. Were they on both sides, a probe that learns sentences by heart
    would look as if it knew the property. UserError: labels that ``check_labels`` refuses, a part without a
    sentence, one label in train.
    """
    check_labels(data)
    numbers = np.unique(data.sentences)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(numbers)
    cuts = np.floor(np.cumsum(shares)[:2] / sum(shares) * len(order) + 1e-9).astype(int)
    parts = [np.flatnonzero(np.isin(data.sentences, part)) for part in np.split(order, cuts)]
    for what, part in zip(("train", "dev", "test"), parts, strict=True):
        if not len(part):
            raise UserError(
                f"{data.name}: no sentence of {len(order)} is left for {what}; take more sentences"
            )
    if len(np.unique(data.y[parts[0]])) < 2:
        only = data.labels[int(data.y[parts[0][0]])]
        raise UserError(f"{data.name}: train has one label, {only!r}; take more sentences or another seed")
    return Split(*parts)


def under_sample(y: NDArray[np.int64], rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return as many of the rows for each class as the rarest one there has, drawn by the seed, in order."""
    found, counts = np.unique(y[rows], return_counts=True)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = [generator.choice(rows[y[rows] == c], counts.min(), replace=False) for c in found]
    return np.sort(np.concatenate(drawn), kind="stable")
