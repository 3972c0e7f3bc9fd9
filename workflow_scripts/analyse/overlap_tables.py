"""The overlap of masks as Markdown: one row for each layer, then group by group for every layer."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row

TITLES = {"out_of_pivot": "Out of {pivot}", "into_pivot": "Into {pivot}"}
NOTHING = "–"  # a group of one language has no pair of its own


def markdown(result: Mapping[str, Any]) -> str:
    """Return ``result`` as Markdown: for each side a table of all layers, then group × group for each."""
    masks = result["masks"]
    how = masks.get("select", f"{masks['rule']}, k {masks['k']}")
    lines = [
        f"# Overlap of masks ({how})",
        "",
        "Mean intersection over union of the masks of two languages, of one group (diagonal) or of two.",
    ]
    for side, analysis in result["sides"].items():
        lines += ["", f"## {TITLES[side].format(pivot=result['pivot'])}", ""]
        if analysis["ungrouped"]:
            lines += [f"Of no group, left out: {', '.join(analysis['ungrouped'])}.", ""]
        if "note" in analysis:
            lines += [f"{analysis['note'].capitalize()}.", ""]
        if "orders" in analysis:
            kind = "all" if analysis["exact"] else "random"
            lines += [f"p: share of {analysis['orders']} {kind} orders of the labels that part as much.", ""]
            lines += _all_layers(analysis["layers"])
        for layer, entry in analysis.get("layers", {}).items():
            lines += ["", f"### {layer}", "", *_groups(entry["groups"], list(result["groups"]))]
    return "\n".join(lines).rstrip() + "\n"


def _all_layers(layers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = heading(["layer", "within", "across", "difference", "effect size", "p"])
    for layer, entry in layers.items():
        effect = NOTHING if entry["effect_size"] is None else f"{entry['effect_size']:.2f}"
        shown = [f"{entry[key]:.3f}" for key in ("within", "across", "difference")]
        lines.append(row([layer, *shown, effect, f"{entry['p']:.4f}"]))
    return lines


def _groups(cells: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Group × group, symmetric: the long form has each pair of groups once."""
    value = {}
    for cell in cells:
        value[cell["group_a"], cell["group_b"]] = value[cell["group_b"], cell["group_a"]] = cell["mean_iou"]
    # A group none of whose languages has a row here would be an empty line.
    present = [name for name in names if any(name in key for key in value)]
    lines = heading(["", *present])
    for one in present:
        shown = [f"{value[one, two]:.3f}" if (one, two) in value else NOTHING for two in present]
        lines.append(row([one, *shown]))
    return lines
