"""The tables of docs/results/*.md that follow from the kept tables beside them.

``python -m tests.results_pages --write`` fills them in between markers; without ``--write`` it names the
pages that differ. Inputs: docs/results/*.csv, unrounded. Outputs: Markdown, figures rounded half up once.
What stands around the markers is written by hand; tests/unit/test_results_pages.py compares.
"""

import argparse
import csv
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

import yaml

from tests.results_analysis_page import analysis_page
from tests.results_cells import ONE, RESULTS, THREE, TWO, signed, table
from tests.results_controls import CONTROLS, IAT, PORTS, REGIMES, by_port, cells
from tests.results_seeds import of_seeds
from workflow_scripts.common.metric_names import SHOWN, metric_id
from workflow_scripts.config.load import load_experiment
from workflow_scripts.report.tables.writing import decimal_difference, decimal_mean, rounded

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- {name}: made by `python -m tests.results_pages --write` -->", "<!-- end of {name} -->"
TITLES = {metric: SHOWN[metric] for metric in ("bleu", "chrf", "ter")}
SYSTEMS = ("baseline", "continued", "ns-k95")
#: System and what it is compared with.
COMPARED = (("continued", "baseline"), ("ns-k95", "baseline"), ("ns-k95", "continued"))
Rows = list[dict[str, str]]
#: By system, direction and metric.
Scores = Mapping[tuple[str, str, str], float]


