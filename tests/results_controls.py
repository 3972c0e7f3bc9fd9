"""Tables of docs/results: controls.md, iat.md and regimes.md, from kept scores of every seed and direction.

A difference is taken seed by seed, of means over directions; its interval and what the design could detect
are those of the workflow's own table `controls`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

import yaml

from tests.results_cells import ONE, RESULTS, TWO, signed, table
from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.common.students_t import student_t
from workflow_scripts.evaluate.significance.power import detectable_difference
from workflow_scripts.report.tables.writing import rounded

ROOT = Path(__file__).resolve().parents[1]
#: System → seed → direction → score.
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
#: Systems whose masks are of the same size as those of `ns`, and further training without any.
MASKED = (
    "ns",
    "continued",
    "train_only",
    "removal",
    "renewed",
    "shuffled",
    "swapped_within",
    "swapped_across",
)
#: Who is compared with whom in the cells of `regimes`, and in both ports.
REGIMES = (("continued", "baseline"), ("ns-k95", "continued"), ("ns-k95", "random"), ("ns-k95", "swapped"))
PORTS = (("continued", "baseline"), ("ns-k70", "baseline"), ("ns-k70", "continued"))


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a kept table."""
    with (RESULTS / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def keys_of(experiment: str) -> list[str]:
    """Return the systems of a shipped experiment, in its order."""
    config = (ROOT / "config" / "experiments" / f"{experiment}.yaml").read_text(encoding="utf-8")
    return ["baseline", *yaml.safe_load(config)["systems"]]


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


def difference_cells(values: Sequence[float]) -> list[str]:
    """Return mean ± sd (n), the interval of the mean and the smallest difference that could be detected."""
    if len(values) < 2:
        return [f"{signed(values[0])} (1)", "–", "–"]
    half = student_t(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    low, high = fmean(values) - half, fmean(values) + half
    least = detectable_difference(values)
    return [
        f"{signed(fmean(values))} ± {rounded(stdev(values), TWO)} ({len(values)})",
        f"{signed(low)} … {signed(high)}",
        f"±{rounded(least, TWO)}",
    ]


def mean_cell(values: Sequence[float]) -> str:
    """Return mean ± sd over seeds."""
    return f"{rounded(fmean(values), ONE)} ± {rounded(stdev(values), ONE)}" if len(values) > 1 else "–"


def means(experiment: str) -> list[str]:
    """Return mean BLEU and chrF2++ of systems over directions, out of and into the pivot."""
    rows = read(f"{experiment}_scores.csv")
    bleu, chrf = scores(rows), scores(rows, "chrf")
    lines = []
    for key in keys_of(experiment):
        there = sorted(next(iter(bleu[draws_of(bleu, key)[0]].values())))
        sides = [
            [d for d in there if d.startswith("en-")], [d for d in there if d.endswith("-en")],
        ]  # fmt: skip
        cells = [mean_cell([*by_seed(bleu, key, side).values()]) if side else "–" for side in sides]
        both = [mean_cell([*by_seed(one, key).values()]) for one in (bleu, chrf)]
        lines.append([key, str(len(there)), both[0], *cells, both[1]])
    return table(["system", "directions", "BLEU", "out of the pivot", "into the pivot", "chrF2++"], lines)


def against(experiment: str, other: str) -> list[str]:
    """Return what each system has more than another one, and in how many directions it differs."""
    lines = []
    for row in read(f"{experiment}.csv"):
        if row["against"] == other:
            wins = " / ".join(f"{float(row[name]):.0f}" for name in ("wins", "losses", "ties"))
            place = "" if row["side"] == "both" else f" ({row['side']})"
            difference = f"{signed(float(row['difference']))} ± {rounded(float(row['sd']), TWO)}"
            between = f"{signed(float(row['low']))} … {signed(float(row['high']))}"
            bold = "**" if (float(row["low"]) > 0) == (float(row["high"]) > 0) else ""
            least = f"±{rounded(float(row['detectable']), TWO)}"
            lines.append([row["system"] + place, f"{bold}{difference}{bold}", between, least, wins])
    return table([f"− {other}", "BLEU", "95 % interval", "detectable", "wins / losses / ties"], lines)


def costs() -> list[str]:
    """Return parameters, bits, memory and processor seconds by system."""
    lines = []
    for row in read("controls_costs.csv"):
        counts = [f"{int(row[name]):,}" for name in ("parameters_added", "mask_bits", "trained_parameters")]
        training = row["training_cpu_seconds"]
        seconds = [
            rounded(float(training), ONE) if training else "–",
            rounded(float(row["decoding_cpu_seconds"]), TWO),
        ]
        lines.append([row["system"], *counts, rounded(float(row["bytes_ratio"]), TWO), *seconds])
    names = ["parameters added", "mask bits", "parameters trained", "bytes, of the baseline's"]
    return table(["system", *names, "training (s)", "decoding a direction (s)"], lines)


def other_cpu() -> list[str]:
    """Return the difference to the control of the first two seeds, on two kinds of processor."""
    here, there = (scores(read(name)) for name in ("controls_scores.csv", "controls_other_cpu.csv"))
    lines = []
    for key in keys_of("controls"):
        if key in ("baseline", "continued", "bilingual"):
            continue
        own = differences(here, key, "continued")[:2]
        lines.append([key, signed(fmean(own)), signed(fmean(differences(there, key, "continued")))])
    return table(["− continued, seeds 1 and 2", "this processor", "the other one"], lines)


def again() -> list[str]:
    """Return the difference to the control in both runs, over seeds."""
    before, later = (scores(read(name)) for name in ("controls_scores.csv", "controls_again_scores.csv"))
    lines = []
    for key in keys_of("controls"):
        bleu = [mean_cell([*by_seed(run, key).values()]) for run in (before, later)]
        if key == "continued":
            lines.append([key, *bleu, "–", "–", "–", "–"])
            continue
        first, (second, between, least) = (
            difference_cells(differences(run, key, "continued")) for run in (before, later)
        )
        lines.append([key, *bleu, *(one.partition(" (")[0] for one in (first[0], second)), between, least])
    names = ["BLEU, before", "BLEU, again", "− continued, before", "− continued, again"]
    return table(["system", *names, "95 % interval, again", "detectable, again"], lines)


def among_draws(experiment: str, key: str, systems: Sequence[str]) -> list[str]:
    """Return where systems lie in the distribution of a key's draws: of each the mean over seeds."""
    found = scores(read(f"{experiment}_scores.csv"))
    drawn = {one: fmean(by_seed(found, one).values()) for one in draws_of(found, key)}
    lines = []
    for system in systems:
        own = fmean(by_seed(found, system).values())
        above = sum(own > value for value in drawn.values())
        lines.append([system, rounded(own, TWO), f"{above} of {len(drawn)}"])
    ends = f"{rounded(min(drawn.values()), TWO)} … {rounded(max(drawn.values()), TWO)}"
    whole = f"{rounded(fmean(drawn.values()), TWO)} ({ends})"
    lines.insert(0, [f"{key}, {len(drawn)} draws: mean (range)", whole, "–"])
    return table(["", "BLEU", "better than"], lines)


def cells(name: str, column: str, compared: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each cell of a kept table the baseline and the differences, each with what the design could
    detect. ``column``: what names a row's cell."""
    rows = read(name)
    lines = []
    for cell in dict.fromkeys(row[column] for row in rows):
        found = scores([row for row in rows if row[column] == cell])
        line = [mean_cell([*by_seed(found, "baseline").values()])]
        for key, other in compared:
            value, between, least = difference_cells(differences(found, key, other))
            outside = between[0] == between.partition("… ")[2][0]
            bold = "**" if outside else ""
            line.append(f"{bold}{value.partition(' (')[0]}{bold}, {least}")
        lines.append([cell, *line])
    names = [f"{key} − {other}" for key, other in compared]
    return table([column, "baseline", *names], lines)


def by_port() -> list[str]:
    """Return mean BLEU of each port, system and seed."""
    rows = read("both_ports_scores.csv")
    lines = []
    for port in dict.fromkeys(row["port"] for row in rows):
        found = scores([row for row in rows if row["port"] == port])
        for system in found:
            own = by_seed(found, system)
            seeds = [rounded(own[seed], TWO) for seed in sorted(own)]
            lines.append([f"{port}: {system}", *seeds, mean_cell([*own.values()])])
    return table(["", "seed 1", "seed 2", "seed 3", "mean"], lines)


#: Table → its lines.
CONTROLS: dict[str, Callable[[], list[str]]] = {
    "means": lambda: means("controls"),
    "continued": lambda: against("controls", "continued"),
    "draws": lambda: among_draws("controls", "random", MASKED),
    "costs": costs, "processors": other_cpu, "again": again,
}  # fmt: skip
IAT: dict[str, Callable[[], list[str]]] = {
    "means": lambda: means("iat"),
    "continued": lambda: against("iat", "continued"),
    "draws": lambda: among_draws("iat", "iat_random", ("iat", "iat_own", "continued")),
    "draws heads": lambda: among_draws("iat", "iat_only_random", ("iat_only", "heads_only")),
    "draws transfer": lambda: among_draws("iat", "transfer_random", ("transfer",)),
}
