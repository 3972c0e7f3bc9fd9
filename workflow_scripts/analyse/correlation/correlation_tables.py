"""Cross-model correlation as tables: each figure of a site beside what chance gives there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.correlation.compare import shown
from workflow_scripts.analyse.correlation.figures import ABOVE, IN_SAMPLE, LINREG, MAX, MIN, SVCCA
from workflow_scripts.analyse.markdown_lines import heading, row

CSV_COLUMNS = (
    *("site", "form", "mean", "sd", "n", "above_chance"),
    *("chance_mean", "chance_sd", "chance_low", "chance_high", "draws", "units", "constant"),
)
#: Rows of a site in the CSV, and columns of the Markdown.
SHOWN = {MAX: "MaxCorr", MIN: "MinCorr", LINREG: "LinReg R²", IN_SAMPLE: "in-sample R²", SVCCA: "SVCCA"}

Result = Mapping[str, Any]


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each site and form; undefined figures are empty."""
    for site, facts in result["sites"].items():
        for form in (form for form in SHOWN if form in facts):
            found, chance = facts[form], facts[form]["chance"]
            about = [chance[key] for key in ("mean", "sd", "low", "high")]
            counts = [mean(facts["units"]), mean([one["text"] for one in facts["constant"]])]
            cells = [
                found["mean"],
                found["sd"],
                found["n"],
                above(found),
                *about,
                len(chance["draws"]),
                *counts,
            ]
            yield [site, form, *("" if cell is None else cell for cell in cells)]


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are defined; None if none is."""
    known = [one for one in values if one is not None]
    return sum(known) / len(known) if known else None


def above(found: Result) -> float | None:
    """Return the share of units above the bar of chance, the mean over models; None of SVCCA."""
    return mean([one["above_chance"] for one in found.get("models", [])])


def markdown(result: Result) -> str:
    """Return the tables: the forms by site, and how many units are above chance."""
    sites = result["sites"]
    forms = [form for form in SHOWN if any(form in facts for facts in sites.values())]
    models = result["models"]
    two = " With two models MaxCorr and MinCorr are the same." if len(models) == 2 else ""
    directions = result["text"]["directions"]
    lines = [
        f"# Cross-model correlation: {', '.join(models)}",
        "",
        f"Text: {result['subset']}, {sum(directions.values())} sentences of {len(directions)} directions;"
        f" {_tokens(result)}. Each figure is the mean over units that are not constant, then mean ± standard"
        " deviation over models (SVCCA: over pairs of models). In brackets: the same where the tokens of one"
        f" model have another order, mean over {result['draws']} draws. `*`: outside the range in which 95 %"
        f" of further draws lie.{two}",
        "",
        *heading(["site", "units", "constant", *(SHOWN[form] for form in forms)]),
    ]
    for site, facts in sites.items():
        counts = [mean(facts["units"]), mean([one["text"] for one in facts["constant"]])]
        cells = [_cell(facts[form]) for form in forms]
        lines.append(row([site, *(f"{count or 0:.0f}" for count in counts), *cells]))
    lines += [
        "",
        f"Share of units above the bar of chance, which {ABOVE:.0%} of units reach by chance:",
        "",
        *heading(["site", *(SHOWN[form] for form in forms if form != SVCCA)]),
    ]
    for site, facts in sites.items():
        shares = (above(facts[form]) for form in forms if form != SVCCA)
        lines.append(row([site, *("–" if one is None else f"{one:.0%}" for one in shares)]))
    return "\n".join(lines) + "\n"


def _tokens(result: Result) -> str:
    told = (
        f"{stack} {found['fit'] + found['held_out']} tokens ({found['held_out']} held out)"
        for stack, found in result["text"]["tokens"].items()
    )
    return ", ".join(told)


def _cell(found: Result) -> str:
    value, sd, chance = found["mean"], found["sd"], found["chance"]
    if value is None:
        return "undefined"
    outside = chance["low"] is not None and not chance["low"] <= value <= chance["high"]
    spread = "" if sd is None else f" ± {sd:.3f}"
    return f"{value:.3f}{spread} ({shown(chance['mean'])}){' *' if outside else ''}"
