"""``tables/units.md``, and the same in a few lines for a terminal. Standard library only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.report.tables.writing import Digits, rounded

TENTHS, IOU = Digits(1), Digits(3)
_NAMES = {
    "ffn": "FFN neurons", "self": "attention heads", "cross": "attention heads",
    "resid": "residual dimensions",
}  # fmt: skip
#: Rules by which a direction keeps units that no score of its own has selected.
UNSCORED = ("random", "shuffled", "swapped")
#: Units of a language that the page names; the others are in the JSON.
NAMED = 5
NOTES = (
    "Directions that are only evaluated are left out.",
    "A language's units on a side are those that its direction there keeps (without a pivot: that at least"
    " one of its directions keeps). *Own*: for it and no other language of the side. *Shared*: for all of"
    " them.",
    "Where directions read the same source text, their encoders do the same, and no encoder unit tells them"
    " apart.",
    "A unit is its layer and its index in that layer, from 0. All ids: `units.json`; single figures:"
    " `units.csv`.",
)


def markdown(result: Mapping[str, Any]) -> str:
    """Return the page: an overview of all sets, then each set of the first seed."""
    sets = result["sets"]
    first = sets[0]["seed"]
    lines = ["# Units that masks keep", "", f"- {_what_masks_say(sets)} {NOTES[0]}"]
    lines += [f"- {note}" for note in NOTES[1:]]
    if len({one["seed"] for one in sets}) > 1:
        lines.append(
            f"- Below the overview: seed {first}. Units of two seeds are of two networks: ids do not compare."
        )
    lines += ["", "## Every mask set", "", *_overview(sets)]
    for one in sets:
        if one["seed"] == first:
            lines += ["", f"## {one['masks']}, seed {first}", *_one_set(one)]
    return "\n".join(lines) + "\n"


def _what_masks_say(sets: Sequence[Mapping[str, Any]]) -> str:
    units = unit_names(layer for one in sets for layer in one["layers"])
    said = f"A mask says which {units} {'' if units == 'units' else '(units) '}a direction keeps"
    plain = ("mass", "all", None)
    if all(one["rule"] in plain and not {"select", "of"} & one.keys() for one in sets):
        return (
            f"{said}: those that carry most of the activations of the baseline on validation text, before any"
            " fine-tuning."
        )
    named = dict.fromkeys(f"{one['masks']} {how_selected(one)}" for one in sets)
    return f"{said}: {'; '.join(named)}."


def how_selected(one: Mapping[str, Any]) -> str:
    """Return how a set was selected, or of which kind its rows are where it was made of another one."""
    select = str(one.get("select", f"mass:{one['k']}" if one["k"] else "all"))
    said = f"`{select}`" if select.startswith(str(one["rule"])) else str(one["rule"])
    return f"{said} of {one['of']}" if "of" in one else said


def unit_names(layers: Iterable[str]) -> str:
    """Return what the units of these groups are called."""
    names = {_NAMES.get(layer.rpartition(".")[2], "units") for layer in layers}
    return names.pop() if len(names) == 1 else "units"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]


def _percent(units: float, of: int) -> str:
    return f"{rounded(100 * units / of, TENTHS)}%"


def _sum(by_layer: Mapping[str, Sequence[int]]) -> int:
    return sum(map(len, by_layer.values()))


def _overview(sets: Sequence[Mapping[str, Any]]) -> list[str]:
    """One row a set and seed: shares of all units, that directions keep and that languages share or own."""
    sides = list(dict.fromkeys(side for one in sets for side in one["sides"]))
    header = ["masks", "seed", "kept, mean", "least", "most"]
    header += [f"{side}: {what}" for side in sides for what in ("shared", "own, mean")]
    rows = []
    for one in sets:
        whole = sum(one["layers"].values())
        kept = [sum(by_layer.values()) for by_layer in one["kept"].values()]
        cells = [one["masks"], str(one["seed"])]
        cells += [_percent(units, whole) for units in (sum(kept) / len(kept), min(kept), max(kept))]
        for side in sides:
            found = one["sides"].get(side)
            own = [_sum(by_layer) for by_layer in found["own"].values()] if found else []
            figures = (_sum(found["all"]), sum(own) / len(own)) if found else ()
            cells += [_percent(units, whole) for units in figures] or ["–", "–"]
        rows.append(cells)
    wholes = {sum(one["layers"].values()) for one in sets}
    of = "the units of each set"
    if len(wholes) == 1:
        names = unit_names(layer for one in sets for layer in one["layers"])
        of = f"the {wholes.pop():,} {'units of the network' if names == _NAMES['ffn'] else names}"
    return [*_table(header, rows), "", f"Of {of}."]


def _one_set(one: Mapping[str, Any]) -> list[str]:
    layers = one["layers"]
    whole = sum(layers.values())
    rows = []
    for direction, kept in one["kept"].items():
        shares = [_percent(kept[layer], layers[layer]) for layer in layers]
        rows.append([direction, *shares, _percent(sum(kept.values()), whole)])
    table = _table(["", *layers, "all layers"], rows)
    lines = ["", "### Share of units that each direction keeps", "", *table]
    for side, found in one["sides"].items():
        title = f"### {side[0].upper()}{side[1:]}"  # str.capitalize would make small letters of a code's
        lines += ["", f"{title}: overlap of languages (IoU)", "", *_overlap(found)]
        lines += ["", f"{title}: shared and own units", "", *_shared_and_own(found, list(layers))]
    if not one["sides"]:
        lines += ["", "No side has two languages: there is nothing to compare."]
    return lines


def _overlap(found: Mapping[str, Any]) -> list[str]:
    """Language × language, two stacks in one table; a table for each kind of unit."""
    kinds = dict.fromkeys(key.partition(".")[2] for key in found["iou"] if key.endswith(".mean"))
    lines = [line for kind in kinds for line in [*_overlap_of(found, kind), ""]]
    said = "Mean over layers; above the diagonal: decoder, below it: encoder. Single layers: `units.csv`."
    return [*lines, said]


def _overlap_of(found: Mapping[str, Any], kind: str) -> list[str]:
    """``kind``: what follows the stack in the key of its mean."""
    languages = list(found["languages"])
    encoder, decoder = (found["iou"].get(f"{stack}.{kind}") for stack in ("encoder", "decoder"))
    rows = []
    for row, name in enumerate(languages):
        stacks = [encoder if column < row else decoder for column in range(len(languages))]
        cells = [rounded(stack[row][column], IOU) if stack else "–" for column, stack in enumerate(stacks)]
        cells[row] = "–"
        rows.append([name, *cells])
    return _table([kind.removesuffix("mean").rstrip("."), *languages], rows)


def _shared_and_own(found: Mapping[str, Any], layers: Sequence[str]) -> list[str]:
    named = {f"all {len(found['languages'])}": found["all"]}
    named |= {f"{language} alone": own for language, own in found["own"].items()}
    rows = [
        [name, *(str(len(ids[layer])) for layer in layers), str(_sum(ids)), _first(ids)]
        for name, ids in named.items()
    ]
    return _table(["kept by", *layers, "all layers", "such as"], rows)


def _first(ids: Mapping[str, Sequence[int]]) -> str:
    """Name some units, of the last layers first: those are nearest to the words that are written."""
    left, named = NAMED, []
    for layer in reversed(list(ids)):
        if some := ids[layer][:left]:
            named.append(f"{layer} {', '.join(map(str, some))}")
            left -= len(some)
    return "; ".join(named) + (", …" if _sum(ids) > NAMED else "")


def most_different(sets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the set of the smallest k, where languages differ most; without a sweep of k, the first set that
    is selected by a score."""
    return min(sets, key=lambda one: (one["masks"] != f"k{one.get('k')}", one.get("rule") in UNSCORED))


