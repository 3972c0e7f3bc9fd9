"""Which sentences the page shows: those where two systems differ most, and some at random.

Two systems are the baseline and another one; the difference is that of their sentence scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import HYPOTHESES, REFERENCES, SOURCES, read_text
from workflow_scripts.common.patterns import path_of
from workflow_scripts.evaluate.metrics import scorer_of
from workflow_scripts.report.explorer.packing import Store

#: Sentences of a direction and two systems: those of the largest difference, and those at random.
LARGEST, RANDOM = 200, 50
#: With which ones sentences are drawn.
RANDOM_SEED = 1
#: The first of these that was scored orders sentences; of BLEU a sentence says little.
PREFERRED = ("chrf", "chrf2", "bleu", "ter")
#: What is tried where the lines have no room: these shares of the numbers above.
SHARES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.02)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Texts:
    """The sentences of one direction, n of each text. ``scores``: system → score of each sentence [n]."""

    references: list[str]
    sources: list[str] | None
    hypotheses: dict[str, list[str]]
    scores: dict[str, Floats] = field(default_factory=dict)


def metric_of_sentences(metrics: Sequence[str]) -> str:
    """Return the metric by which sentences are compared: chrF where there is one, for BLEU is made for
    corpora; UserError without any."""
    if not metrics:
        raise UserError("--metrics: none is given; name one")
    return next((one for one in PREFERRED if one in metrics), metrics[0])


def sentence_scores(metric: str, statistics: NDArray[Any]) -> Floats:
    """Return the score of each sentence [n] of statistics [n, d]; equal rows are scored once."""
    scorer = scorer_of(metric, statistics.shape[1])
    rows, place = np.unique(statistics, axis=0, return_inverse=True)
    scores: Floats = np.array([scorer(row, 1) for row in rows])[place.ravel()]
    return scores


def read_texts(
    direction: str,
    files: Mapping[str, Path],
    references: str,
    sources: str | None,
    statistics: Mapping[str, NDArray[Any]],
    metric: str,
) -> Texts:
    """Return the texts of a direction and the scores of its sentences.

    ``files``: system → hypotheses; ``references``, ``sources``: patterns; ``statistics``: system → [n, d].
    Sentences without a reference that were left out of the scores are left out here. Raises UserError: texts
    of unequal length, or other sentences than were scored.
    """
    path = path_of(references, direction)
    refs = read_text(path, REFERENCES).lines
    sides = {str(path): refs}
    srcs = None
    if sources:
        srcs = sides[str(path_of(sources, direction))] = read_text(path_of(sources, direction), SOURCES).lines
    hypotheses = {system: read_text(file, HYPOTHESES).lines for system, file in files.items()}
    sides |= {str(files[system]): lines for system, lines in hypotheses.items()}
    for name, lines in sides.items():
        if len(lines) != len(refs):
            raise UserError(f"{name} has {len(lines)} lines but {path} has {len(refs)}")
    kept = list(range(len(refs)))
    scored = {len(rows) for rows in statistics.values()}
    if scored and scored != {len(refs)}:
        kept = [n for n in kept if refs[n].strip()]
        if scored != {len(kept)}:
            raise UserError(f"{path} has {len(refs)} lines, but {scored.pop()} were scored: score them again")
    return Texts(
        [refs[n] for n in kept],
        None if srcs is None else [srcs[n] for n in kept],
        {system: [lines[n] for n in kept] for system, lines in hypotheses.items()},
        {system: sentence_scores(metric, rows) for system, rows in statistics.items()},
    )


def largest(difference: Floats, number: int) -> list[int]:
    """Return the sentences of the largest difference, whichever system is better; of equal ones the first.
    Those without any difference are not among them."""
    order = np.argsort(-np.abs(difference), kind="stable")
    return [int(one) for one in order[:number] if difference[one]]


def at_random(count: int, number: int, place: int) -> list[int]:
    """Return so many of ``count`` sentences, ascending; the same for equal arguments. ``place``: of the
    direction, so that directions do not all show the same sentences."""
    draws = np.random.default_rng([RANDOM_SEED, place])
    return sorted(int(one) for one in draws.choice(count, size=min(number, count), replace=False))


def chosen(texts: Texts, baseline: str, place: int, share: float) -> dict[str, Any]:
    """Return what the page has of a direction.

    Returns:
        ``count`` (its sentences), ``numbers`` (which are shown, from 0), ``systems``, ``texts`` (of each
        shown one its source, its reference and the hypotheses in the order of the systems, null where a pair
        does not show one: side by side they pack well), ``scores`` (system → of these, null likewise),
        ``random`` (places in ``numbers``), ``largest`` (system → places, the largest difference first).
    """
    count = len(texts.references)
    random = at_random(count, round(RANDOM * share), place)
    most: dict[str, list[int]] = {}
    base = texts.scores.get(baseline)
    for system, scores in texts.scores.items():
        if system != baseline and base is not None:
            most[system] = largest(scores - base, round(LARGEST * share))
    shown = sorted({*random, *(one for listed in most.values() for one in listed)})
    at = {number: place for place, number in enumerate(shown)}
    own = {system: {*random, *most.get(system, shown)} for system in texts.hypotheses}
    return {
        "count": count,
        "numbers": shown,
        "systems": list(texts.hypotheses),
        "texts": [
            [
                texts.sources[n] if texts.sources else None,
                texts.references[n],
                *(lines[n] if n in own[system] else None for system, lines in texts.hypotheses.items()),
            ]
            for n in shown
        ],
        "scores": {
            system: [round(float(scores[n]), 2) if n in own[system] else None for n in shown]
            for system, scores in texts.scores.items()
        },
        "random": [at[n] for n in random],
        "largest": {system: [at[n] for n in listed] for system, listed in most.items()},
    }


def add_lines(store: Store, texts: Mapping[str, Texts], baseline: str) -> dict[str, Any]:
    """Put the sentences of every direction into the store, fewer where not all have room.

    Returns ``parts`` (direction → name in the store), ``largest`` and ``random``: how many at most.
    """
    for share in SHARES:
        several = {f"lines-{n}": one for n, one in enumerate(_each(texts, baseline, share))}
        if store.add_all(several):
            parts = dict(zip(texts, several, strict=True))
            if share < 1:
                store.left_out.append(
                    f"sentences: {round(LARGEST * share)} of the largest difference and"
                    f" {round(RANDOM * share)} at random, not {LARGEST} and {RANDOM}"
                )
            return {"parts": parts, "largest": round(LARGEST * share), "random": round(RANDOM * share)}
    store.left_out.append("all sentences: no room")
    return {"parts": {}, "largest": 0, "random": 0}


def _each(texts: Mapping[str, Texts], baseline: str, share: float) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(texts.values()):
        yield chosen(one, baseline, place, share)