def read(name: str) -> Rows:
    """Return the rows of a kept table."""
    with (RESULTS / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def scores_of(*names: str) -> Scores:
    """Return the scores of kept tables, unrounded; metrics by their names in files."""
    return {
        (row["system"], row["direction"], metric_id(row["metric"])): float(row["score"])
        for name in names
        for row in read(name)
    }


def mean(scores: Scores, system: str, directions: Iterable[str], metric: str) -> float:
    """Return the mean of unrounded scores."""
    return decimal_mean([scores[system, direction, metric] for direction in directions])


def titles_of(metrics: Iterable[str]) -> dict[str, str]:
    """Return metric → title, of those that are there."""
    there = set(metrics)
    return {metric: title for metric, title in TITLES.items() if metric in there}


def by_system(scores: Scores, directions: Sequence[str]) -> list[str]:
    """Return a row for each system: BLEU of each direction, mean BLEU and mean chrF2++."""
    rows = [
        [
            system,
            *(rounded(scores[system, direction, "bleu"], ONE) for direction in directions),
            *(rounded(mean(scores, system, directions, metric)) for metric in ("bleu", "chrf")),
        ]
        for system in dict.fromkeys(system for system, *_ in scores)
    ]
    return table(["system", *directions, "**mean BLEU**", "mean chrF2++"], rows)


def differences(
    scores: Scores, directions: Sequence[str], compared: Sequence[tuple[str, str]] = COMPARED
) -> list[str]:
    """Return a table of differences: mean over directions, and the least and greatest of one."""
    rows, titles = [], titles_of(metric for *_, metric in scores)
    for system, other in compared:
        cells = []
        for metric in titles:
            each = {d: scores[system, d, metric] - scores[other, d, metric] for d in directions}
            whole = decimal_difference(*(mean(scores, one, directions, metric) for one in (system, other)))
            least, most = min(each, key=each.__getitem__), max(each, key=each.__getitem__)
            cells += [signed(whole), f"{signed(each[least])} ({least}) … {signed(each[most])} ({most})"]
        rows.append([f"{system} − {other}", *cells])
    columns = [name for title in titles.values() for name in (f"{title}, mean", "least … greatest")]
    return table(["", *columns], rows)


def wins(name: str, compared: Sequence[tuple[str, str]] = COMPARED) -> list[str]:
    """Return wins, losses and ties of one system against another, by metric."""
    rows = read(name)
    lines, titles = [], titles_of(metric_id(row["metric"]) for row in rows)
    for system, other in compared:
        bold = "**" if other == "continued" else ""
        cells = []
        for metric in titles:
            found = [
                row["outcome"]
                for row in rows
                if (row["system"], row["against"], metric_id(row["metric"])) == (system, other, metric)
            ]
            cells.append(f"{bold}{' / '.join(str(found.count(o)) for o in ('win', 'loss', 'tie'))}{bold}")
        lines.append([f"{bold}{system} against {other}{bold}", *cells])
    return table(["", *titles.values()], lines)


def significant(name: str) -> list[str]:
    """Return every significant difference in BLEU with the middle 95 % of its resamples."""
    found = [row for row in read(name) if metric_id(row["metric"]) == "bleu" and row["outcome"] != "tie"]
    rows = [
        [
            f"{row['system']} − {row['against']}, {row['direction']}",
            signed(float(row["difference"])),
            f"{signed(float(row['low']))} … {signed(float(row['high']))}",
            row["outcome"],
        ]
        for row in sorted(found, key=lambda row: (row["against"], row["system"], float(row["difference"])))
    ]
    return table(["", "BLEU", "95 % of resamples", ""], rows)


# ---- multi30k ------------------------------------------------------------------------------------------

MULTI30K = ("en-de", "en-fr", "en-cs", "de-en", "fr-en", "cs-en")
CONTROLS_MULTI30K = (
    ("continued", "baseline"), ("ns-k95", "baseline"),
    *((system, "continued") for system in ("ns-k95", "random-1", "swapped")),
)  # fmt: skip


def multi30k_scores() -> list[str]:
    """Return single directions to one decimal, and means to two; of plain fairseq one decimal is known."""
    scores = scores_of("multi30k_scores.csv", "multi30k_plain.csv")
    columns = [(metric, system) for metric in ("bleu", "chrf") for system in (*SYSTEMS, "plain fairseq")]
    names = [f"{TITLES[metric]}: {system}" for metric, system in columns]
    rows = [
        [direction, *(rounded(scores[system, direction, metric], ONE) for metric, system in columns)]
        for direction in MULTI30K
    ]
    means = [
        rounded(mean(scores, system, MULTI30K, metric), TWO if system in SYSTEMS else ONE)
        for metric, system in columns
    ]
    return table(["direction", *names], [*rows, ["**mean**", *(f"**{one}**" for one in means)]])


def multi30k_health() -> list[str]:
    """Return lengths in percent of the references', by direction, and how many hypotheses are broken."""
    rows = read("multi30k_health.csv")
    value = {(row["system"], row["direction"]): row for row in rows}
    lines = [
        [d, *(f"{rounded(100 * float(value[system, d]['length_ratio']), ONE)} %" for system in SYSTEMS)]
        for d in MULTI30K
    ]
    for title, column, share in (
        ("empty", "empty_hypotheses", False),
        ("that repeat a 4-gram", "repeated_4gram_rate", True),
        ("copies of the source", "copied_source_rate", True),
    ):
        counts = []
        for system in SYSTEMS:
            own = [value[system, direction] for direction in MULTI30K]
            counts.append(sum(float(row[column]) * (int(row["n"]) if share else 1) for row in own))
        lines.append([f"{title}, of 6,000", *(f"{count:.0f}" for count in counts)])
    return table(["length of the references'", *SYSTEMS], lines)


def multi30k_runs() -> tuple[Scores, Scores]:
    """Return the scores of the run before and of the later one."""
    return scores_of("multi30k_scores.csv"), scores_of("multi30k_again_scores.csv")


def multi30k_again() -> list[str]:
    """Return BLEU of both runs by direction, and the means of BLEU and chrF2++."""
    before, again = multi30k_runs()
    rows = [
        [d, *(rounded(run[system, d, "bleu"], ONE) for system in SYSTEMS for run in (before, again))]
        for d in MULTI30K
    ]
    for metric in ("bleu", "chrf"):
        means = [rounded(mean(run, one, MULTI30K, metric)) for one in SYSTEMS for run in (before, again)]
        rows.append([f"**mean {TITLES[metric]}**", *(f"**{one}**" for one in means)])
    return table(["BLEU", *(f"{system}: {run}" for system in SYSTEMS for run in ("before", "again"))], rows)


def multi30k_moved() -> list[str]:
    """Return what changed from run to run: means over directions, with their standard deviation."""
    before, again = multi30k_runs()
    rows = []
    for metric in ("bleu", "chrf"):
        cells = []
        for system in SYSTEMS:
            moved = [again[system, d, metric] - before[system, d, metric] for d in MULTI30K]
            cells.append(f"{signed(fmean(moved))} ± {rounded(stdev(moved))}")
        rows.append([TITLES[metric], *cells])
    return table(["again − before", *SYSTEMS], rows)


# ---- toy60 ---------------------------------------------------------------------------------------------


def toy60_directions() -> tuple[str, dict[str, list[str]]]:
    """Return the pivot and the languages of each tier, and of all."""
    config = yaml.safe_load((ROOT / "config/experiments/toy60.yaml").read_text(encoding="utf-8"))
    experiment = load_experiment(config)
    assert experiment.pivot is not None
    tiers = experiment.groupings["tier"]
    return experiment.pivot, {**tiers, "all": [one for tier in tiers.values() for one in tier]}


def toy60_scores() -> list[str]:
    """Return mean BLEU by tier and side."""
    scores = scores_of("toy60_scores.csv")
    pivot, tiers = toy60_directions()
    rows = []
    for tier, languages in tiers.items():
        sides = {
            "out of the pivot": [f"{pivot}-{language}" for language in languages],
            "into the pivot": [f"{language}-{pivot}" for language in languages],
        }
        for side, directions in sides.items():
            base, control, masked = (mean(scores, system, directions, "bleu") for system in SYSTEMS)
            gains = [signed(decimal_difference(masked, other)) for other in (base, control)]
            rows.append([tier, side, *(rounded(one) for one in (base, control, masked)), *gains])
    lines = table(["tier", "side", *SYSTEMS, "ns − baseline", "**ns − continued**"], rows)
    return [lines[0], lines[1].replace("|---|---:|", "|---|---|", 1), *lines[2:]]


def toy60_means() -> list[str]:
    """Return the means over all sixty directions."""
    scores = scores_of("toy60_scores.csv")
    directions = sorted({direction for _, direction, _ in scores})
    rows = [
        [title, *(rounded(mean(scores, system, directions, metric)) for system in SYSTEMS)]
        for metric, title in TITLES.items()
    ]
    return table([f"mean of {len(directions)} directions", *SYSTEMS], rows)


def toy60_differences() -> list[str]:
    """Return the differences over all sixty directions."""
    scores = scores_of("toy60_scores.csv")
    return differences(scores, sorted({direction for _, direction, _ in scores}))


# ---- outputs60 -----------------------------------------------------------------------------------------


def outputs60_wins() -> list[str]:
    """Return how often ``better`` wins, and what became of the directions where it is the same text."""
    rows = [row for row in read("outputs60/wins.csv") if row["side"] == "both"]
    lines = [
        [
            f"wins, losses, ties of `better`, {TITLES[metric_id(row['metric'])]}",
            *[", ".join(row[o] for o in OUTCOMES)],
        ]
        for row in rows
    ]
    same = [row for row in read("outputs60/significance.csv") if float(row["difference"]) == 0]
    directions = sorted({row["direction"] for row in same})
    lowest = min(float(row["p_randomisation"]) for row in same)
    lines.append([f"the same text: {', '.join(directions)}", f"difference 0, p = {lowest:g}"])
    return table(["", "found"], lines)


OUTCOMES = ("wins", "losses", "ties")


def criteria(test: str) -> list[str]:
    """Mean ± standard deviation over seeds of what one test of criteria did, in nats a token; in brackets in
    how many seeds it lies outside the range of random draws."""
    rows = [row for row in read("criteria.csv") if row["test"] == test]
    lines = []
    for name in dict.fromkeys(row["criterion"] for row in rows):
        cells = []
        for measure in ("own", "others", "difference"):
            found = [row for row in rows if (row["criterion"], row["measure"]) == (name, measure)]
            values = [float(row["mean"]) for row in found]
            inside = [float(r["random_low"]) <= float(r["mean"]) <= float(r["random_high"]) for r in found]
            cell = f"{signed(fmean(values), THREE)} ± {rounded(stdev(values), THREE)}"
            cells.append(cell if name == "random" else f"{cell} ({inside.count(False)})")
        lines.append([name, *cells])
    return table(["score", "own", "others", "own − others"], lines)


#: Directions of analysis.yaml whose dissociation is told together.
ANALYSIS_GROUPS = {
    "out of en": ["en-na", "en-ne", "en-sa", "en-so"],
    "into en": ["na-en", "ne-en", "sa-en", "so-en"],
    "north": ["en-na", "en-ne", "na-en", "ne-en"],
    "south": ["en-sa", "en-so", "sa-en", "so-en"],
}
#: Page → table → its lines.
PAGES: dict[str, dict[str, Callable[[], list[str]]]] = {
    "multi30k.md": {
        "scores": multi30k_scores,
        "differences": lambda: differences(scores_of("multi30k_scores.csv"), MULTI30K),
        "wins": lambda: wins("multi30k_significance.csv"),
        "significant": lambda: significant("multi30k_significance.csv"), "health": multi30k_health,
        "again": multi30k_again, "moved": multi30k_moved,
        "differences again": lambda: differences(scores_of("multi30k_again_scores.csv"), MULTI30K),
    },
    "toy60.md": {
        "scores": toy60_scores, "means": toy60_means, "differences": toy60_differences,
        "wins": lambda: wins("toy60_significance.csv"),
        "significant": lambda: significant("toy60_significance.csv"),
    },
    "outputs60.md": {"wins": outputs60_wins},
    "controls.md": CONTROLS,
    "iat.md": IAT,
    "controls_multi30k.md": {
        "scores": lambda: by_system(scores_of("controls_multi30k_scores.csv"), MULTI30K),
        "differences": lambda: differences(
            scores_of("controls_multi30k_scores.csv"),
            MULTI30K,
            (
                *CONTROLS_MULTI30K,
                *((system, "continued") for system in ("random-2", "random-3", "encoder_only")),
            ),
        ),
        "wins": lambda: wins("controls_multi30k_significance.csv", CONTROLS_MULTI30K),
    },
    "regimes.md": {"cells": lambda: cells("regimes_scores.csv", "cell", REGIMES)},
    "both_ports.md": {
        "scores": by_port, "differences": lambda: cells("both_ports_scores.csv", "port", PORTS),
    },
    "analysis.md": {
        **analysis_page("analysis", kept=["heads", "similarity"], heads="25%"),
        **analysis_page("analysis:ns", kept=["effects", "ablation"]),
        **of_seeds("analysis", "ns", ANALYSIS_GROUPS),
    },
    "analysis_multi30k.md": analysis_page(
        "analysis_multi30k",
        kept=["heads", "effects", "ablation", "mask_control", "probes", "similarity", "stability"],
    ),
    "criteria.md": {"removed": lambda: criteria("removed"), "kept": lambda: criteria("kept")},
}  # fmt: skip


def filled(text: str, tables: Mapping[str, Callable[[], list[str]]]) -> str:
    """Return a page with its tables made anew; ValueError where a marker is missing or stands twice."""
    for name, lines in tables.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"no single place for the table {name!r}: {begin} … {end}")
        made = "\n".join([begin, "", *lines(), "", end])
        text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _, made=made: made, text, flags=re.S)
    return text


def main(argv: list[str] | None = None) -> int:
    """Write the pages, or name those that differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="fill the tables in")
    arguments = parser.parse_args(argv)
    differing = 0
    for name, tables in PAGES.items():
        path = RESULTS / name
        text = path.read_text(encoding="utf-8")
        if (made := filled(text, tables)) != text:
            differing += 1
            print(path.relative_to(ROOT), "written" if arguments.write else "differs")
            if arguments.write:
                path.write_text(made, encoding="utf-8")
    return 0 if arguments.write else int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
