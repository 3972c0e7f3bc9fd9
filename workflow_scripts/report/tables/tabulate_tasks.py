"""Tables of an encoder's tasks over seeds: how well each system does each task, and how far their heads
come apart."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.probes.spread import UNDEFINED, shown, spread
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json

FORMAT = "neuronspec-task-tables-1"
TRAINED, PRUNED = "neuronspec-task-training-1", "neuronspec-prune-tasks-1"
CSV_COLUMNS = ("system", "measure", "of", "mean", "sd", "n", "random_mean", "random_low", "random_high")
#: The metric of pruned heads that is each task's own.
OWN = "metric"
FORM = "relative"

Result = Mapping[str, Any]


def read_results(paths: Sequence[Path], form: str) -> dict[str, dict[int, Any]]:
    """Return system → seed → what a stage wrote; UserError for another file, or one that is there twice."""
    found: dict[str, dict[int, Any]] = {}
    for path in paths:
        value = read_json(path)
        if not isinstance(value, dict) or value.get("format") != form:
            raise UserError(f"{path}: not of the form {form}")
        of_system = found.setdefault(value["system"], {})
        if value["seed"] in of_system:
            raise UserError(f"{path}: {value['system']} of seed {value['seed']} is there twice")
        of_system[value["seed"]] = value
    return found


def tables(
    trained: Mapping[str, Mapping[int, Any]], pruned: Mapping[str, Mapping[int, Any]]
) -> dict[str, Any]:
    """Return ``scores`` (system → part → task → metric over seeds), ``chosen`` (system → updates of the
    chosen checkpoints) and ``dissociation`` (system → size → the mean over tasks over seeds, relative form,
    with the means of random heads)."""
    scores: dict[str, Any] = {}
    for system, by_seed in trained.items():
        first = next(iter(by_seed.values()))
        scores[system] = {
            part: {
                task: {
                    "metric": one["metric"],
                    "examples": one["n"],
                    **spread([each["metrics"][part][task]["value"] for each in by_seed.values()]),
                }
                for task, one in tasks.items()
            }
            for part, tasks in first["metrics"].items()
        }
    return {
        "scores": scores,
        "chosen": {name: [one["chosen"] for one in by.values()] for name, by in trained.items()},
        "dissociation": {name: dict(_apart([*by.values()])) for name, by in pruned.items()},
        "measured_on": {name: next(iter(by.values()))["subset"] for name, by in pruned.items()},
    }


def _apart(results: Sequence[Result]) -> Iterator[tuple[str, Any]]:
    for size in results[0]["dissociation"][OWN]:
        found = [one["dissociation"][OWN][size][FORM] for one in results]
        random = {
            key: spread([one["random"][key] for one in found])["mean"] for key in ("mean", "low", "high")
        }
        yield size, {**spread([one["mean"] for one in found]), "random": random}


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each task of each part of each system, and for each size of pruned heads."""
    figures = ("mean", "sd", "n")
    for system, parts in result["scores"].items():
        for part, tasks in parts.items():
            for task, one in tasks.items():
                measure = f"{one['metric']} on {part}"
                yield [system, measure, task, *(one[key] for key in figures), None, None, None]
    for system, sizes in result["dissociation"].items():
        for size, one in sizes.items():
            random = [one["random"][key] for key in ("mean", "low", "high")]
            yield [system, "dissociation, relative", size, *(one[key] for key in figures), *random]


def markdown(result: Result) -> str:
    """Return the page: scores of each part, then dissociation beside random heads."""
    lines = ["# Tasks", "", "Mean ± standard deviation over (n) training seeds; of one seed the mean alone."]
    parts = dict.fromkeys(part for one in result["scores"].values() for part in one)
    for part in parts:
        there = {name: one[part] for name, one in result["scores"].items() if part in one}
        tasks = next(iter(there.values()))
        named = [f"{task} ({one['metric']}, {one['examples']})" for task, one in tasks.items()]
        lines += ["", f"## On {part}", "", *heading(["system", *named])]
        lines += [row([system, *(shown(one) for one in found.values())]) for system, found in there.items()]
        if part == "valid":
            lines += ["", "The checkpoint was chosen on these examples, so these figures are too good."]
    said = "; ".join(f"{name}: {', '.join(map(str, one))}" for name, one in result["chosen"].items())
    if said:
        lines += ["", f"Updates of the chosen checkpoints, a seed each: {said}."]
    if result["dissociation"]:
        lines += _dissociation(result)
    return "\n".join(lines) + "\n"


def _dissociation(result: Result) -> Iterator[str]:
    yield from ["", "## Dissociation", ""]
    yield (
        "What a task loses without its most important heads, minus what the others lose by them, in percent"
        " of each one's own metric; mean over tasks. Random: the same number of random heads, with the range"
        " of 95 % of their assignments to tasks (means over seeds)."
    )
    yield from ["", *heading(["system, heads", "dissociation", "random", "95 % of random"])]
    for system, sizes in result["dissociation"].items():
        for size, one in sizes.items():
            random = [_plain(one["random"][key]) for key in ("mean", "low", "high")]
            yield row([f"{system}, {size}", shown(one, ".1f"), random[0], f"{random[1]} to {random[2]}"])
    on = ", ".join(dict.fromkeys(result["measured_on"].values()))
    yield from ["", f"Measured on {on}; each system's own page has every task and the loss."]


def _plain(value: float | None) -> str:
    return UNDEFINED if value is None else format(value, ".1f")


def main(argv: list[str] | None = None) -> None:
    """Read what was trained and pruned, and write the tables."""
    parser = argparse.ArgumentParser(description="Tables of an encoder's tasks over seeds.")
    parser.add_argument("--trained", type=Path, nargs="+", required=True, help="training.json of systems")
    parser.add_argument("--pruned", type=Path, nargs="*", default=[], help="JSON of prune_tasks")
    add_tables(parser)
    arguments = parser.parse_args(argv)
    found = tables(read_results(arguments.trained, TRAINED), read_results(arguments.pruned, PRUNED))
    write_tables(arguments, {"format": FORMAT, **found}, CSV_COLUMNS, csv_rows(found), markdown(found))


if __name__ == "__main__":
    run_main(main)
