"""The tables of docs/results on unit analysis of several seeds: labels, shifts, areas, other models.

Figures are mean ± standard deviation over seeds (their number), each seed's the mean of what it has.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean

from tests.results_analysis import ablation
from tests.results_cells import (
    ONE,
    THREE,
    TWO,
    UNDEFINED,
    ZERO,
    Row,
    by,
    marked,
    over_seeds,
    signed,
    span,
    table,
    value_and_range,
)
from tests.results_kept import kept
from workflow_scripts.report.tables.writing import Digits, rounded

#: Of a probe: its column and its measure.
KNOWN = {
    "most frequent label": "majority",
    "accuracy": "accuracy",
    "control labels": "control_all",
    "control labels, learned by heart": "control_ceiling",
    "selectivity": "selectivity_all",
}


def known(experiment: str) -> list[str]:
    """What probes of all layers know, beside the most frequent label and control labels."""
    lines = []
    rows = [row for row in kept(experiment, "probes") if row["part"] == "all layers"]
    for (stack, name), of in by(rows, "stack", "property").items():
        measured = {measure: one for (measure,), one in by(of, "measure").items()}
        cells = [over_seeds(_means(measured[measure]), THREE, sign=False) for measure in KNOWN.values()]
        lines.append([f"{name}, {stack}", *cells])
    return table(["property", *KNOWN], lines)


def labels(experiment: str) -> list[str]:
    """How many units hold 25 % of the weights of each label."""
    lines = []
    rows = [row for row in kept(experiment, "probes") if row["part"] == "label"]
    for (stack, name), of in by(rows, "stack", "property").items():
        counts = [
            f"{label} {over_seeds(_means(one), ONE, sign=False)}" for (label,), one in by(of, "name").items()
        ]
        lines.append([f"{name}, {stack}", "; ".join(counts)])
    return _of_text(table(["property", "units of 25 % of a label's weights"], lines))


def layers(experiment: str) -> list[str]:
    """Accuracy of a probe of each layer alone, and in brackets the layer's share of the salient units."""
    lines = []
    rows = [row for row in kept(experiment, "probes") if row["part"] == "layer"]
    for (stack, name), of in by(rows, "stack", "property").items():
        cells = []
        for layer in by(of, "name").values():
            measured = {measure: one for (measure,), one in by(layer, "measure").items()}
            share = fmean(_means(measured["share of salient units"]))
            accuracy = over_seeds(_means(measured["accuracy"]), THREE, sign=False)
            cells.append(f"{accuracy}; {rounded(share, TWO)}")
        lines.append([f"{name}, {stack}", *cells])
    return table(["property", *(f"layer {number}" for number in range(len(lines[0]) - 1))], lines)


def redundancy(experiment: str) -> list[str]:
    """What new probes know of one unit of each cluster of correlated units, beside as many random units."""
    columns = {
        "all units": "accuracy",
        "clusters": "clusters",
        "one unit of each": "clusters_one_each",
        "as many random units": "clusters_random",
    }
    lines = []
    rows = [row for row in kept(experiment, "probes") if row["part"] == "all layers"]
    for (stack, name), of in by(rows, "stack", "property").items():
        measured = {measure: one for (measure,), one in by(of, "measure").items()}
        cells = [
            over_seeds(_means(measured[measure]), ZERO if measure == "clusters" else THREE, sign=False)
            for measure in columns.values()
        ]
        lines.append([f"{name}, {stack}", *cells])
    return table(["property", *columns], lines)


def rankings(experiment: str) -> list[str]:
    """The overlap of the first units by every two scores of labels."""
    rows = kept(experiment, "scores_by_label")
    pairs = list(by(rows, "one", "other"))
    lines = []
    for (stack, name), of in by(rows, "stack", "property").items():
        found = by(of, "one", "other")
        cells = [
            over_seeds([float(row["jaccard"]) for row in found[pair]], TWO, sign=False) for pair in pairs
        ]
        lines.append([f"{name}, {stack}", *cells, rounded(float(of[0]["chance"]), TWO)])
    names = [" and ".join(pair).replace("_", " ") for pair in pairs]
    return table(["property", *names, "by chance"], lines)


def shift(experiment: str, system: str) -> list[str]:
    """How far a system's probes lie from its baseline's, beside how far two baselines lie apart."""
    lines = []
    rows = kept(f"{experiment}:{system}", "shift")
    for (stack, name), of in by(rows, "stack", "property").items():
        measured = {row["measure"]: row for row in of}
        cells = [
            _shifted(measured[what], digits)
            for what, digits in (("accuracy", THREE), ("salient", ONE), ("centre", TWO))
        ]
        null = measured["centre"]["null"]
        lines.append([f"{name}, {stack}", *cells, rounded(float(null), TWO) if null else UNDEFINED])
    columns = ["accuracy", "salient units", "mean layer", "mean layer, two baselines"]
    return table(["property", *columns], lines)


def _shifted(row: Row, digits: Digits) -> str:
    if not row["shift"]:
        return UNDEFINED
    sd = f" ± {rounded(float(row['shift_sd']), digits)}" if row["shift_sd"] else ""
    return f"{signed(float(row['shift']), digits)}{sd} ({row['shift_n']})"


