"""The kept figures of unit analysis in docs/results: one CSV for each analysis of an experiment.

``python -m tests.results_kept results/EXPERIMENT docs/results/NAME [--shown SYSTEM]`` writes them, with the
system and the seed in front of every row. ``tests/results_analysis.py``, ``results_probes.py`` and
``results_seeds.py`` make tables of them.
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.results_cells import RESULTS

BASELINE = "baseline"
RANDOM = "random"
#: Kept table → the files of a stage below ``analysis``, and what its folders and names say.
STAGES = {
    "heads": ("prune_heads/*/s*.csv", ()),
    "effects": ("effect_matrix/*/s*.csv", ()),
    "ablation": ("ablate_units/*/s*.csv", ()),
    "probes": ("fit_probes/*/s*/*.csv", ("stack", "property")),
    "scores_by_label": ("score_by_label/*/s*/*.csv", ("stack", "property")),
    "stability": ("stability/*/s*/*.csv", ("masks",)),
    "mask_control": ("mask_control/*/s*/*.json", ("masks",)),
}
#: Files that are one of an experiment: kept table → its path below ``analysis``.
WHOLE = {"similarity": "compare_masks.csv", "shift": "compare_probes.csv"}
#: Of several seeds: the rows that tables show, without which a kept file would have thousands.
SHOWN: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    "effects": lambda row: row["size"] == "5%",
    "probes": lambda row: (
        row["system"] == BASELINE
        and not row["measure"].startswith("zeroed")
        and row["measure"][-3:] not in LARGER
    ),
    "scores_by_label": lambda row: row["system"] == BASELINE,
    "stability": lambda row: row["direction"] == "mean" and row["layer"].endswith(".mean"),
    "similarity": lambda row: row["kind"] == "sets" and row["layer"].endswith(".mean"),
}
LARGER = ("_15", "_20")


def keep(results: Path, out: Path, shown: str | None = None) -> list[Path]:
    """Write one CSV for each analysis that an experiment has; returns the files. ``shown``: of the rows in
    ``SHOWN`` alone, and of effect matrices those of this system."""
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    found: dict[str, list[dict[str, str]]] = {}
    for name, (pattern, said) in STAGES.items():
        place = results / "analysis"
        rows = [
            row for path in sorted(place.glob(pattern)) for row in _rows(path, path.relative_to(place), said)
        ]
        if rows:
            found[name] = rows
    for name, file in WHOLE.items():
        if (path := results / "analysis" / file).is_file():
            found[name] = _read(path)
    correlated = sorted((results / "analysis" / "correlate_units").glob("*/*.csv"))
    if correlated:
        between = [{"between": path.parent.name, "models": path.stem} for path in correlated]
        found["correlation"] = [
            {**front, **row} for front, path in zip(between, correlated, strict=True) for row in _read(path)
        ]
    if erased := sorted((results / "analysis" / "erase_correlated").glob("*/*/s*.csv")):
        found["erasure"] = [
            {"between": path.parts[-3], "system": path.parts[-2], "seed": path.stem.removeprefix("s"), **row}
            for path in erased
            for row in _read(path)
        ]
    for name, rows in found.items():
        kept_rows = [row for row in rows if not shown or SHOWN.get(name, lambda _: True)(row)]
        if shown and name == "effects":
            kept_rows = [row for row in kept_rows if row["system"] == shown]
        if kept_rows:
            written.append(_write(out / f"{name}.csv", kept_rows))
    return written


def _rows(path: Path, place: Path, said: Sequence[str]) -> Iterator[dict[str, str]]:
    _, system, seed, *_ = place.parts
    seed = seed.partition(".")[0].removeprefix("s")
    names = path.stem.split(".") if said else []
    front = {"system": system, "seed": seed, **dict(zip(said, names, strict=True))}
    found = _read(path) if path.suffix == ".csv" else _of_control(json.loads(path.read_text("utf-8")))
    for row in found:
        yield {**front, **row}


def _of_control(result: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The control of masks as rows: direction, under which masks, and nats per token."""
    for direction, one in result["directions"].items():
        values = [("full", one["full"]), ("own", one["own"])]
        values += [(f"other {name}, same {of['shares']}", of["nll"]) for name, of in one["others"].items()]
        values += [(f"{RANDOM}-{number}", nll) for number, nll in enumerate(one["random"], start=1)]
        for under, nll in values:
            yield {"direction": direction, "under": under, "nll": repr(nll), "tokens": str(one["tokens"])}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def kept(experiment: str, name: str) -> list[dict[str, str]]:
    """Return a kept table's rows of the baseline, or of ``EXPERIMENT:SYSTEM`` those of the system."""
    experiment, _, system = experiment.partition(":")
    rows = _read(RESULTS / experiment / f"{name}.csv")
    return [row for row in rows if row.get("system", BASELINE) == (system or BASELINE)]


def main(argv: list[str] | None = None) -> None:
    """Keep the figures of an experiment's analyses."""
    parser = argparse.ArgumentParser(description="Keep the figures of an experiment's analyses.")
    parser.add_argument("results", type=Path, help="results/EXPERIMENT")
    parser.add_argument("out", type=Path, help="docs/results/NAME")
    parser.add_argument(
        "--shown", help="keep the rows alone that tables show, effect matrices of this system"
    )
    arguments = parser.parse_args(argv)
    for path in keep(arguments.results, arguments.out, arguments.shown):
        print(path)


if __name__ == "__main__":
    main()
