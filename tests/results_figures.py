"""The pictures of docs/results/analysis.md, drawn from the kept tables by the functions of the stages.

``python -m tests.results_figures`` (environment ``evaluate``) writes them to docs/images. The kept tables
lack the JSON of their jobs, from which captions are made; the page says in words what a caption would.
"""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from workflow_scripts.common.files import atomic_path
from workflow_scripts.report.figures import plot_ablation, plot_correlation, plot_effects, plot_probes
from workflow_scripts.report.figures.figure import fit
from workflow_scripts.report.read.read_files import Row, read_table

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = DOCS / "results" / "analysis"
DPI = 100  # of a screen; those of a run have 150
FAMILIES = {"north": ["na", "ne"], "south": ["sa", "so"]}


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


#: Name below docs/images → what draws it.
PICTURES: dict[str, Callable[[], Figure]] = {
    "analysis_ablation": ablation,
    "analysis_effects": effects,
    "analysis_probes": probes,
    "analysis_correlation": correlation,
}


def main() -> None:
    """Write every picture."""
    for name, draw in PICTURES.items():
        figure = draw()
        fit(figure)
        with atomic_path(DOCS / "images" / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


if __name__ == "__main__":
    main()
