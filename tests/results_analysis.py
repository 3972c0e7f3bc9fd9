"""The tables of docs/results on what units do: heads, effect matrices, ablation, the knock-out by masks.

Figures are of the baseline, mean ± standard deviation over seeds where there are several; ``*`` is outside
the range in which 95 % of further random draws would lie.
"""

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tests.results_cells import (
    ONE,
    THREE,
    TWO,
    UNDEFINED,
    by,
    marked,
    over_seeds,
    signed,
    span,
    table,
    value_and_range,
)
from tests.results_kept import RANDOM, kept
from workflow_scripts.analyse.random_draws import Draws
from workflow_scripts.report.tables.writing import rounded

Effects = NDArray[np.float64]
#: Of measures that are no nats.
DIGITS = {"bleu": ONE, "chrf": ONE}


def heads(experiment: str, metric: str = "nll") -> list[str]:
    """What a task and others lose without its heads, and the dissociation, beside random heads."""
    rows = [row for row in kept(experiment, "heads") if row["metric"] == metric and row["task"] == "mean"]
    lines = []
    for (size,), of_size in by(rows, "size").items():
        measured = {name: of for (name,), of in by(of_size, "measure").items()}
        (own, random), (others, _) = (value_and_range(measured[name]) for name in ("own", "others"))
        found, by_chance = value_and_range(measured["relative"], TWO)
        lines.append([size, own, others, random, found, by_chance])
    return table(["heads", "own", "others", "random heads", "D, relative", "D, random heads"], lines)


def heads_by_task(experiment: str, size: str, metric: str = "nll") -> list[str]:
    """The relative dissociation of each task."""
    rows = [
        row
        for row in kept(experiment, "heads")
        if (row["metric"], row["size"], row["measure"]) == (metric, size, "relative")
        and row["task"] != "mean"
    ]
    lines = [[task, *value_and_range(of, TWO)] for (task,), of in by(rows, "task").items()]
    return table([f"{size} of the heads", "D, relative", "D, random heads"], lines)


def matrices(experiment: str) -> dict[tuple[str, ...], dict[str, Effects]]:
    """Return side, set and size → seed → the effects [units of, loss of], nats per token."""
    found: dict[tuple[str, ...], dict[str, Effects]] = {}
    rows = kept(experiment, "effects")
    for (side, name, size, seed), cells in by(rows, "side", "set", "size", "seed").items():
        n = round(len(cells) ** 0.5)
        effects = np.array([float(cell["raw"]) for cell in cells]).reshape(n, n)
        found.setdefault((side, name, size), {})[seed] = effects
    return found


def advantage(effects: Effects) -> float:
    """Return how far the diagonal stands out of a matrix freed of the means of its rows and columns."""
    free = effects - effects.mean(0) - effects.mean(1)[:, None] + effects.mean()
    return float(np.trace(free)) / (len(free) - 1)


def own_and_others(effects: Effects) -> tuple[float, float]:
    """Return the mean of the diagonal, and of the rest."""
    n, own = len(effects), float(np.trace(effects))
    return own / n, (float(effects.sum()) - own) / (n * (n - 1))


def label_p(effects: Effects) -> float:
    """Return the share of all orders of the rows whose diagonal is at least as large."""
    n = range(len(effects))
    sums = [effects[list(order), n].sum() for order in itertools.permutations(n)]
    return float(np.mean(np.array(sums) >= np.trace(effects) - 1e-9))


