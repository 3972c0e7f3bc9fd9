"""The probes of one property as tables: what is known, by how many units, where, and by which."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.probes.spread import UNDEFINED, shown

CSV_COLUMNS = ("part", "name", "measure", "mean", "sd", "n")
WAYS = {"kept": "these alone", "zeroed": "all but these", "retrained": "new probe of these"}
RANKED = ("top", "bottom", "random")
#: Occurrences that a word needs: of many words that occur once, some are far from the mean by chance.
LEAST = 3

Result = Mapping[str, Any]


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each figure: of the probe of all layers, each label, each layer."""
    for name, found in result["probe"]["summary"].items():
        for inner, one in found.items() if name == "salient" else [("", found)]:
            part = "label" if inner else "all layers"
            yield [part, inner, name, *(one[what] for what in ("mean", "sd", "n"))]
    for key, layer in result["layers"].items():
        for measure in ("accuracy", "majority", "control", "selectivity"):
            yield ["layer", key, measure, *(layer[measure][what] for what in ("mean", "sd", "n"))]
        share = result["salient"]["share"][key]
        yield ["layer", key, "share of salient units", *(share[what] for what in ("mean", "sd", "n"))]
        yield ["layer", key, "share expected by chance", result["salient"]["expected"][key], None, None]


def markdown(result: Result) -> str:
    """Return the tables of one property."""
    probe = result["probe"]
    lines = [
        f"# Probes of {result['property']}: {result['system']}, seed {result['seed']}, {result['stack']}",
        "",
        f"{probe['tokens']} words of {probe['sentences']} sentences, {len(probe['labels'])} labels,"
        f" {probe['units']} units. Accuracy on held-out sentences: mean ± standard deviation over"
        f" ({len(probe['splits'])}) splits by sentence.",
        *_left_out(result),
        "",
        *_known(probe["summary"]),
        "",
        "## Top, bottom and random units",
        "",
        *_kept(probe),
        "",
        *_minimal(probe),
        *_redundant(probe),
        "",
        "## By layer",
        "",
        *_layers(result),
        "",
        "## By label",
        "",
        *_labels(result),
        "",
        "## Top units",
        "",
        *_top(result["top_units"]),
    ]
    return "\n".join(lines) + "\n"


def _left_out(result: Result) -> Iterator[str]:
    left_out, rare = result["left_out"], result["left_out"]["rare_labels"]
    said = []
    if left_out["words_without_label"]:
        said.append(f"{left_out['words_without_label']} words without a label")
    if rare:
        said.append(f"rare labels ({', '.join(f'{name} {count}' for name, count in rare.items())})")
    if said:
        yield f"Left out: {'; '.join(said)}."
    if result["labels_without_weights"]:
        yield f"No unit has a weight for {', '.join(result['labels_without_weights'])}."


def _known(summary: Result) -> Iterator[str]:
    """Accuracy beside that of the most frequent label, and of labels drawn for word types."""
    yield from heading(["", "accuracy"])
    yield row(["all units", _over(summary["accuracy"])])
    yield row(["most frequent label", _over(summary["majority"])])
    if "control_all" not in summary:
        return
    yield row(["control tasks", _over(summary["control_all"])])
    yield row(["control tasks, learned by heart", _over(summary["control_ceiling"])])
    yield row(["control tasks, most frequent label", _over(summary["control_majority"])])
    yield row(["selectivity", _over(summary["selectivity_all"])])
    yield row(["selectivity of the fewest units", _over(summary["selectivity_selected"])])


def _over(found: Result, form: str = ".3f") -> str:
    return shown(dict(found), form)


def _kept(probe: Result) -> Iterator[str]:
    yield from heading(["units", *(f"{which}, {WAYS[way]}" for way in WAYS for which in RANKED)])
    summary = probe["summary"]
    for kept in probe["splits"][0]["kept"]:
        percent = f"{kept['percent']:g}"
        cells = [_over(summary[f"{way}_{which}_{percent}"]) for way in WAYS for which in RANKED]
        yield row([f"{percent} % ({kept['units']})", *cells])
    yield ""
    draws = probe["splits"][0]["kept"][0]["kept"]["random"]["n"]
    yield f"Random: mean of {draws} draws in each split; the JSON has each draw and the range of 95 %."


def _minimal(probe: Result) -> Iterator[str]:
    splits = [one["minimal"] for one in probe["splits"]]
    none = sum(one["units"] is None for one in splits)
    summary = probe["summary"]
    yield (
        f"Fewest top units whose new probe is within {splits[0]['delta']:g} of all units on dev:"
        f" {_over(summary['minimal_units'], '.1f')}, accuracy {_over(summary['minimal_accuracy'])}"
        + (f"; in {none} splits no size that was tried." if none else ".")
    )


def _redundant(probe: Result) -> Iterator[str]:
    summary = probe["summary"]
    if "clusters" in summary:
        yield ""
        yield (
            f"Clusters of correlated units: {_over(summary['clusters'], '.1f')} of {probe['units']} units."
            f" A new probe of one unit of each: {_over(summary['clusters_one_each'])}; of as many random"
            f" units: {_over(summary['clusters_random'])}."
        )


def _layers(result: Result) -> Iterator[str]:
    names = ["accuracy", "majority", "control", "selectivity"]
    yield from heading(["layer", *names, "share of salient units", "by chance"])
    salient = result["salient"]
    for key, layer in result["layers"].items():
        share, expected = shown(salient["share"][key], ".2f"), f"{salient['expected'][key]:.2f}"
        yield row([key, *(shown(layer[name]) for name in names), share, expected])
    yield ""
    centre = shown(salient["centre"], ".2f")
    yield f"Mean layer of the salient units: {centre}; of all units {salient['expected_centre']:.2f}."


def _labels(result: Result) -> Iterator[str]:
    percent, tokens = result["salient"]["percent"], result["probe"]["label_tokens"]
    yield from heading(["label", "words", f"units of {percent:g} % of its weights"])
    for label, found in result["salient"]["labels"].items():
        yield row([label.replace("|", r"\|"), str(tokens[label]), shown(found, ".1f")])
    yield row(["any", str(sum(tokens.values())), shown(result["salient"]["any"], ".1f")])


def _top(units: Sequence[Result]) -> Iterator[str]:
    yield (
        "Of the first split; words at which a unit is farthest from its mean, with the sign. Words occur at"
        f" least {LEAST} times."
    )
    yield ""
    yield from heading(["unit", "words"])
    for unit in units:
        words = [f"{'+' if one['mean'] > 0 else '-'}{one['word']}" for one in unit["words"]]
        yield row([f"{unit['group']}:{unit['unit']}", " ".join(words).replace("|", r"\|") or UNDEFINED])
