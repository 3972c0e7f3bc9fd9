"""The tables of docs/results on what units know, and on which masks name the same ones."""

from collections.abc import Sequence

from tests.results_cells import THREE, TWO, UNDEFINED, ZERO, Row, by, marked, over_seeds, table
from tests.results_kept import kept
from workflow_scripts.report.tables.writing import Digits, rounded


def probes(experiment: str) -> list[str]:
    """What is known of each property, beside the most frequent label and control labels."""
    columns = {
        "most frequent label": "majority",
        "accuracy": "accuracy",
        "control labels": "control_all",
        "selectivity": "selectivity_all",
        "fewest units": "minimal_units",
    }
    rows = [row for row in kept(experiment, "probes") if row["part"] == "all layers"]
    lines = []
    for (stack, name), of in by(rows, "stack", "property").items():
        by_measure = {measure: one for (measure,), one in by(of, "measure").items()}
        digits = {"minimal_units": ZERO}
        cells = [_of_probe(by_measure[column], digits.get(column, THREE)) for column in columns.values()]
        lines.append([f"{name}, {stack}", *cells])
    return table(["property", *columns], lines)


def probes_by_units(experiment: str, percent: str) -> list[str]:
    """Accuracy with the top, bottom and random units alone, of the probe and of a new one."""
    rows = [row for row in kept(experiment, "probes") if row["part"] == "all layers"]
    lines = []
    for (stack, name), of in by(rows, "stack", "property").items():
        by_measure = {measure: one for (measure,), one in by(of, "measure").items()}
        ways = [
            f"{way}_{which}_{percent}"
            for way in ("kept", "retrained")
            for which in ("top", "random", "bottom")
        ]
        lines.append([f"{name}, {stack}", *(_of_probe(by_measure[way]) for way in ways)])
    names = [f"{which}, {way}" for way in ("alone", "new probe") for which in ("top", "random", "bottom")]
    return table([f"{percent} % of the units", *names], lines)


def probes_by_layer(experiment: str) -> list[str]:
    """Accuracy of a probe of each layer alone, and its share of the salient units."""
    rows = [row for row in kept(experiment, "probes") if row["part"] == "layer"]
    lines = []
    for (stack, name), of in by(rows, "stack", "property").items():
        cells = []
        for layer in by(of, "name").values():
            by_measure = {row["measure"]: row for row in layer}
            share = rounded(float(by_measure["share of salient units"]["mean"]), TWO)
            cells.append(f"{rounded(float(by_measure['accuracy']['mean']), THREE)} ({share})")
        lines.append([f"{name}, {stack}", *cells])
    return table(["property", *(str(number) for number in range(len(lines[0]) - 1))], lines)


def _of_probe(rows: Sequence[Row], digits: Digits = THREE) -> str:
    values = [float(row["mean"]) for row in rows if row["mean"]]
    if not values:
        return UNDEFINED
    cell = over_seeds(values, digits, sign=False)
    sd = rows[0]["sd"] if len(rows) == 1 else ""
    return f"{cell} ± {rounded(float(sd), digits)}" if sd else cell


def similarity(experiment: str) -> list[str]:
    """The overlap of every two mask sets by stack, beside chance and other directions."""
    rows = [
        row
        for row in kept(experiment, "similarity")
        if row["kind"] == "sets" and row["layer"].endswith(".mean")
    ]
    lines = []
    for row in rows:
        value, low, high = (float(row[name]) for name in ("iou", "low", "high"))
        iou = marked(rounded(value, THREE), [(value, low, high)])
        rest = [rounded(float(row[name]), THREE) for name in ("chance", "largest", "others")]
        stack = row["layer"].removesuffix(".mean")
        between = f"{rounded(low, THREE)} … {rounded(high, THREE)}"
        lines.append([f"{row['one']}, {row['other']}, {stack}", iou, rest[0], between, *rest[1:]])
    names = ["IoU", "chance", "random exchanges", "largest possible", "other directions"]
    return table(["sets", *names], lines)


def stability(experiment: str) -> list[str]:
    """The overlap of masks of two samples of sentences, by their number."""
    rows = [row for row in kept(experiment, "stability") if row["direction"] == "mean"]
    rows = [row for row in rows if row["layer"].endswith(".mean")]
    lines = []
    for (layer,), of in by(rows, "layer").items():
        for row in of:
            value, low, high, chance = (
                rounded(float(row[n]), THREE) for n in ("mean_iou", "low", "high", "chance")
            )
            lines.append([layer.removesuffix(".mean"), row["sentences"], value, f"{low} … {high}", chance])
    return table(["stack", "sentences", "IoU", "95 %", "chance"], lines)