def console(result: Mapping[str, Any], width: int = 99) -> list[str]:
    """Return a few lines on the set in which languages differ most."""
    one = most_different(result["sets"])
    whole = sum(one["layers"].values())
    units = f"{whole:,} {unit_names(one['layers'])}"
    lines = [f"Units that masks keep ({one['masks']}, seed {one['seed']}; of {units})"]
    for side, found in one["sides"].items():
        count = len(found["languages"])
        shared = f"  {side}: {_sum(found['all']):,} for all {count} languages; for one alone "
        own = {language: _sum(by_layer) for language, by_layer in found["own"].items()}
        lines.append(shared + _fitting(_listed(own), width - len(shared)))
    return lines if one["sides"] else []


def _fitting(forms: Iterator[str], width: int) -> str:
    """Return the first form that is short enough, else the last, which is the shortest."""
    said = ""
    for said in forms:
        if len(said) <= width:
            break
    return said


def _listed(own: Mapping[str, int]) -> Iterator[str]:
    """Yield each language's number; their mean with the most and the least; their mean alone."""
    yield ", ".join(f"{language} {units:,}" for language, units in own.items())
    mean = f"{rounded(sum(own.values()) / len(own), TENTHS)} on average"
    (most, units), *_, (least, fewest) = sorted(own.items(), key=lambda item: -item[1])
    yield f"{mean} (from {least} {fewest:,} to {most} {units:,})"
    yield mean
