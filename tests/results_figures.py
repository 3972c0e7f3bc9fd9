"""Pictures of docs/results, drawn from kept tables by the functions of the stages.

``python -m tests.results_figures`` (environment ``evaluate``) writes them to docs/images. The kept tables
lack the JSON of their jobs, from which captions are made; the page says in words what a caption would.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from workflow_scripts.common.files import atomic_path
from workflow_scripts.report.figures import plot_ablation, plot_correlation, plot_effects, plot_probes
from workflow_scripts.report.figures.figure import fit
from workflow_scripts.report.figures.gains import gains_figure
from workflow_scripts.report.read.read_files import Row, read_table

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = DOCS / "results" / "analysis"
DPI = 100  # of a screen; those of a run have 150
FAMILIES = {"north": ["na", "ne"], "south": ["sa", "so"]}
#: Of toy60: five languages of each initial.
TOY60_FAMILIES = {
    name: [name[0] + vowel for vowel in "aeiou"] for name in ("beta", "delta", "kappa", "mu", "rho", "tau")
}


def kept(name: str, **wanted: str) -> list[Row]:
    """Return the rows of a kept table that have these values."""
    rows = read_table(KEPT / f"{name}.csv", [*wanted])
    return [row for row in rows if wanted.items() <= row.items()]


def ablation() -> Figure:
    """The loss over the share of units, and the areas."""
    rows = kept("ablation", system="ns")
    losses = [row for row in rows if row["measure"] in (plot_ablation.NLL, plot_ablation.AREA)]
    return plot_ablation.ablation_figure(plot_ablation.points(losses))


def effects() -> Figure:
    """The units of each language off, the loss of each, on both sides."""
    found = plot_effects.cells(kept("effects", system="ns"), "difference")
    return plot_effects.effects_figure(found, FAMILIES)


def probes() -> Figure:
    """Part of speech by layer."""
    return plot_probes.probes_figure(plot_probes.points(kept("probes", property="upos")))


def correlation() -> Figure:
    """Units of three seeds."""
    return plot_correlation.correlation_figure(plot_correlation.points(kept("correlation", between="seeds")))


#: Systems of the controls whose masks are compared: columns of the picture.
MASKED = (
    *("ns", "random", "shuffled", "swapped_within", "swapped_across", "encoder_only", "decoder_only"),
    *("inference_only", "removal", "train_only"),
)


def controls_gains() -> Figure:
    """What each way with masks gives over further training without any, by direction."""
    scores: dict[tuple[str, str], list[float]] = {}
    for row in read_table(DOCS / "results/controls_scores.csv", ["system", "direction", "metric", "score"]):
        if row["metric"] == "bleu":
            system = row["system"].rpartition("-")[0] or row["system"]  # draws together
            scores.setdefault((system, row["direction"]), []).append(float(row["score"]))
    means = {place: statistics.fmean(values) for place, values in scores.items()}
    rows = [
        gain(direction, system, "continued", means[system, direction] - means["continued", direction], "")
        for system in MASKED
        for direction in dict.fromkeys(direction for _, direction in means)
    ]
    return gains_figure(rows, FAMILIES, "en")


def toy60_gains() -> Figure:
    """What further training and masks give in sixty directions."""
    rows = [
        gain(row["direction"], row["system"], row["against"], float(row["difference"]), row["outcome"])
        for row in read_table(DOCS / "results/toy60_significance.csv", ["metric", "outcome", "difference"])
        if row["metric"] == "bleu"
    ]
    return gains_figure(rows, TOY60_FAMILIES, "en")


def gain(direction: str, system: str, against: str, difference: float, outcome: str) -> dict[str, Any]:
    """Return a row of the figure."""
    significant = outcome if outcome in ("win", "loss") else ""
    of = {"direction": direction, "system": system, "against": against, "metric": "bleu"}
    return {**of, "difference": difference, "significant": significant}


@dataclass(frozen=True)
class Picture:
    """A picture below docs/images and the page of docs/results that shows it."""

    draw: Callable[[], Figure]
    page: str


PICTURES = {
    "analysis_ablation": Picture(ablation, "analysis"),
    "analysis_effects": Picture(effects, "analysis"),
    "analysis_probes": Picture(probes, "analysis"),
    "analysis_correlation": Picture(correlation, "analysis"),
    "controls_gains": Picture(controls_gains, "controls"),
    "toy60_gains": Picture(toy60_gains, "toy60"),
}


def main() -> None:
    """Write every picture."""
    for name, picture in PICTURES.items():
        figure = picture.draw()
        fit(figure)
        with atomic_path(DOCS / "images" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
