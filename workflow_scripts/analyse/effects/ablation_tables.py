"""Ablation curves as tables: means over directions beside random draws, areas, and a verdict in words."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.effects.ablation import BOTTOM, KEPT, REMOVED, TESTS, TOP, row_of
from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.random_draws import RANDOM, Draws

Result = Mapping[str, Any]
NLL, AREA, UNDEFINED = "nll", "area", "–"
CSV_COLUMNS = (
    *("measure", "test", "set", "size", "share", "mean", "sd", "n"),
    *("random_mean", "random_sd", "random_low", "random_high"),
)
#: What a test is called in a heading.
SAID = {REMOVED: "removed", KEPT: "kept, all others removed"}
#: What the area of a test is called.
NAMES = {REMOVED: "effect when removed", KEPT: "faithfulness when kept"}


def summary(result: Result) -> list[dict[str, Any]]:
    """Return every point of every curve, and the areas, over directions.

    Of each: ``measure`` (``nll``: nats per token more than the whole model's; ``bleu``, ``chrf``: points
    more; ``area``), ``test`` (``removed``, ``kept``, or a gate), ``size`` and ``share`` of the units,
    ``sets``: set → mean, sd and n over directions; ``random``: of the draws' means, with the range of a
    further one.
    """
    found = []
    for measure, test, size, share, values in _points(result):
        sets = {name: mean_sd(each) for name, each in values.items()}
        means = [sets.pop(name)["mean"] for name in result["draws"]]
        draws = [mean for mean in means if mean is not None]
        about: dict[str, float | None] = dict.fromkeys(("mean", "sd", "low", "high"))
        if len(draws) == len(means):
            drawn = Draws.of(draws)
            about = {name: getattr(drawn, name) for name in about}
        key = {"measure": measure, "test": test, "size": size, "share": share}
        found.append({**key, "sets": sets, "random": about})
    return found


def _points(result: Result) -> Iterator[tuple[str, str, str, float | None, dict[str, list[float]]]]:
    """Yield measure, test, size, share of each point, and set → the value of each direction."""
    each = list(result["directions"].values())
    names = list(each[0]["added"][REMOVED])
    sizes = ["0%", *result["sizes"], "100%"]
    for test in TESTS:
        for place, (size, share) in enumerate(zip(sizes, result["shares"], strict=True)):
            yield (
                NLL,
                test,
                size,
                share,
                {name: [of["added"][test][name][place] for of in each] for name in names},
            )
        areas = {name: [_number(of["areas"][test][name]) for of in each] for name in names}
        yield AREA, test, "", None, areas
    dose = result["dose"]
    for gate in dose["gates"]:
        share = result["shares"][1 + result["sizes"].index(dose["size"])]
        yield (
            NLL,
            gate,
            dose["size"],
            share,
            {name: [of["dose"][name][gate] for of in each] for name in names},
        )
    translated = list(result.get("translations", {}).values())
    for metric in _signatures(result):
        for test in TESTS:
            for size, share in zip(result["sizes"], result["shares"][1:-1], strict=True):
                values = {
                    name: [
                        of["rows"][row_of(test, name, size)][metric] - of["rows"]["full"][metric]
                        for of in translated
                    ]
                    for name in names
                }
                yield metric, test, size, share, values


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each point and set, and one for random units."""
    for point in result["summary"]:
        key = [point[name] for name in ("measure", "test")]
        where = [point["size"], _cell(point["share"])]
        about = [_cell(point["random"][name]) for name in ("mean", "sd", "low", "high")]
        for name, one in point["sets"].items():
            yield [*key, name, *where, *(_cell(one[field]) for field in ("mean", "sd", "n")), *about]
        yield [*key, RANDOM, *where, *about[:2], len(result["draws"]), *about]


def _cell(value: float | None) -> float | str:
    return "" if value is None else value


def verdicts(result: Result) -> dict[str, str]:
    """Return a line for each score: how its units compare with random ones, over all sizes and at each."""
    return {name: _verdict(name, result) for name in result["scores"]}


