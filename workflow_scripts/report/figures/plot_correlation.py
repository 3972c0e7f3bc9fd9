"""Draw how far units of several models are alike, by layer, with chance beside it."""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.analyse.means import defined
from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import CHANCE_BAND, draw_chance, look, same_heights
from workflow_scripts.report.figures.figure import legend_beside, panels, shortened, write_figure
from workflow_scripts.report.figures.over_seeds import Chance, undefined_note
from workflow_scripts.report.read.analyses import add_results, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-correlation-1"
COLUMNS = ("site", "form", "mean", "sd", "n", "chance_mean", "chance_low", "chance_high")
NUMBERS = COLUMNS[2:]
#: Form → what is on its axis.
FORMS = {"max": "MaxCorr", "min": "MinCorr", "linreg": "LinReg R²", "svcca": "SVCCA"}
#: In the place of a layer: all layers of a stack together.
ALL_LAYERS = "all"


@dataclass(frozen=True, slots=True)
class Point:
    """How alike the units of some models are at a site: the mean over models (of SVCCA over pairs), ``sd``
    over them, NaN of a single one. ``units``: stack and kind."""

    models: str
    units: str
    layer: str
    form: str
    mean: float
    sd: float
    n: int
    chance: Chance

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        names, numbers = ("models", "units", "layer", "form", "n"), ("mean", "sd")
        return {
            **{name: getattr(self, name) for name in names},
            **{name: defined(getattr(self, name)) for name in numbers},
            **self.chance.cells("chance"),
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return a point for each row of a form that is drawn."""
    found = []
    for row in rows:
        if row["form"] in FORMS:
            stack, *layer, kind = row["site"].split(".")
            units, place = f"{stack} {kind}", layer[0] if layer else ALL_LAYERS
            mean, sd, n = (number(row[name]) for name in ("mean", "sd", "n"))
            chance = Chance.of([row], "chance")
            found.append(
                Point(
                    row["models"], units, place, row["form"], mean, sd, 0 if math.isnan(n) else int(n), chance
                )
            )
    return found


def correlation_figure(found: Sequence[Point]) -> Figure:
    """Return a row of panels for each form, a column for each stack and kind of units."""
    forms = [form for form in FORMS if any(point.form == form for point in found)]
    columns = list(dict.fromkeys(point.units for point in found))
    models = list(dict.fromkeys(point.models for point in found))
    figure, grid = panels(len(forms), len(columns), 2.4, 1.8)
    for form, axes in zip(forms, grid, strict=True):
        for units, axis in zip(columns, axes, strict=True):
            here = [point for point in found if (point.form, point.units) == (form, units)]
            _draw(axis, here, models)
            axis.set_title(units)
            axis.set_ylabel(FORMS[form])
        if min(axis.get_ylim()[0] for axis in axes) < -1:
            # R² of a regression that does not fit at all may be thousands below 0; from -1 to 1 stays linear.
            for axis in axes:
                axis.set_yscale("symlog", linthresh=1)
        same_heights(axes)
    legend_beside(grid[0][-1])
    return figure


def _draw(axis: Axes, here: Sequence[Point], models: Sequence[str]) -> None:
    layers = list(dict.fromkeys(point.layer for point in here))
    for place, name in enumerate(models):
        curve = [point for point in here if point.models == name]
        # Side by side, as their bars would hide each other.
        x = [layers.index(point.layer) + 0.06 * (place - (len(models) - 1) / 2) for point in curve]
        sds = [point.sd for point in curve]
        means = [point.mean for point in curve]
        axis.errorbar(x, means, yerr=sds, label=shortened(name), capsize=2.5, elinewidth=0.9, **look(place))
    by_layer = [[point.chance for point in here if point.layer == layer] for layer in layers]
    draw_chance(axis, range(len(layers)), [_widest(of) for of in by_layer], "chance")
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xticks(range(len(layers)), layers)
    axis.set_xlim(-0.4, len(layers) - 0.6)
    axis.set_xlabel("layer")


def _widest(several: Sequence[Chance]) -> Chance:
    """Return the chance of all models that stand in a panel."""
    means = [one.mean for one in several if math.isfinite(one.mean)]
    return Chance(
        math.fsum(means) / len(means) if means else math.nan,
        min((one.low for one in several if math.isfinite(one.low)), default=math.nan),
        max((one.high for one in several if math.isfinite(one.high)), default=math.nan),
    )


def caption(
    between: str, found: Sequence[Point], results: Sequence[Mapping[str, Any]], files: Sequence[str]
) -> Caption:
    """Return the caption. ``results``: the JSON of each comparison."""
    first = results[0]
    seeds = dict.fromkeys(str(one["seed"]) for result in results for one in result["models"].values())
    what = "seeds of a system" if between == "seeds" else "systems of a seed"
    return Caption(
        f"Units of several models at the same tokens, compared between {what}: the correlation of a unit with"
        " the one of another model that is most like it, in the model where that is highest (MaxCorr) or"
        " lowest (MinCorr); how much of a unit all units of another model predict in text that the regression"
        " has not seen (LinReg R²); and of whole layers SVCCA. Means over units, then over models (SVCCA:"
        f" over pairs). Text: {first['subset']}.",
        files,
        list(seeds),
        "Bars: one standard deviation over models, which share partners, so that no interval follows from it."
        " Axes that reach below -1 are logarithmic beyond 1."
        f" Grey: the same where the tokens of one model have another order, the mean of {first['draws']}"
        f" draws and {CHANCE_BAND.replace('seeds', 'comparisons')}.",
        undefined_note(point.mean for point in found),
    )


def main(argv: list[str] | None = None) -> None:
    """Read the comparisons and draw them."""
    parser = argparse.ArgumentParser(prog="plot_correlation", description=__doc__.splitlines()[0])
    add_results(parser, "correlate_units")
    parser.add_argument("--between", choices=("seeds", "systems"), required=True, help="what is compared")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("models",), COLUMNS, NUMBERS)
    # A comparison is named by its file: a system, or a seed.
    found: list[Point] = []
    for file, result in zip(read.files, read.results, strict=True):
        rows = [row for row in read.rows if row["models"] == str(result["models"])]
        found += points([{**row, "models": Path(file).stem} for row in rows])
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(args.between, found, read.results, read.files)
    write_figure(correlation_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
