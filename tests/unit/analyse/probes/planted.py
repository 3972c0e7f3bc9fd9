"""Tokens whose label shifts some units and no others: which units a method must find is known."""

import numpy as np

from workflow_scripts.analyse.probes.labelled import Labelled, Split

LABELS = ("a", "b", "c", "d")
EACH = 3  # planted units of a label
SHIFT = 1.5


def labelled(X, y, sentences=None, words=None, labels=None, name="tag"):
    n = len(y)
    return Labelled(
        np.asarray(X, dtype=np.float32),
        np.asarray(y, dtype=np.int64),
        np.arange(n) if sentences is None else np.asarray(sentences, dtype=np.int64),
        [f"w{i}" for i in range(n)] if words is None else words,
        labels or LABELS[: max(y) + 1],
        name,
    )


def planted(seed, train=4000, test=2000, units=400):
    """Return data, its split (no dev: the test rows twice), and the planted units [label, 3]."""
    generator = np.random.default_rng(seed)
    n = train + test
    y = generator.integers(0, len(LABELS), n)
    X = generator.standard_normal((n, units)).astype(np.float32)
    place = generator.permutation(units)[: EACH * len(LABELS)].reshape(len(LABELS), EACH)
    for label, own in enumerate(place):
        X[np.ix_(y == label, own)] += SHIFT
    rows = np.arange(n)
    return labelled(X, y), Split(rows[:train], rows[train:], rows[train:]), place


def precision(order, place):
    """The share of planted units among as many first ones."""
    return float(np.isin(order[: place.size], place).mean())
