"""Score units by label without a probe, and say whether rankings agree with the probe's and one another.

Probeless (Antverg and Belinkov 2022): distances of class means of z-scores. Selectivity: difference of means
in the unit's range. Average precision: the score of the IoU probe (Mu and Andreas 2020). Each is a table of
scores, a row a label, from which masks can be selected. A Gaussian for each label (Torroba Hennigen et al.
2020) chooses units by what they tell together. All is of the words of train, scores the mean over splits.
"""

import argparse
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.agreement import mean_jaccard, votes
from workflow_scripts.analyse.probes.class_scores import average_precision, probeless, selectivity_scores
from workflow_scripts.analyse.probes.gaussian import MOST_UNITS, gaussian_ranking
from workflow_scripts.analyse.probes.labelled import Labelled, split
from workflow_scripts.analyse.probes.moments import Moments, measure, require_varying
from workflow_scripts.analyse.probes.word_labels import choose
from workflow_scripts.analyse.probes.word_values import Words, read_values
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.checked_options import at_least, named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.score_table import (
    AVERAGE_PRECISION,
    BY_LABEL,
    PROBE,
    PROBELESS,
    SELECTIVITY,
    ScoreTable,
)
from workflow_scripts.units.space import UnitSpace

FORMAT = "neuronspec-scores-by-label-1"
CSV_COLUMNS = ("one", "other", "units", "jaccard", "chance")
#: Rows of the table of units that many rankings name.
MOST_NAMED = 20

Scores = NDArray[np.float64]
Rows = NDArray[np.int64]
SCORERS: Mapping[str, Callable[[Labelled, Rows, Moments], Scores]] = {
    PROBELESS: lambda data, rows, moments: probeless(moments),
    SELECTIVITY: lambda data, rows, moments: selectivity_scores(moments),
    AVERAGE_PRECISION: lambda data, rows, moments: average_precision(data, rows),
}

logger = logging.getLogger(__name__)


def scores_of(data: Labelled, names: Sequence[str], seeds: Sequence[int]) -> dict[str, Scores]:
    """Return [labels, units] of each score: of the words of train, the mean over the splits of these seeds.

    A label that a train part lacks is left out of the mean; in none, it is NaN.
    """
    found: dict[str, list[Scores]] = {name: [] for name in names}
    for seed in seeds:
        rows = split(data, seed).train
        moments = measure(data, rows)
        require_varying(data, moments)
        for name in names:
            found[name].append(SCORERS[name](data, rows, moments))
    means = {}
    for name, values in found.items():
        stacked = np.stack(values)
        n = (~np.isnan(stacked)).sum(0)
        means[name] = np.where(n > 0, np.nansum(stacked, axis=0) / np.maximum(n, 1), np.nan)
    return means


def orders_of(scores: Mapping[str, Scores]) -> dict[str, Rows]:
    """Return all units by their best label, highest first, of each score; equal ones by number."""
    return {
        name: np.argsort(-np.nanmax(values, axis=0), kind="stable").astype(np.int64)
        for name, values in scores.items()
    }


def named_units(orders: Mapping[str, Rows], n: int, space: UnitSpace) -> list[dict[str, Any]]:
    """Return the units that most rankings have among their first n, with the number of rankings."""
    counts = votes(orders, n)
    order = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    found = []
    for unit in order[counts[order] > 0].tolist():
        group, index = space.locate(unit)
        found.append({"group": group, "unit": index, "rankings": int(counts[unit])})
    return found


def told_together(
    data: Labelled, rows: Rows, candidates: Rows, most: int, space: UnitSpace
) -> dict[str, Any]:
    """Return the units that a Gaussian for each label chooses among candidates, and the bits they tell."""
    units = np.sort(candidates[:MOST_UNITS], kind="stable")
    found = gaussian_ranking(data.with_units(units), rows, most)
    chosen = [space.locate(int(units[unit])) for unit in found.order]
    return {
        "candidates": len(units),
        "entropy": found.entropy,
        "units": [
            {"group": group, "unit": index, "bits": bits}
            for (group, index), bits in zip(chosen, found.bits, strict=True)
        ],
    }


