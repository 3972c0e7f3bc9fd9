"""Probes side by side: what each system's units know, and how far its salient units lie in other layers.

The centre of a system is the mean layer of its salient units. How far it moves from the baseline is told
beside how far the baselines of two seeds lie apart, which is the null: a smaller shift says nothing.
"""

import argparse
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.probes.spread import UNDEFINED, shown, spread
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json

FORMAT = "neuronspec-probes-1"
BASELINE = "baseline"
#: What is told of a probe.
MEASURES = ("accuracy", "majority", "control", "selectivity", "salient", "centre")
CSV_COLUMNS = (
    "stack",
    "property",
    "system",
    "measure",
    "mean",
    "sd",
    "n",
    "shift",
    "shift_sd",
    "shift_n",
    "null",
)

Result = Mapping[str, Any]


def read_probes(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what ``fit_probes`` wrote; UserError for another file, or one probe twice."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for path in paths:
        probe = read_json(path)
        if not isinstance(probe, dict) or probe.get("format") != FORMAT:
            raise UserError(f"{path}: not the JSON of fit_probes ({FORMAT})")
        key = tuple(str(probe[name]) for name in ("stack", "property", "system", "seed"))
        if key in found:
            raise UserError(f"{path}: {' '.join(key)} is there twice")
        found[key] = probe
    return list(found.values())


def compare(probes: Sequence[Result]) -> dict[str, Any]:
    """Return stack → property → system → its measures over seeds, its layers, and its shift.

    ``penalties``: every (l1, l2) that a probe of a seed and split has, ascending.
    ``shift``: of the centre and of each layer's share of salient units, from the baseline of the same seed,
    over seeds; ``null``: distances of centres of every two baselines; ``beyond_null``: whether the mean shift
    is larger than the largest of them, None without one.
    """
    found: dict[str, Any] = {}
    for probe in probes:
        by_system = found.setdefault(probe["stack"], {}).setdefault(probe["property"], {})
        by_system.setdefault(probe["system"], {})[probe["seed"]] = probe
    return {
        stack: {name: _property(by_system) for name, by_system in properties.items()}
        for stack, properties in found.items()
    }


def _property(by_system: Mapping[str, Mapping[int, Result]]) -> dict[str, Any]:
    baseline = by_system.get(BASELINE, {})
    centres = [probe["summary"]["centre"] for probe in baseline.values()]
    pairs = itertools.combinations([one for one in centres if one is not None], 2)
    null = [abs(one - other) for one, other in pairs]
    result = {}
    for system, by_seed in by_system.items():
        layers = list(next(iter(by_seed.values()))["layers"])
        result[system] = {
            "seeds": list(by_seed),
            "penalties": _penalties(by_seed.values()),
            **{
                measure: spread([probe["summary"][measure] for probe in by_seed.values()])
                for measure in MEASURES
            },
            "layers": {
                key: {
                    "accuracy": spread(
                        [probe["layers"][key]["accuracy"]["mean"] for probe in by_seed.values()]
                    ),
                    "selectivity": spread(
                        [probe["layers"][key]["selectivity"]["mean"] for probe in by_seed.values()]
                    ),
                    "share": spread([probe["salient"]["share"][key]["mean"] for probe in by_seed.values()]),
                    "expected": next(iter(by_seed.values()))["salient"]["expected"][key],
                }
                for key in layers
            },
        }
        if system != BASELINE and baseline:
            result[system]["shift"] = _shift(by_seed, baseline, layers, null)
    return result


def _penalties(probes: Iterable[Result]) -> list[tuple[float, float]]:
    chosen = (split["probe"] for probe in probes for split in probe["probe"]["splits"])
    return sorted({(one["l1"], one["l2"]) for one in chosen})


def _shift(
    by_seed: Mapping[int, Result], baseline: Mapping[int, Result], layers: Sequence[str], null: list[float]
) -> dict[str, Any]:
    both = [seed for seed in by_seed if seed in baseline]

    def differences(value: Any) -> dict[str, Any]:
        pairs = [(value(by_seed[seed]), value(baseline[seed])) for seed in both]
        return spread([None if None in pair else pair[0] - pair[1] for pair in pairs])

    centre = differences(lambda probe: probe["summary"]["centre"])
    return {
        "accuracy": differences(lambda probe: probe["summary"]["accuracy"]),
        "salient": differences(lambda probe: probe["summary"]["salient"]),
        "centre": centre,
        "share": {
            key: differences(lambda probe, key=key: probe["salient"]["share"][key]["mean"]) for key in layers
        },
        "null": null,
        "beyond_null": abs(centre["mean"]) > max(null) if null and centre["mean"] is not None else None,
    }


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each measure, and for accuracy and share of each layer."""
    for stack, name, system, found in _each(result):
        shift = found.get("shift", {})
        null = max(shift.get("null") or [None], key=lambda one: -1 if one is None else one)
        for measure in MEASURES:
            moved = shift.get(measure, {})
            yield [
                *(stack, name, system, measure),
                *(found[measure][what] for what in ("mean", "sd", "n")),
                *(moved.get(what) for what in ("mean", "sd", "n")),
                null if measure == "centre" else None,
            ]
        for key, layer in found["layers"].items():
            for measure in ("accuracy", "selectivity", "share"):
                moved = shift.get("share", {}).get(key, {}) if measure == "share" else {}
                yield [
                    *(stack, name, system, f"{measure} of {key}"),
                    *(layer[measure][what] for what in ("mean", "sd", "n")),
                    *(moved.get(what) for what in ("mean", "sd", "n")),
                    None,
                ]


def _each(result: Result) -> Iterator[tuple[str, str, str, Result]]:
    for stack, properties in result.items():
        for name, systems in properties.items():
            for system, found in systems.items():
                yield stack, name, system, found


def markdown(result: Result) -> str:
    """Return the tables: what is known, where, and what moves."""
    lines = [
        "# Probes side by side",
        "",
        "Mean ± standard deviation over (n) training seeds; each figure is itself a mean over splits."
        " Accuracy on held-out sentences, beside the most frequent label (majority) and control tasks, random"
        " labels of word types; selectivity is accuracy minus control. Salient: units that hold the given"
        " share of a label's weights, of any label. Centre: their mean layer.",
    ]
    for stack, properties in result.items():
        lines += ["", f"## {stack.capitalize()}", "", *heading(["property, system", *MEASURES])]
        for name, systems in properties.items():
            for system, found in systems.items():
                forms = {"salient": ".1f", "centre": ".2f"}
                cells = [shown(found[measure], forms.get(measure, ".3f")) for measure in MEASURES]
                lines.append(row([f"{name}, {system}", *cells]))
        lines += _of_several_penalties(properties)
        lines += ["", "Accuracy of a probe of each layer alone:", "", *_by_layer(properties, "accuracy")]
        lines += ["", "Share of the salient units in each layer:", "", *_by_layer(properties, "share")]
        lines += _shifts(properties)
    return "\n".join(lines) + "\n"


def _of_several_penalties(properties: Result) -> Iterator[str]:
    """A warning: a sparser probe has fewer salient units, whatever the model is."""
    for name, systems in properties.items():
        found = sorted({one for system in systems.values() for one in system["penalties"]})
        if len(found) > 1:
            told = ", ".join(f"{l1:g} and {l2:g}" for l1, l2 in found)
            yield from (
                "",
                f"**The probes of {name} have several penalties (l1 and l2: {told}).** Salient units and"
                " centres differ by that alone. To compare them, give one value of l1 and of l2.",
            )


def _by_layer(properties: Result, measure: str) -> Iterator[str]:
    layers = list(next(iter(next(iter(properties.values())).values()))["layers"])
    yield from heading(["property, system", *layers])
    for name, systems in properties.items():
        for system, found in systems.items():
            yield row([f"{name}, {system}", *(shown(found["layers"][key][measure]) for key in layers)])


def _shifts(properties: Result) -> Iterator[str]:
    moved = [
        (name, system, found["shift"])
        for name, systems in properties.items()
        for system, found in systems.items()
        if "shift" in found
    ]
    if not moved:
        return
    yield from ["", "Shift from the baseline of the same seed; null: how far two baselines lie apart.", ""]
    yield from heading(["property, system", "accuracy", "salient", "centre", "largest null", "beyond it"])
    for name, system, shift in moved:
        largest = format(max(shift["null"]), ".2f") if shift["null"] else UNDEFINED
        beyond = {True: "yes", False: "no", None: "undefined"}[shift["beyond_null"]]
        cells = [shown(shift[what], form) for what, form in _FORMS.items()]
        yield row([f"{name}, {system}", *cells, largest, beyond])


_FORMS = {"accuracy": "+.3f", "salient": "+.1f", "centre": "+.2f"}


def main(argv: list[str] | None = None) -> None:
    """Compare probes and write JSON, CSV and Markdown."""
    parser = argparse.ArgumentParser(description="Probes of several systems and seeds side by side.")
    parser.add_argument("--probes", type=Path, nargs="+", required=True, help="JSON of fit_probes")
    add_tables(parser)
    arguments = parser.parse_args(argv)
    result = compare(read_probes(arguments.probes))
    write_tables(
        arguments,
        {"format": "neuronspec-probes-compared-1", "stacks": result},
        CSV_COLUMNS,
        csv_rows(result),
        markdown(result),
    )


if __name__ == "__main__":
    run_main(main)
