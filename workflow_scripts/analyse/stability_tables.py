"""The stability of masks as CSV and Markdown: by layer and number of sentences, and by direction."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row

CSV_COLUMNS = ("direction", "layer", "sentences", "mean_iou", "low", "high", "kept", "chance")
#: In the place of a direction: the mean over all.
EVERY = "mean"


def csv_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each direction (and their mean), layer and number of sentences."""
    layers = {name: entry["layers"] for name, entry in result["directions"].items()} | {EVERY: result["mean"]}
    for direction, by_layer in layers.items():
        for layer, sizes in by_layer.items():
            for one in sizes:
                figures = (f"{one[key]:.6f}" for key in CSV_COLUMNS[3:])
                yield direction, layer, str(one["sentences"]), *figures


def markdown(result: Mapping[str, Any]) -> str:
    """Return two tables: by layer and number of sentences, and by direction for all sentences."""
    masks, mean = result["masks"], result["mean"]
    sizes = [str(one["sentences"]) for one in next(iter(mean.values()))]
    lines = [
        f"# Stability of masks ({masks['select'] if isinstance(masks['select'], str) else masks['rule']})",
        "",
        f"Mean intersection over union of the masks of two samples of sentences ({result['draws']} samples of"
        f" each size, drawn with replacement from `{result['subset']}`, {result['pairs']} pairs), with its"
        " interval of 95 % by draws (jackknife). Chance: random masks that keep as many units.",
        "",
        "## By layer, mean over directions",
        "",
        *heading(["layer", *sizes, "kept", "chance"]),
    ]
    for layer, entries in mean.items():
        last = entries[-1]
        lines.append(row([layer, *map(_shown, entries), f"{last['kept']:.1%}", f"{last['chance']:.3f}"]))
    stacks = [layer for layer in mean if layer.endswith(".mean")]
    lines += ["", "## By direction, all sentences", "", *heading(["direction", "sentences", *stacks])]
    for direction, entry in result["directions"].items():
        shown = [_shown(entry["layers"][layer][-1]) for layer in stacks]
        lines.append(row([direction, str(entry["sentences"]), *shown]))
    return "\n".join(lines) + "\n"


def _shown(one: Mapping[str, Any]) -> str:
    return f"{one['mean_iou']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"
