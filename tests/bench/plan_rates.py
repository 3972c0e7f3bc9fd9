"""Rates of ``make plan`` from the benchmarks: ``run-in workflow tests.bench.plan_rates``, after ``make
bench``.

Inputs: ``results/benchmarks/benchmarks.json``, and ``first_estimates.csv`` of
``workflow_scripts/workflow/plan``. Output: the rows of that table whose source is `docs/benchmarks.md`,
with new seconds; their start-up, and all other rows, stay as they are.
"""

import argparse
import csv
import io
import json
from collections.abc import Callable, Mapping

from tests.bench import base_decoding
from tests.bench.benchmark import OUT, machine
from tests.bench.cases import count_1, decode_float32_small
from tests.bench.noisy_outputs import LINES
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.workflow.plan.first_estimates import FILE

BASE, SMALL = "52000000", "9629184"  # parameters
#: Threads of a training, if its config has none.
THREADS = 2
DIRECTIONS, SYSTEMS = 60, 2
Ours = Mapping[str, float]


#: Stage and parameters of a row: its benchmarks, the seconds of 1,000 units from their `ours` and its start.
RATES: dict[tuple[str, str], tuple[str, Callable[[Ours, float], float]]] = {
    ("train_baseline", BASE): ("baseline_step", lambda ours, _: ours["baseline_step"] / THREADS),
    ("finetune", BASE): ("ns_step_22", lambda ours, _: ours["ns_step_22"] / THREADS),
    ("decode", SMALL): (
        "decode_float32_small",
        lambda ours, start: (ours["decode_float32_small"] - start) * 1000 / decode_float32_small.SENTENCES,
    ),
    ("decode", BASE): (
        "decode_float32_base",
        lambda ours, start: (ours["decode_float32_base"] - start) * 1000 / base_decoding.SENTENCES,
    ),
    ("count_activations", BASE): (
        "count_1",
        lambda ours, start: (ours["count_1"] - start) * 1000 / count_1.SENTENCES,
    ),
    ("score", ""): (
        "score_120",
        lambda ours, start: (ours["score_120"] - SYSTEMS * start) * 1000 / (SYSTEMS * DIRECTIONS * LINES),
    ),
}


def renewed(table: str, ours: Ours, made_on: str) -> str:
    """Return the table with the rows of all benchmarks that were measured."""
    rows = list(csv.DictReader(io.StringIO(table)))
    for row in rows:
        names, rate = RATES.get((row["stage"], row["parameters"]), ("", None))
        if rate and set(names.split()) <= ours.keys():
            seconds = rate(ours, float(row["start"]))
            row |= {"seconds": f"{seconds:.2g}", "machine": made_on.replace(",", "")}
            row["source"] = f"docs/benchmarks.md: {names.replace(' ', ' and ')}"
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main(argv: list[str] | None = None) -> None:
    """Write the rates of what was measured on this machine."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args(argv)
    file = OUT / "benchmarks.json"
    if not file.exists():
        raise UserError(f"{file}: not there; make bench writes it")
    ours = {one["name"]: float(one["ours"]) for one in json.loads(file.read_text(encoding="utf-8"))}
    FILE.write_text(renewed(FILE.read_text(encoding="utf-8"), ours, machine()), encoding="utf-8")


if __name__ == "__main__":
    run_main(main)
