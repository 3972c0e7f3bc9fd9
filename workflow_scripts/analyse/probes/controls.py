"""Control tasks: labels without meaning, one for each word type, that a probe can only learn by heart.

Hewitt and Liang (2019). Accuracy of the task minus that of the control task is the probe's selectivity.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.draws import check_draws, drawn
from workflow_scripts.analyse.probes.elastic_net import Probe, Trainer, accuracy
from workflow_scripts.analyse.probes.labelled import Labelled, Split
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.errors import UserError, nearest

#: How the label of a word type is drawn: as often as the task's labels of tokens are, or each alike.
KINDS = ("same", "uniform")
#: Seeds that are tried until train has two labels.
MOST_TRIES = 100


def control_labels(
    words: Sequence[str],
    y: NDArray[np.int64],
    classes: int,
    seed: int,
    kind: str = "same",
    fold_case: bool = False,
) -> NDArray[np.int64]:
    """Return a class for each token: one drawn for its word type, the same wherever the word is.

    ``y``: int64 [n], the task's classes. UserError: a kind that is none.
    """
    if kind not in KINDS:
        raise UserError(f"control {kind!r}: not one of {', '.join(KINDS)}{nearest(kind, KINDS)}")
    shares = np.bincount(y, minlength=classes) / len(y) if kind == "same" else np.full(classes, 1 / classes)
    types, number = _types(words, fold_case)
    drawn_classes = np.random.Generator(np.random.PCG64(seed)).choice(classes, len(types), p=shares)
    return drawn_classes[number].astype(np.int64)


def _types(words: Sequence[str], fold_case: bool) -> tuple[list[str], NDArray[np.int64]]:
    """The types in order of spelling, so that a type's label does not hang on which text comes first."""
    spelt = [word.casefold() for word in words] if fold_case else list(words)
    types = sorted(set(spelt))
    number = {word: place for place, word in enumerate(types)}
    return types, np.array([number[word] for word in spelt], dtype=np.int64)


def by_heart(words: Sequence[str], y: NDArray[np.int64], split: Split, fold_case: bool = False) -> float:
    """Return the accuracy on test of a table of words: each word's most frequent class in train, for a new
    word the most frequent class of all. No probe of a control task should do better: its ceiling."""
    types, number = _types(words, fold_case)
    counts = np.zeros((len(types), int(y.max()) + 1), dtype=np.int64)
    np.add.at(counts, (number[split.train], y[split.train]), 1)
    known = np.where(counts.any(1), counts.argmax(1), counts.sum(0).argmax())
    return accuracy(known[number[split.test]], y[split.test])


def control_task(
    data: Labelled,
    split: Split,
    probe: Probe,
    units: Sequence[NDArray[np.int64]] = (),
    kind: str = "same",
    draws: int = FEWEST_DRAWS,
    seed: int = 1,
    fold_case: bool = False,
) -> dict[str, Any]:
    """Return accuracy of task and control on test, and selectivity: of all units, then of each of ``units``.

    Control probes have the penalties of ``probe`` and are trained anew for each draw of labels, at least
    five; so is the task's for a set of units. ``types``: how many words there are in all, and in train. The
    labels of few types are easily learned by heart, and selectivity says little: ``ceiling`` and ``majority``
    of the controls are told beside it. UserError: fewer draws, or labels of train that stay one class.
    """
    check_draws(draws, "control tasks")
    classes = len(data.labels)
    controls: list[Labelled] = []
    for candidate in range(seed, seed + MOST_TRIES):
        y = control_labels(data.words, data.y, classes, candidate, kind, fold_case)
        if len(np.unique(y[split.train])) > 1:
            controls.append(data.with_labels(y, data.labels, f"control of {data.name}"))
        if len(controls) == draws:
            break
    types, number = _types(data.words, fold_case)
    if len(controls) < draws:
        raise UserError(
            f"{data.name}: {len(types)} word types give control tasks of one label; take more words"
        )
    sets: list[dict[str, Any]] = []
    for chosen in (None, *units):
        part = data if chosen is None else data.with_units(chosen)
        trainer = Trainer(part, split.train, probe.tolerance)
        task = probe if chosen is None else trainer.fit(probe.l1, probe.l2)
        reached = accuracy(task.predict(part.X, split.test), data.y[split.test])
        found = [_control(trainer, one, split, probe) for one in controls]
        values = [value for value, _ in found]
        sets.append(
            {
                "units": data.units if chosen is None else len(chosen),
                "task": reached,
                "control": drawn(values),
                "selectivity": drawn([reached - value for value in values]),
                "unconverged": sum(not converged for _, converged in found),
            }
        )
    return {
        "kind": kind,
        "fold_case": fold_case,
        "types": len(types),
        "types_in_train": len(np.unique(number[split.train])),
        "ceiling": drawn([by_heart(data.words, one.y, split, fold_case) for one in controls]),
        "majority": drawn([majority(one.y, split)["accuracy"] for one in controls]),
        "sets": sets,
    }


def _control(trainer: Trainer, control: Labelled, split: Split, like: Probe) -> tuple[float, bool]:
    labelled = trainer.data.with_labels(control.y, control.labels, control.name)
    probe = trainer.relabelled(labelled).fit(like.l1, like.l2)
    return accuracy(probe.predict(labelled.X, split.test), control.y[split.test]), probe.converged


def majority(y: NDArray[np.int64], split: Split) -> dict[str, Any]:
    """Return the class that is most frequent in train (of equal ones the first) and its accuracy on test."""
    most = int(np.bincount(y[split.train]).argmax())
    return {"class": most, "accuracy": accuracy(np.full(len(split.test), most), y[split.test])}