def heads_by_group(experiment: str, groups: Mapping[str, Sequence[str]], metric: str = "nll") -> list[str]:
    """The relative dissociation of groups of directions, beside that of one direction by random heads."""
    rows = [
        row
        for row in kept(experiment, "heads")
        if (row["metric"], row["measure"]) == (metric, "relative") and row["task"] != "mean"
    ]
    lines = []
    for (size,), of_size in by(rows, "size").items():
        cells = []
        for members in groups.values():
            of_group = [row for row in of_size if row["task"] in members]
            cells.append(over_seeds([fmean(_means(one)) for one in by(of_group, "seed").values()], ONE))
        low = min(float(row["random_low"]) for row in of_size)
        high = max(float(row["random_high"]) for row in of_size)
        lines.append([size, *cells, span(low, high, ONE)])
    return table(["heads", *groups, "random heads, one direction"], lines)


def areas(experiment: str) -> list[str]:
    """The areas under the curves of removal and keeping, beside those of random units."""
    names = {"removed": "effect when removed", "kept": "faithfulness when kept"}
    rows = [row for row in kept(experiment, "ablation") if row["measure"] == "area"]
    lines = []
    for (test,), of_test in by(rows, "test").items():
        for (name,), of in by(of_test, "set").items():
            if name != "random":
                lines.append([names[test], name, *value_and_range(of)])
    heading, rule, *rest = table(["area", "units", "own direction", "random units"], lines)
    return [heading, rule.replace("---|---:", "---|---", 1), *rest]


def scaled(experiment: str) -> list[str]:
    """The loss where units are scaled, beside random units scaled alike."""
    rows = [
        row
        for row in kept(experiment, "ablation")
        if row["measure"] == "nll" and row["test"] not in ("removed", "kept")
    ]
    lines = []
    for (gate,), of_gate in by(rows, "test").items():
        for (name,), of in by(of_gate, "set").items():
            if name != "random":
                lines.append([gate.removeprefix("scale:").replace("zero", "0"), name, *value_and_range(of)])
    heading, rule, *rest = table(["factor", "units", "own direction", "random units"], lines)
    return [heading, rule.replace("---|---:", "---|---", 1), *rest]


def correlation(experiment: str) -> list[str]:
    """Means over a layer's units of the correlation with other models, in brackets the mean by chance."""
    forms = {"max": "MaxCorr", "min": "MinCorr", "linreg": "LinReg R²", "svcca": "SVCCA"}
    lines = []
    rows = kept(experiment, "correlation")
    for (between, site), of in by(_said(rows), "pair", "site").items():
        cells = []
        for form in forms:
            one = [row for row in of if row["form"] == form]
            values = _means(one)
            if len(one) == 1:
                sd = f" ± {rounded(float(one[0]['sd']), THREE)} ({one[0]['n']})" if one[0]["sd"] else ""
                cell = rounded(values[0], THREE) + sd
            else:
                cell = over_seeds(values, THREE, sign=False)
            ranges = [
                (value, float(row["chance_low"]), float(row["chance_high"]))
                for value, row in zip(values, one, strict=True)
            ]
            chance = signed(fmean(float(row["chance_mean"]) for row in one), THREE)
            cells.append(f"{marked(cell, ranges)} [{chance}]")
        lines.append([f"{between}, {site}", *cells])
    return table(["models and layer", *forms.values()], lines)


def _said(rows: Sequence[Row]) -> list[Row]:
    """Rows with what is compared: seeds of one system, or systems of one seed."""
    return [
        {**row, "pair": f"seeds of {row['models']}" if row["between"] == "seeds" else "systems of a seed"}
        for row in rows
    ]


def erasure(experiment: str) -> list[str]:
    """The loss without the units of highest and of lowest correlation, beside random units."""
    lines = []
    for (between, form, end), of in by(kept(experiment, "erasure"), "between", "form", "end").items():
        lines.append([between, f"{form}, {end}", *value_and_range(of)])
    heading, rule, *rest = table(["between", "units", "nats per token", "random units"], lines)
    return [heading, rule.replace("---|---:", "---|---", 1), *rest]


def stable(experiment: str) -> list[str]:
    """The overlap of masks of two samples of sentences, by their number, beside that of random masks."""
    lines = []
    rows = [row for row in kept(experiment, "stability") if row["direction"] == "mean"]
    for (layer, number), of in by(rows, "layer", "sentences").items():
        if layer.endswith(".mean"):
            iou = over_seeds([float(row["mean_iou"]) for row in of], sign=False)
            chance = rounded(fmean(float(row["chance"]) for row in of), THREE)
            lines.append([layer.removesuffix(".mean"), number, iou, chance])
    return table(["stack", "sentences", "IoU", "chance"], lines)


def _means(rows: Sequence[Row]) -> list[float]:
    return [float(row["mean"]) for row in rows]


def _of_text(lines: Sequence[str]) -> list[str]:
    return [lines[0], lines[1].replace("---:", "---"), *lines[2:]]


def of_seeds(
    experiment: str, system: str, groups: Mapping[str, Sequence[str]]
) -> dict[str, Callable[[], list[str]]]:
    """Return name → table of an experiment of several seeds and a system beside its baseline."""
    return {
        "known": partial(known, experiment),
        "labels": partial(labels, experiment),
        "layers": partial(layers, experiment),
        "redundancy": partial(redundancy, experiment),
        "rankings": partial(rankings, experiment),
        "shift": partial(shift, experiment, system),
        "heads by group": partial(heads_by_group, experiment, groups),
        "areas": partial(areas, f"{experiment}:{system}"),
        "removed, BLEU": partial(ablation, f"{experiment}:{system}", "removed", "bleu"),
        "scaled": partial(scaled, f"{experiment}:{system}"),
        "correlation": partial(correlation, experiment),
        "erasure": partial(erasure, experiment),
        "stable": partial(stable, experiment),
    }