def effects(experiment: str) -> list[str]:
    """Harm to the own language and to others, and the diagonal's advantage beside that of random draws."""
    found = matrices(experiment)
    lines = []
    for (side, name, size), by_seed in found.items():
        if name.startswith(f"{RANDOM}-"):
            continue
        draws = [one for (_, one, _) in found if one.startswith(f"{RANDOM}-")]
        drawn = [found[side, one, size] for one in dict.fromkeys(draws)]
        own, others, ahead, ranges = [], [], [], []
        for seed, matrix in by_seed.items():
            own.append(own_and_others(matrix)[0])
            others.append(own_and_others(matrix)[1])
            ahead.append(advantage(matrix))
            about = Draws.of([advantage(of[seed]) for of in drawn])
            ranges.append((ahead[-1], about.low, about.high))
        units = f"{name}, {size}"
        p = " ".join(rounded(label_p(matrix), THREE) for matrix in by_seed.values())
        beside = span(min(low for _, low, _ in ranges), max(high for _, _, high in ranges))
        cells = [*map(over_seeds, (own, others)), marked(over_seeds(ahead), ranges), beside, p]
        lines.append([side, units, *cells])
    for (side, size), of_side in _random_means(found).items():
        cells = [signed(one, THREE) for one in of_side]
        lines.append([side, f"random, {size}", *cells, *[UNDEFINED] * 3])
    lines.sort(key=lambda line: line[0])
    return table(["side", "units", "own", "others", "advantage", "random units", "p of labels"], lines)


def _random_means(
    found: Mapping[tuple[str, ...], Mapping[str, Effects]],
) -> dict[tuple[str, str], tuple[float, float]]:
    drawn: dict[tuple[str, str], list[Effects]] = {}
    for (side, name, size), by_seed in found.items():
        if name.startswith(f"{RANDOM}-"):
            drawn.setdefault((side, size), []).extend(by_seed.values())
    return {key: own_and_others(np.mean(of, axis=0)) for key, of in drawn.items()}


def effect_matrix(experiment: str, side: str, name: str, size: str) -> list[str]:
    """One matrix, raw, and freed of the means of rows and columns: mean over seeds."""
    rows = [
        row
        for row in kept(experiment, "effects")
        if (row["side"], row["set"], row["size"]) == (side, name, size)
    ]
    lines = []
    columns = list(dict.fromkeys(row["loss_of"] for row in rows))
    for (language,), of in by(rows, "units_of").items():
        cells = []
        for what in ("raw", "centred"):
            for column in columns:
                values = [float(row[what]) for row in of if row["loss_of"] == column]
                cells.append(over_seeds(values))
        lines.append([language, *cells])
    names = [f"{column}, {what}" for what in ("raw", "centred") for column in columns]
    return table(["units of", *names], lines)


def ablation(experiment: str, test: str, measure: str = "nll") -> list[str]:
    """What each set of units adds to a measure when it is removed, or kept alone, beside random units."""
    rows = [
        row
        for row in kept(experiment, "ablation")
        if (row["measure"], row["test"]) == (measure, test) and 0 < float(row["share"]) < 1
    ]
    lines = []
    for (size,), of_size in by(rows, "size").items():
        for (name,), of in by(of_size, "set").items():
            if name != RANDOM:
                lines.append([size, name, *value_and_range(of, DIGITS.get(measure, THREE))])
    heading, rule, *rest = table(["size", "units", "own direction", "random units"], lines)
    return [heading, rule.replace("---|---:", "---|---", 1), *rest]


def mask_control(experiment: str) -> list[str]:
    """The loss of each direction without what its mask leaves out, beside other masks and random ones."""
    lines = []
    for (direction,), of in by(kept(experiment, "mask_control"), "direction").items():
        (rows,) = by(of, "seed").values()
        value = {row["under"]: float(row["nll"]) for row in rows}
        full = value["full"]
        drawn = Draws.of([nll - full for name, nll in value.items() if name.startswith(f"{RANDOM}-")])
        cells = [rounded(full, THREE), signed(value["own"] - full, THREE)]
        for side in ("source", "target"):
            others = [nll - full for name, nll in value.items() if name.endswith(f"same {side}")]
            cells.append(" ".join(signed(one, THREE) for one in others) or UNDEFINED)
        lines.append([direction, *cells, f"{signed(drawn.mean, THREE)} ({span(drawn.low, drawn.high)})"])
    names = ["full", "own mask", "masks of the same source", "masks of the same target", "random (range)"]
    return table(["direction", *names], lines)
