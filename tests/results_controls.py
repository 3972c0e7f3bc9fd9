"""The tables of docs/results/controls.md and regimes.md, from the kept scores of every seed and direction.

A difference is taken seed by seed, of means over directions; its interval and what the design could detect
are those of the workflow's own table `controls`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.evaluate.significance.power import detectable_difference
from workflow_scripts.report.tables.draws import interval
from workflow_scripts.report.tables.writing import Digits, rounded

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"
ONE, TWO = Digits(1), Digits(2)
#: System → seed → direction → score.
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
#: Who is compared with whom in the cells of `regimes`.
REGIMES = (("continued", "baseline"), ("ns-k95", "continued"), ("ns-k95", "random"), ("ns-k95", "swapped"))


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a kept table."""
    with (RESULTS / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def scores(rows: Iterable[Mapping[str, str]], metric: str = "bleu") -> Scores:
    """Return the scores of one metric."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        if metric_id(row["metric"]) == metric:
            of_seed = found.setdefault(row["system"], {}).setdefault(row["seed"], {})
            of_seed[row["direction"]] = float(row["score"])
    return found


def draws_of(found: Scores, key: str) -> list[str]:
    """Return the systems of a key: its draws ``KEY-1`` …, or itself."""
    drawn = [name for name in found if name.startswith(f"{key}-") and name[len(key) + 1 :].isdigit()]
    return [key] if key in found else drawn


def by_seed(found: Scores, key: str, directions: Sequence[str] | None = None) -> dict[str, float]:
    """Return the mean over directions, and over draws, of each seed."""
    systems = draws_of(found, key)
    return {
        seed: fmean(
            value
            for system in systems
            for direction, value in found[system][seed].items()
            if directions is None or direction in directions
        )
        for seed in sorted(set.intersection(*(set(found[system]) for system in systems)))
    }


def differences(found: Scores, key: str, other: str) -> list[float]:
    """Return the difference of each seed, over the directions that both have."""
    have = [set(next(iter(found[draws_of(found, one)[0]].values()))) for one in (key, other)]
    common = sorted(have[0] & have[1])
    own, its = by_seed(found, key, common), by_seed(found, other, common)
    return [own[seed] - its[seed] for seed in sorted(set(own) & set(its))]


def signed(value: float, digits: Digits = TWO) -> str:
    """Return a difference with its sign."""
    return rounded(value, digits, sign=True).replace("-", "−")


def difference_cells(values: Sequence[float]) -> list[str]:
    """Return mean ± sd (n), the interval of the mean and the smallest difference that could be detected."""
    between = interval(values)
    if between is None:
        return [f"{signed(values[0])} (1)", "–", "–"]
    least = detectable_difference(values)
    return [
        f"{signed(fmean(values))} ± {rounded(stdev(values), TWO)} ({len(values)})",
        f"{signed(between.low)} … {signed(between.high)}",
        f"±{rounded(least, TWO)}",
    ]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table; the first column is text, the others are numbers."""
    rule = "|".join(["---", *["---:"] * (len(header) - 1)])
    return [f"| {' | '.join(header)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def keys_of(found: Scores) -> list[str]:
    """Return the keys of systems, draws under one, in the order of the file."""
    keys = [name.rpartition("-")[0] if name.rpartition("-")[2].isdigit() else name for name in found]
    return list(dict.fromkeys(keys))


def mean_cell(values: Sequence[float]) -> str:
    """Return mean ± sd over seeds."""
    return f"{rounded(fmean(values), ONE)} ± {rounded(stdev(values), ONE)}" if len(values) > 1 else "–"


def means(name: str, order: Sequence[str], pivot: str) -> list[str]:
    """Return mean BLEU and chrF2++ of systems over directions, out of and into the pivot."""
    rows = read(name)
    bleu, chrf = scores(rows), scores(rows, "chrf")
    lines = []
    for key in order:
        there = sorted(next(iter(bleu[draws_of(bleu, key)[0]].values())))
        sides = [
            [d for d in there if d.startswith(f"{pivot}-")], [d for d in there if d.endswith(f"-{pivot}")],
        ]  # fmt: skip
        cells = [mean_cell([*by_seed(bleu, key, side).values()]) if side else "–" for side in sides]
        both = [mean_cell([*by_seed(one, key).values()]) for one in (bleu, chrf)]
        lines.append([key, str(len(there)), both[0], *cells, both[1]])
    return table(["system", "directions", "BLEU", "out of the pivot", "into the pivot", "chrF2++"], lines)


def against(name: str, other: str, order: Sequence[str]) -> list[str]:
    """Return what each system has more than another one."""
    found = scores(read(name))
    lines = [[key, *difference_cells(differences(found, key, other))] for key in order]
    return table([f"− {other}", "BLEU, mean ± sd (seeds)", "95 % interval", "detectable"], lines)


def among_draws(name: str, key: str, compared: Sequence[str]) -> list[str]:
    """Return where systems lie in the distribution of a key's draws: of each the mean over seeds."""
    found = scores(read(name))
    drawn = {one: fmean(by_seed(found, one).values()) for one in draws_of(found, key)}
    spread = interval([*drawn.values()])
    lines = []
    for system in compared:
        own = fmean(by_seed(found, system).values())
        above = sum(own > value for value in drawn.values())
        lines.append([system, rounded(own, TWO), f"{above} of {len(drawn)}"])
    if spread is not None:
        ends = f"{rounded(min(drawn.values()), TWO)} … {rounded(max(drawn.values()), TWO)}"
        mean = rounded(fmean(drawn.values()), TWO)
        lines.insert(0, [f"{key}, {len(drawn)} draws: mean, range", f"{mean} ({ends})", "–"])
    return table(["", "BLEU", "better than"], lines)


def regimes(name: str) -> list[str]:
    """Return for each cell the baseline and the differences, each with what the design could detect."""
    rows = read(name)
    lines = []
    for cell in dict.fromkeys(row["cell"] for row in rows):
        found = scores([row for row in rows if row["cell"] == cell])
        cells = [mean_cell([*by_seed(found, "baseline").values()])]
        for key, other in REGIMES:
            value, between, least = difference_cells(differences(found, key, other))
            outside = between[0] == between.partition("… ")[2][0]
            bold = "**" if outside else ""
            cells.append(f"{bold}{value.partition(' (')[0]}{bold}, {least}")
        lines.append([cell, *cells])
    names = [f"{key} − {other}" for key, other in REGIMES]
    return table(["cell", "baseline", *names], lines)