def csv_rows(result: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield a row for every two rankings."""
    agreement = result["agreement"]
    for pair in agreement["pairs"]:
        overlap, chance = f"{pair['jaccard']:.6f}", f"{agreement['chance']:.6f}"
        yield pair["one"], pair["other"], agreement["n"], overlap, chance


def markdown(result: Mapping[str, Any]) -> str:
    """Return overlap of rankings, units that many of them name, and what units tell together."""
    agreement, gaussian = result["agreement"], result["gaussian"]
    n, rankings = agreement["n"], [*agreement["mean"]]
    lines = [
        f"# Scores of units by label: {result['property']}",
        "",
        f"{len(result['labels'])} labels; {result['stack']} of {result['system']}, seed {result['seed']}.",
        f"Overlap (Jaccard) of the first {n} units of every two rankings; two random sets share"
        f" {agreement['chance']:.3f}.",
        "",
        "| ranking | other | Jaccard |",
        "|---|---|--:|",
        *(f"| {pair['one']} | {pair['other']} | {pair['jaccard']:.3f} |" for pair in agreement["pairs"]),
        "",
        f"Units that most of the {len(rankings)} rankings have among their first {n}:",
        "",
        "| layer | unit | rankings |",
        "|---|--:|--:|",
        *(f"| {one['group']} | {one['unit']} | {one['rankings']} |" for one in result["named"]),
        "",
        f"Chosen for what they tell together, of {gaussian['candidates']} units. There are"
        f" {gaussian['entropy']:.3f} bits to tell about words of train:",
        "",
        "| layer | unit | bits with those above |",
        "|---|--:|--:|",
        *(f"| {one['group']} | {one['unit']} | {one['bits']:.3f} |" for one in gaussian["units"]),
    ]
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> None:
    """Score the units of one stack for one property and write the scores and their agreement."""
    parser = argparse.ArgumentParser(description="Scores of units by label, without a probe.")
    parser.add_argument("--values", type=Path, required=True, help=".npy of collect_units")
    parser.add_argument("--words", type=Path, required=True, help=".json of collect_units")
    parser.add_argument(
        "--probe", type=Path, required=True, help="scores .npz of fit_probes, to compare with"
    )
    parser.add_argument("--property", required=True)
    parser.add_argument("--seed", type=int, required=True, help="of the system")
    parser.add_argument("--fewest", type=int, default=20, help="words of a label; rarer ones are left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the splits by sentence")
    parser.add_argument("--first", type=int, default=20, help="units of each ranking that are compared")
    parser.add_argument("--together", type=int, default=10, help="units that the Gaussians choose")
    parser.add_argument("--out-probeless", type=Path, required=True, help=".npz, a row a label")
    parser.add_argument("--out-selectivity", type=Path, required=True, help="the same")
    parser.add_argument("--out-average-precision", type=Path, required=True, help="the same")
    add_tables(parser)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    for option, least in (("fewest", 2), ("first", 1), ("together", 1)):
        at_least(option, getattr(arguments, option), least)
    named_once("seeds", arguments.seeds)

    words = Words.read(arguments.words)
    values = read_values(arguments.values, words)
    chosen = choose(words, arguments.property, arguments.fewest)
    probe = ScoreTable.read(arguments.probe)
    if probe.space != words.space or not set(probe.rows) <= set(chosen.labels):
        raise UserError(f"{arguments.probe}: of other units or labels than {arguments.values}; fit it again")
    arguments.out_json.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=arguments.out_json.parent) as scratch:
        data = chosen.of(values, words, arguments.property, Path(scratch))
        scores = scores_of(data, BY_LABEL, arguments.seeds)
        orders = orders_of({PROBE: np.asarray(probe.values, dtype=np.float64), **scores})
        first = min(arguments.first, data.units)
        rows = split(data, arguments.seeds[0]).train
        gaussian = told_together(data, rows, orders[PROBELESS], arguments.together, words.space)
    result = {
        "format": FORMAT,
        "system": words.facts.get("system"),
        "seed": arguments.seed,
        "stack": words.facts.get("stack"),
        "property": arguments.property,
        "labels": list(chosen.labels),
        "left_out": {"rare_labels": chosen.rare, "words_without_label": chosen.unlabelled},
        "seeds": arguments.seeds,
        "collected": dict(words.facts),
        "agreement": mean_jaccard(orders, first),
        "named": named_units(orders, first, words.space),
        "gaussian": gaussian,
    }
    for name in BY_LABEL:
        there = ~np.isnan(scores[name]).any(axis=1)
        facts = {
            "counting": f"{name}: mean over splits",
            "weights_sha256": words.facts.get("weights_sha256"),
            "data_sha256": words.facts.get("labelled_sha256"),
            "seeds": arguments.seeds,
        }
        rows_there = [label for label, one in zip(chosen.labels, there, strict=True) if one]
        table = ScoreTable(rows_there, scores[name][there], words.space, facts)
        table.write(getattr(arguments, f"out_{name}"))
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for pair in result["agreement"]["pairs"]:
        logger.info(f"{pair['one']} and {pair['other']}: {pair['jaccard']:.3f} of the first {first} units")


if __name__ == "__main__":
    run_main(main)
