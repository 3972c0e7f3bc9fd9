"""The test of criteria as tables: what each did, where it stands among random units, a verdict in words."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.random_draws import RANDOM, Draws
from workflow_scripts.common.students_t import half_interval

#: What is done to a set of units: they alone are removed, or they alone are kept.
REMOVED, KEPT = "removed", "kept"
TESTS, MEASURES = (REMOVED, KEPT), ("own", "others", "difference")
CSV_COLUMNS = (
    *("criterion", "test", "measure", "mean", "sd", "n"),
    *("random_mean", "random_sd", "random_low", "random_high", "draws", "draws_below"),
)
#: Harm to others of this share of the harm to the own direction: hardly specific.
HARDLY = 0.5
HEADINGS = {"own": "own", "others": "others", "difference": "own − others"}

Result = Mapping[str, Any]


def random_draws(result: Result, test: str, measure: str) -> Draws:
    """Return the means over directions of a measure, one for each random draw."""
    return Draws.of([result["summary"][name][test][measure]["mean"] for name in result["draws"]])


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each criterion, test and measure; of random units ``sd`` and ``n`` are over draws."""
    for test in TESTS:
        for measure in MEASURES:
            draws = random_draws(result, test, measure)
            about = [draws.mean, draws.sd, draws.low, draws.high, len(draws.values)]
            for name in result["criteria"]:
                found = result["summary"][name][test][measure]
                place = [*about, draws.fewer(found["mean"])]
                yield [name, test, measure, found["mean"], found["sd"], found["n"], *place]
            yield [RANDOM, test, measure, draws.mean, draws.sd, len(draws.values), *about, ""]


def verdicts(result: Result) -> dict[str, str]:
    """Return a line for each criterion: what removing and keeping its units does, how specific that is."""
    return {name: _verdict(name, result) for name in result["criteria"]}


def _verdict(name: str, result: Result) -> str:
    removed, kept = (result["summary"][name][test] for test in TESTS)
    harm, keeping = random_draws(result, REMOVED, "own"), random_draws(result, KEPT, "own")
    word = _specific(removed, random_draws(result, REMOVED, "difference"))
    return (
        f"{name}: {word}; removing its units changes the own direction by {removed['own']['mean']:+.3f} nats"
        f" a token, others by {removed['others']['mean']:+.3f} (random units {harm.mean:+.3f} ±"
        f" {harm.sd:.3f}), keeping them alone the own direction by {kept['own']['mean']:+.3f}, others by"
        f" {kept['others']['mean']:+.3f} (random units {keeping.mean:+.3f} ± {keeping.sd:.3f})"
    )


def _specific(removed: Result, draws: Draws) -> str:
    """Whether own minus others is above that of random units, and above 0 over directions, in figures."""
    own, others, difference = (removed[measure]["mean"] for measure in MEASURES)
    n = removed["difference"]["n"]
    reach = half_interval(removed["difference"]["sd"], n)
    figures = (
        f"own minus others {difference:+.3f} ± {reach:.3f} (95 % interval over {n} directions, above 0 in"
        f" {removed['difference']['positive']}), random units {draws.low:+.3f} to {draws.high:+.3f}"
    )
    if own <= 0 or draws.place(difference) != "above":
        return f"not specific, {figures}"
    if difference <= reach:
        return f"specific on average alone, {figures}"
    share = others / own
    told = "specific" if share <= HARDLY else "hardly specific"
    return f"{told}, others have {share:.0%} of its harm, {figures}"


def markdown(result: Result) -> str:
    """Return the tables: the test, a verdict for each criterion, the overlap by layer, and the two gates."""
    sentences = sum(text["sentences"] for text in result["texts"].values())
    tested = len(next(iter(result["others"].values())))
    lines = [
        f"# Criteria side by side: {result['system']}, seed {result['seed']}",
        "",
        f"Each criterion names {result['units']} of {result['of_units']} FFN neurons for each of"
        f" {len(result['texts'])} directions, as many in each layer ({result['size']}). Text:"
        f" {result['subset']}, {sentences} sentences. Nats per token more than the full model's:"
        f" mean ± standard deviation over directions; others: {tested} for each direction. Random: mean ±"
        f" standard deviation over {len(result['draws'])} draws. `*`: outside the range in which 95 % of"
        " random draws lie.",
        "",
        *heading(["criterion", *(f"{HEADINGS[measure]}, {test}" for test in TESTS for measure in MEASURES)]),
    ]
    columns = [(test, measure) for test in TESTS for measure in MEASURES]
    draws = {column: random_draws(result, *column) for column in columns}
    for name in result["criteria"]:
        cells = []
        for test, measure in columns:
            found = result["summary"][name][test][measure]
            mark = "" if draws[test, measure].place(found["mean"]) == "within" else " *"
            cells.append(f"{found['mean']:+.3f} ± {found['sd']:.3f}{mark}")
        lines.append(row([name, *cells]))
    lines.append(row([RANDOM, *(f"{one.mean:+.3f} ± {one.sd:.3f}" for one in draws.values())]))
    lines += ["", *(f"- {verdict}." for verdict in result["verdicts"].values())]
    lines += ["", "## Overlap of criteria", "", *_overlap(result)]
    if "semantics" in result:
        lines += ["", "## Row mask and removal", "", *_semantics(result)]
    return "\n".join(lines) + "\n"


def _overlap(result: Result) -> Iterator[str]:
    """A row for each pair of criteria, and of each with random units; a column for each layer."""
    layers = result["overlap"]
    yield "Intersection over union of the units of two criteria, mean over directions."
    yield ""
    yield from heading(["", *layers])
    names = [*result["criteria"], *result["draws"]]
    for number, one in enumerate(result["criteria"]):
        for two in result["criteria"][number + 1 :]:
            values = (layer[one][names.index(two)] for layer in layers.values())
            yield row([f"{one}, {two}", *(f"{value:.3f}" for value in values)])
        by_chance = (
            statistics.fmean(layer[one][names.index(draw)] for draw in result["draws"])
            for layer in layers.values()
        )
        yield row([f"{one}, {RANDOM}", *(f"{value:.3f}" for value in by_chance)])


def _semantics(result: Result) -> Iterator[str]:
    """Both gates of the same masks: what each adds to the loss, and how far they are apart."""
    found, full = result["semantics"], {name: text["full"] for name, text in result["texts"].items()}
    yield (
        f"The masks k{found['masks']['k']}, before any training: a row mask leaves a neuron's constant"
        " ReLU(bias), removal leaves nothing. Nats per token more than the full model's, mean ± standard"
        f" deviation over {len(full)} directions."
    )
    yield ""
    yield row([*found["nll"], "removal − row mask"])
    yield row(["---:"] * 3)
    masked, removed = ([nll[name] - full[name] for name in full] for nll in found["nll"].values())
    columns = (masked, removed, [b - a for a, b in zip(masked, removed, strict=True)])
    yield row([f"{statistics.fmean(one):+.3f} ± {statistics.stdev(one):.3f}" for one in columns])
