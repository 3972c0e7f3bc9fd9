"""Effect matrices as tables, and in words: are units that look specialised causally special?"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.kept_units import ALONE
from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.random_draws import Draws

Result = Mapping[str, Any]
UNDEFINED = "–"
CSV_COLUMNS = ("side", "set", "size", "units_of", "loss_of", "raw", "centred")
#: Mean harm to others of this share of the harm to the own language, or more: hardly special.
HARDLY = 0.5


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each cell of each matrix, random draws among them."""
    for side, of_side in result["sides"].items():
        languages = list(of_side["languages"])
        for name, by_size in of_side["sets"].items():
            for size, found in by_size.items():
                for units_of, raw, centred in zip(languages, found["raw"], found["centred"], strict=True):
                    for loss_of, *values in zip(languages, raw, centred, strict=True):
                        yield [side, name, size, units_of, loss_of, *values]


def random_advantages(result: Result, side: str, size: str) -> Draws:
    """Return the diagonal's advantages of random draws of a size."""
    sets = result["sides"][side]["sets"]
    return Draws.of([sets[draw][size]["advantage"] for draw in result["draws"]])


def verdicts(result: Result) -> dict[str, str]:
    """Return a line for each side, criterion and size."""
    return {
        f"{side}, {name}, {size}": f"{name}, {size} of the {of_side['stack']}'s units, {side}:"
        f" {_verdict(result, side, name, size)}"
        for side, of_side in result["sides"].items()
        for name in result["criteria"]
        for size in of_side["units"]
    }


def _verdict(result: Result, side: str, name: str, size: str) -> str:
    found, level = result["sides"][side]["sets"][name][size], result["level"]
    draws, test = random_advantages(result, side, size), found["permutation"]
    n = len(found["raw"])
    shown = sum(
        one["p_holm"] is not None and one["p_holm"] <= level and one["difference"] > 0
        for one in found["paired"]
    )
    share = found["others"] / found["own"] if found["own"] > 0 else None
    orders = f"all {test['orders']}" if test["exact"] else f"{test['orders']} random"
    figures = (
        f"own units add {found['own']:+.3f} nats a token, those of other languages {found['others']:+.3f};"
        f" centred, the own ones stand out by {found['advantage']:+.3f} (random units {draws.low:+.3f} to"
        f" {draws.high:+.3f}), permutation p {test['p']:.4f} of {orders} orders (smallest possible"
        f" {test['smallest_p']:.4f}); {shown} of {n} languages lose more from their own units than from"
        f" those of others (paired over sentences, Holm, {level:g})"
    )
    if found["own"] <= 0 or draws.place(found["advantage"]) != "above":
        word = "not special"
    elif test["smallest_p"] > level:
        word = (
            f"above random units, but {n} languages are too few: the permutation test cannot be significant"
        )
    elif test["p"] > level:
        word = "above random units, but not significant"
    else:
        word = (
            "causally special"
            if share is not None and share < HARDLY
            else "special, but others are harmed too"
        )
    told = UNDEFINED if share is None else f"{share:.0%}"
    met = statistics.fmean(found["own_units"])
    # Else units that fill up would be praised as the criterion's.
    filled = "" if met == 1 else f"; {met:.0%} of the units meet what {name} asks for, others fill up"
    return f"{word}; {figures}; others have {told} of the harm to the own language{filled}"


def markdown(result: Result) -> str:
    """Return the verdicts, the figures of each set of units, and every matrix, raw and centred."""
    gone = "0" if result["replace"] == "zero" else "their mean over the text"
    lines = [
        f"# Effect matrices: {result['system']}, seed {result['seed']}",
        "",
        f"The units of the row's language are {gone}; nats per token that the loss of the column's language"
        f" rises by. Text: {result['subset']}. Centred: means of rows and columns taken out. Random:"
        f" {len(result['draws'])} draws of as many units of each layer for each language.",
        "",
        *(f"- {line}." for line in result["verdicts"].values()),
    ]
    for side, of_side in result["sides"].items():
        lines += ["", f"## {side}, units of the {of_side['stack']}", "", *_figures(result, side)]
        if side == ALONE:
            lines += ["", f"Perplexity of the whole model: {_perplexities(of_side)}."]
        for size in of_side["units"]:
            for name in result["criteria"]:
                lines += _matrix(of_side, name, size, side == ALONE)
    return "\n".join(lines) + "\n"


def _figures(result: Result, side: str) -> Iterator[str]:
    of_side = result["sides"][side]
    columns = ["own", "others", "advantage", "p", "smallest p", "hit hardest", "collateral", "own units"]
    yield from heading(["units", *columns])
    n = len(of_side["languages"])
    for size, units in of_side["units"].items():
        for name in result["criteria"]:
            found = of_side["sets"][name][size]
            test = found["permutation"]
            cells = [f"{found[one]:+.3f}" for one in ("own", "others", "advantage")]
            cells += [f"{test['p']:.4f}", f"{test['smallest_p']:.4f}", f"{found['hit_hardest']} of {n}"]
            cells += [_mean(found["collateral"]), f"{statistics.fmean(found['own_units']):.0%}"]
            yield row([f"{name}, {size} ({units})", *cells])
        draws = random_advantages(result, side, size)
        sets = [of_side["sets"][draw][size] for draw in result["draws"]]
        own, others = (statistics.fmean(one[key] for one in sets) for key in ("own", "others"))
        hit = statistics.fmean(one["hit_hardest"] for one in sets)
        about = f"{draws.mean:+.3f} ± {draws.sd:.3f}"
        cells = [f"{own:+.3f}", f"{others:+.3f}", about, UNDEFINED, UNDEFINED, f"{hit:.1f} of {n}"]
        yield row([f"random, {size} ({units})", *cells, UNDEFINED, UNDEFINED])


def _mean(values: Sequence[float | None]) -> str:
    """The mean of what is defined, and of how many."""
    there = [one for one in values if one is not None]
    if not there:
        return f"undefined of {len(values)}"
    return f"{statistics.fmean(there):.2f}" + (f" (n {len(there)})" if len(there) < len(values) else "")


def _perplexities(of_side: Result) -> str:
    return ", ".join(f"{name} {math.exp(one['full']):.2f}" for name, one in of_side["languages"].items())


def _matrix(of_side: Result, name: str, size: str, alone: bool) -> Iterator[str]:
    """``alone``: of texts that are no translations, in perplexity, too."""
    languages = list(of_side["languages"])
    found = of_side["sets"][name][size]
    matrices = {what: (found[what], "+.3f") for what in ("raw", "centred")}
    if alone:
        times = [[math.exp(value) for value in values] for values in found["raw"]]
        matrices["times the perplexity"] = times, ".3f"
    for what, (matrix, form) in matrices.items():
        yield from ("", f"{name}, {size}, {what}", "")
        yield from heading(["", *languages])
        for language, values in zip(languages, matrix, strict=True):
            yield row([language, *(f"{value:{form}}" for value in values)])
    yield ""
    yield from heading(["own − others", *languages])
    tests = found["paired"]
    yield row(["difference", *(f"{one['difference']:+.3f}" for one in tests)])
    yield row(["95 %", *(f"{one['low']:+.3f} to {one['high']:+.3f}" for one in tests)])
    yield row(["p, Holm", *(UNDEFINED if one["p_holm"] is None else f"{one['p_holm']:.4f}" for one in tests)])
