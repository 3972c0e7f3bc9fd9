"""Draw maps of attention heads: how much each matters, by layer and head, in each seed."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workflow_scripts.analyse.means import defined
from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.cells import Floats, draw_cells, inches, scale_of
from workflow_scripts.report.figures.figure import panels, write_figure
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.over_seeds import over_seeds
from workflow_scripts.report.read.analyses import add_results, read_analysis
from workflow_scripts.report.read.read_files import content_of

FORMAT = "neuronspec-prune-heads-1"
TYPES = {"self": "self-attention", "cross": "cross-attention"}


@dataclass(frozen=True, slots=True)
class Head:
    """How much a head of a seed matters: the mean over tasks, None for a task of which it is undefined."""

    seed: str
    attention: str
    layer: int
    head: int
    value: Mean

    def row(self) -> dict[str, Any]:
        """Return the head as a row of the figure's data."""
        names = ("seed", "attention", "layer", "head")
        return {
            **{name: getattr(self, name) for name in names},
            "importance": defined(self.value.mean),
            "sd": self.value.sd,
            "tasks": self.value.n,
        }


def heads(result: Mapping[str, Any]) -> list[Head]:
    """Return the heads of the JSON of a pruning, in its order."""
    found = []
    for key in result["groups"]:
        stack, layer, kind = key.split(".")
        by_task = [of[key] for of in result["importance"].values()]
        for place, values in enumerate(zip(*by_task, strict=True)):
            value = over_seeds(np.nan if one is None else one for one in values)
            found.append(Head(str(result["seed"]), f"{stack} {TYPES[kind]}", int(layer), place, value))
    return found


def map_of(found: Sequence[Head]) -> Floats:
    """Return the importances of one attention and seed [layers, heads]; NaN where there is no such head."""
    shape = 1 + max(one.layer for one in found), 1 + max(one.head for one in found)
    values = np.full(shape, np.nan)
    for one in found:
        values[one.layer, one.head] = one.value.mean
    return values


def heads_figure(found: Sequence[Head]) -> Figure:
    """Return a map for each seed (down) and type of attention (across): the first layer lowest."""
    seeds = list(dict.fromkeys(one.seed for one in found))
    attentions = list(dict.fromkeys(one.attention for one in found))
    maps = {
        (seed, name): map_of([one for one in found if (one.seed, one.attention) == (seed, name)])
        for seed in seeds
        for name in attentions
    }
    wide, high = (max(values.shape[side] for values in maps.values()) for side in (1, 0))
    figure, grid = panels(
        len(seeds), len(attentions), inches(wide, written=False), inches(high, written=False)
    )
    for seed, axes in zip(seeds, grid, strict=True):
        for name, axis in zip(attentions, axes, strict=True):
            values = maps[seed, name]
            rows, columns = ([str(one) for one in range(size)] for size in values.shape)
            draw_cells(axis, values, rows, columns, scale_of(values), "importance")
            axis.invert_yaxis()
            axis.set_title(f"{name}\nseed {seed}")
            axis.set_xlabel("head")
            axis.set_ylabel("layer")
    return figure


def caption(
    system: str, found: Sequence[Head], results: Sequence[Mapping[str, Any]], files: Sequence[str]
) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    how = first["counting"] + (", normalised within each layer's attention" if first["normalised"] else "")
    notes = []
    if undefined := sum(one.value.n == 0 for one in found):
        notes.append(f"Hatched: {undefined} head{'s' * (undefined != 1)} without a value.")
    return Caption(
        f"Attention heads of {system}: {how}, on {first['scored_on']}, the mean over {len(first['tasks'])}"
        " tasks. Each map has its own scale: types of attention do not compare. A head's number means nothing"
        " beyond its seed, so that seeds are not averaged.",
        files,
        [str(result["seed"]) for result in results],
        notes=notes,
    )


def main(argv: list[str] | None = None) -> None:
    """Read the importances of all seeds of a system and draw them."""
    parser = argparse.ArgumentParser(prog="plot_heads", description=__doc__.splitlines()[0])
    add_results(parser, "prune_heads, of one system")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), (), ())
    found = []
    for file, result in zip(read.files, read.results, strict=True):
        with content_of(file, "the JSON of prune_heads"):
            found += heads(result)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(read.one("system"), found, read.results, read.files)
    write_figure(heads_figure(found), args.out, [one.row() for one in found], told)


if __name__ == "__main__":
    run_main(main)
