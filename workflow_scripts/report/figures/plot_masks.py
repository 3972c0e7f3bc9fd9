"""Draw what masks keep: the overlap of languages (IoU), its means by layer, and the share of units kept.

Neuron Specialization, section 5. The cells are the IoU itself, named as the matrix that they come from names
them.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from workflow_scripts.common.checked_options import read_groups
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.figure import write_figure
from workflow_scripts.report.figures.intervals import T_INTERVAL
from workflow_scripts.report.figures.kept import kept_figure, kept_rows
from workflow_scripts.report.figures.order import FAMILY
from workflow_scripts.report.figures.overlaps import (
    EVERY,
    by_layer_figure,
    by_layer_rows,
    overlap_figure,
    overlap_rows,
)
from workflow_scripts.report.read.read_units import UnitSet, read_units

SIDE = "A language's units on a side are those that at least one of its directions there keeps."
CHANCE = "Dotted: two random sets of the same sizes."
SAME_TEXT = "Directions that read the same source text have one encoder: an IoU of 1 there says nothing."
NO_PAIR = {"side": None, "layer": None, "language": None, "other": None, "iou": None, "n": 0, "chance": None}


def draw_masks(
    sets: Sequence[UnitSet],
    names: Sequence[str],
    maps: Sequence[str],
    families: Mapping[str, Sequence[str]],
    pivot: str,
    source: Path,
    out: Path,
) -> None:
    """Draw the mask sets of these names; ``maps``: those of which maps are drawn, too. Raises UserError: the
    file has no set of a name."""
    known = list(dict.fromkeys(one.masks for one in sets))
    for option, name in (*(("masks", name) for name in names), *(("maps", name) for name in maps)):
        if name not in known:
            raise UserError(f"--{option}: {source} has no set {name!r}{nearest(name, known)}")
    seeds = sorted({one.seed for one in sets})
    ordered = "ordered by family" if families else "in the order of the config (there are no families)"
    every = []
    for name in names:
        rows = overlap_rows([one for one in sets if one.masks == name])
        every += rows
        if name not in maps:
            continue
        caption = Caption(
            "Overlap (IoU, shared units over units of either) of the units that two languages keep in the"
            f" masks {name}, by side and layer, the mean over seeds; languages are {ordered}. The bar is the"
            " IoU itself; the diagonal, 1 of itself, is left out.",
            [source],
            seeds,
            notes=[SIDE, SAME_TEXT],
        )
        figure = overlap_figure(rows, families, name)
        write_figure(figure, out / f"iou_{name}.png", rows or [{"masks": name, **NO_PAIR}], caption)
    means = by_layer_rows(every, families)
    parted = any(row["pairs"] != EVERY for row in means)
    caption = Caption(
        "Overlap (IoU) of the units that two languages keep, by layer: the mean over pairs of languages"
        + (" of one family, and of two families; languages of no family are left out." if parted else "."),
        [source],
        seeds,
        "Bands: the middle half of the pairs, of each the mean over seeds (pairs share languages: no interval"
        f" of the mean is drawn). {CHANCE}",
        [SIDE, SAME_TEXT],
    )
    no_pair = {"masks": None, "side": None, "layer": None, "mean_iou": None}
    write_figure(by_layer_figure(means), out / "iou_by_layer.png", means or [no_pair], caption)
    shares = kept_rows([one for one in sets if one.masks in names], pivot)
    caption = Caption(
        "Share of the units of each layer that masks keep: the mean over directions, of each the mean over"
        " seeds.",
        [source],
        seeds,
        f"Bands: {T_INTERVAL} over directions; of one direction there is none.",
    )
    write_figure(kept_figure(shares), out / "kept_by_layer.png", shares, caption)


def main(argv: list[str] | None = None) -> None:
    """Read which units masks keep and draw it."""
    parser = argparse.ArgumentParser(prog="plot_masks", description=__doc__.splitlines()[0])
    parser.add_argument("--units", required=True, type=Path, help="tables/units.json")
    parser.add_argument("--masks", required=True, nargs="+", help="mask sets that are drawn")
    parser.add_argument("--maps", nargs="+", default=[], help="those of which maps of languages are drawn")
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--pivot", default="")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder figures")
    args = parser.parse_args(argv)
    families = read_groups(args.groups).get(FAMILY, {})
    sets = read_units(args.units)
    draw_masks(sets, args.masks, args.maps, families, args.pivot, args.units, args.out_dir)


if __name__ == "__main__":
    run_main(main)