def _verdict(name: str, result: Result) -> str:
    areas = {point["test"]: point for point in result["summary"] if point["measure"] == AREA}
    points = [point for point in result["summary"] if (point["measure"], point["test"]) == (NLL, REMOVED)][
        1:-1
    ]
    ordered = sum(_in_order(point, name) for point in points)
    parts = []
    for test, what in NAMES.items():
        top, bottom = (_mean(areas[test]["sets"][f"{name} {end}"]) for end in (TOP, BOTTOM))
        about = f"{_place(areas[test], name)} random units ({_range(areas[test]['random'])})"
        parts.append(f"{what} {top}, {about}, of its lowest units {bottom}")
    return (
        f"{name}: {'; '.join(parts)}; the loss without its highest, random and lowest units falls in this"
        f" order at {ordered} of {len(points)} sizes (to within one sd of the draws)"
    )


def _in_order(point: Result, name: str) -> bool:
    """Whether the highest units cost at least what random ones do, and these what the lowest do."""
    top, bottom = (point["sets"][f"{name} {end}"]["mean"] for end in (TOP, BOTTOM))
    about = point["random"]
    return bool(top >= about["mean"] - about["sd"] and about["mean"] + about["sd"] >= bottom)


def _place(point: Result, name: str) -> str:
    value, about = point["sets"][f"{name} {TOP}"]["mean"], point["random"]
    if value is None or about["low"] is None:
        return "not comparable with"
    return "below" if value < about["low"] else "above" if value > about["high"] else "within the range of"


def _mean(one: Result, sign: str = "") -> str:
    if one["mean"] is None:
        return "undefined"
    return f"{one['mean']:{sign}.3f}" + ("" if one["sd"] is None else f" ± {one['sd']:.3f}")


def _range(about: Result) -> str:
    return "undefined" if about["low"] is None else f"{about['low']:.3f} to {about['high']:.3f}"


def markdown(result: Result) -> str:
    """Return the verdicts, the areas, both curves, the response to scaling and translations as tables."""
    sentences = sum(one["sentences"] for one in result["directions"].values())
    gone = "0" if result["replace"] == "zero" else "its mean over the text"
    lines = [
        f"# Ablation curves: {result['system']}, seed {result['seed']}",
        "",
        f"Units of each direction by its own scores, as many of each layer, of {result['units']}"
        f" ({', '.join(result['kinds'])}; {' and '.join(result['stacks'])}). Text: {result['subset']},"
        f" {len(result['directions'])} directions, {sentences} sentences. A removed unit is {gone}. Nats per"
        " token more than the whole model's: mean ± standard deviation over directions. Random: mean ±"
        f" standard deviation over {len(result['draws'])} draws. `*`: outside the range in which 95 % of"
        " random draws lie.",
        "",
        *(f"- {line}." for line in result["verdicts"].values()),
    ]
    sets = list(result["summary"][0]["sets"])
    areas = [point for point in result["summary"] if point["measure"] == AREA]
    lines += ["", "## Areas", "", *heading(["", *sets, RANDOM])]
    lines += [_line(NAMES[point["test"]], point) for point in areas]
    for test in TESTS:
        lines += ["", f"## Loss, units {SAID[test]}", "", *heading(["units", *sets, RANDOM])]
        lines += [_line(point["size"], point, "+") for point in _of(result, NLL, [test])]
    if gates := result["dose"]["gates"]:
        lines += ["", f"## Loss, {result['dose']['size']} of the units scaled", ""]
        lines += heading(["factor", *sets, RANDOM])
        lines += [_line(_factor(point["test"]), point, "+") for point in _of(result, NLL, gates)]
    for metric, signature in _signatures(result).items():
        for test in TESTS:
            lines += ["", f"## {metric}, units {SAID[test]}", "", f"Points more. `{signature}`", ""]
            lines += heading(["units", *sets, RANDOM])
            lines += [_line(point["size"], point, "+") for point in _of(result, metric, [test])]
    return "\n".join(lines) + "\n"


def _of(result: Result, measure: str, tests: Sequence[str]) -> Iterator[Result]:
    return (point for point in result["summary"] if point["measure"] == measure and point["test"] in tests)


def _signatures(result: Result) -> dict[str, str]:
    """Return sacrebleu's signature of each metric, where there are translations."""
    found: dict[str, str] = {}
    for one in result.get("translations", {}).values():
        found = one["signatures"]
    return found


def _factor(gate: str) -> str:
    return gate.removeprefix("scale:").replace("zero", "0")


def _line(name: str, point: Result, sign: str = "") -> str:
    cells, about = [], point["random"]
    for one in point["sets"].values():
        out = None not in (one["mean"], about["low"]) and not about["low"] <= one["mean"] <= about["high"]
        cells.append(_mean(one, sign) + (" *" if out else ""))
    return row([name, *cells, _mean(about, sign)])
