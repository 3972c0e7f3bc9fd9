"""The pruning of heads as CSV and Markdown: curves, dissociation, matrices, relation to similarity."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.heads.dissociation import FORMS
from workflow_scripts.analyse.markdown_lines import heading, row

CSV_COLUMNS = (
    *("metric", "size", "measure", "task", "mean", "sd", "n"),
    *("random_mean", "random_sd", "random_low", "random_high", "draws"),
)
#: In the place of a task: the mean over all.
EVERY = "mean"
#: Of tasks that have one each: their own.
OWN = "metric"
#: Metric → its name, and what its change is in.
TITLES = {"nll": "Loss", "bleu": "BLEU", "chrf": "chrF2++", OWN: "The metric of each task"}
UNITS = {**TITLES, "nll": "nats per token"}
OF_EXAMPLES = {"nll": "nats, or squared error, per example", OWN: "each task in its own"}
UNDEFINED = "–"

Result = Mapping[str, Any]


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each metric, size and measure: own and others (change of the metric, over tasks), and
    both forms of dissociation, of each task and of the mean over tasks."""
    draws = len(result["draws"])
    for metric, sizes in result["curves"].items():
        for size, found in sizes.items():
            random = [found["random"][key] for key in ("mean", "sd", "low", "high")]
            for measure in ("own", "others"):
                yield [metric, size, measure, EVERY, *_figures(found[measure]), *random, draws]
            for form in FORMS:
                one = result["dissociation"][metric][size][form]
                chance = one["random"]
                for task, value, of_task in zip(result["tasks"], one["tasks"], chance["tasks"], strict=True):
                    by_chance = [of_task[key] for key in ("mean", "sd", "low", "high")]
                    yield [metric, size, form, task, value, "", 1, *by_chance, draws]
                by_chance = [chance["mean"], "", chance["low"], chance["high"]]
                yield [metric, size, form, EVERY, *_figures(one), *by_chance, draws]


def _figures(found: Result) -> list[Any]:
    return [found[key] for key in ("mean", "sd", "n")]


def markdown(result: Result) -> str:
    """Return the tables of every metric; the matrices of the largest size."""
    kept = result["keep_per_layer"]
    rule = "the least important first" if result["ascending"] else "the most important first"
    rule += ", of each type of attention" if result["scope"] == "type" else ", of the whole model"
    rule += f", {kept} of each attention stay" if kept else ""
    rule += ", scored again before each size" if result["exact"] else ""
    counting = result["counting"] + (", normalised by layer" if result["normalised"] else "")
    lines = [
        f"# Pruned heads: {result['system']}, seed {result['seed']}",
        "",
        f"{len(result['tasks'])} tasks, {sum(result['groups'].values())} heads. Heads are ranked on"
        f" `{result['scored_on']}` ({counting}), {rule}; tasks are measured on `{result['subset']}`."
        f" Random: {len(result['draws'])} draws by the same rule. `*`: outside the range in which 95 % of"
        " random draws lie.",
    ]
    for metric in result["metrics"]:
        lines += ["", f"## {TITLES[metric]}", "", *_own_metrics(result, metric), *_curves(result, metric)]
        lines += ["", *_dissociation(result, metric), "", *_similarity(result, metric)]
        lines += ["", *_matrix(result, metric)]
    return "\n".join(lines) + "\n"


def _own_metrics(result: Result, metric: str) -> Iterator[str]:
    """Which metric each task has, where they have one of their own, and of how many examples."""
    if metric == OWN and (of := result.get("task_metrics")):
        named = (f"{task}: {one['metric']}, n = {one['n']}" for task, one in of.items())
        yield from (f"{'; '.join(named)}. {UNDEFINED}: undefined.", "")


def _curves(result: Result, metric: str) -> Iterator[str]:
    units = OF_EXAMPLES if "task_metrics" in result else UNITS
    yield (
        f"Change of the metric ({units[metric]}) without a task's heads: of the task itself, of"
        " the others; mean ± standard deviation over tasks, for random heads over draws."
    )
    yield ""
    yield from heading(["heads", "pruned", "own", "others", "random"])
    for size, found in result["curves"][metric].items():
        cells = []
        for measure in ("own", "others"):
            mark = " *" if found[measure]["place"] in ("below", "above") else ""
            cells.append(f"{_spread(found[measure])}{mark}")
        gone = sum(result["sizes"][size].values())
        yield row([size, str(gone), *cells, _spread(found["random"])])


def _dissociation(result: Result, metric: str) -> Iterator[str]:
    yield (
        "Dissociation, times 100: above 0 where a task loses more by its own heads than others do. Public: of"
        " raw metrics, which is not 0 for no effect where tasks score differently; relative: of shares of"
        " each task's own base. Random heads: 95 % of assignments of random sets to tasks. p, one-sided: of"
        " these, and of exchanging the sets of tasks."
    )
    yield ""
    yield from heading(["heads", "form", "D, mean ± sd", "random heads", "p, random", "p, exchanged"])
    for size, forms in result["dissociation"][metric].items():
        for form in FORMS:
            one = forms[form]
            random, exchanged = one["random"], one["permuted"]
            span = f"{_shown(random['low'], 2)} to {_shown(random['high'], 2)}"
            p = [_p(random["p"]), _p_or_none(exchanged["p"], exchanged["smallest_p"])]
            yield row([size, form, f"{_spread(one, 2)}", span, *p])


def _similarity(result: Result, metric: str) -> Iterator[str]:
    yield (
        "Dissociation of two tasks (relative form) against their similarity: Spearman's ρ over pairs, p by"
        " permuting tasks, two-sided. Below 0: similar tasks come apart less."
    )
    yield ""
    yield from heading(["heads", "similarity", "pairs", "ρ", "p"])
    for size, ways in result["against_similarity"][metric].items():
        for way, one in ways.items():
            p = one["note"] if one["p"] is None else _p_or_none(one["p"], one["smallest_p"])
            yield row([size, way, str(one["pairs"]), _shown(one["rho"], 2), p])


def _matrix(result: Result, metric: str) -> Iterator[str]:
    size = list(result["matrices"][metric])[-1]
    yield f"The metric of each task (columns) without the heads of a task (rows), {size} pruned."
    yield ""
    names = list(result["tasks"])
    yield from heading(["heads of", *names])
    digits = 2 if result["metrics"][metric]["rises"] else 3
    yield row(["none", *(_shown(value, digits) for value in result["base"][metric].values())])
    for name, values in result["matrices"][metric][size].items():
        yield row([name, *(_shown(value, digits) for value in values.values())])


def _spread(found: Result, digits: int = 3) -> str:
    if found["mean"] is None:
        return "undefined"
    sd = f"{found['sd']:.{digits}f}" if found["sd"] is not None else UNDEFINED
    return f"{found['mean']:+.{digits}f} ± {sd}"


def _shown(value: float | None, digits: int) -> str:
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def _p(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def _p_or_none(value: float | None, smallest: float) -> str:
    """A p, or that no p could have been small enough."""
    return f"{_p(value)}{f' (cannot be significant: at least {smallest:.2g})' if smallest > 0.05 else ''}"
