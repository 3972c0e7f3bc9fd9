"""The kept figures of unit analysis in docs/results: one CSV for each analysis of an experiment.

``python -m tests.results_kept results/EXPERIMENT docs/results/NAME`` writes them, with the system and the
seed in front of every row. ``tests/results_analysis.py`` and ``tests/results_probes.py`` make tables of them.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
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
    "stability": ("stability/*/s*/*.csv", ("masks",)),
    "mask_control": ("mask_control/*/s*/*.json", ("masks",)),
}


def keep(results: Path, out: Path) -> list[Path]:
    """Write one CSV for each analysis that an experiment has; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (pattern, said) in STAGES.items():
        rows = [row for path in sorted((results / "analysis").glob(pattern)) for row in _rows(path, said)]
        if rows:
            written.append(_write(out / f"{name}.csv", rows))
    masks = results / "analysis" / "compare_masks.csv"
    if masks.is_file():
        written.append(_write(out / "similarity.csv", _read(masks)))
    return written


def _rows(path: Path, said: Sequence[str]) -> Iterator[dict[str, str]]:
    parts = path.parts[path.parts.index("analysis") + 2 :]
    system, seed = parts[0], parts[1].partition(".")[0].removeprefix("s")
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
    """Return the baseline's rows of a kept table."""
    rows = _read(RESULTS / experiment / f"{name}.csv")
    return [row for row in rows if row.get("system", BASELINE) == BASELINE]


def main(argv: list[str] | None = None) -> None:
    """Keep the figures of an experiment's analyses."""
    parser = argparse.ArgumentParser(description="Keep the figures of an experiment's analyses.")
    parser.add_argument("results", type=Path, help="results/EXPERIMENT")
    parser.add_argument("out", type=Path, help="docs/results/NAME")
    arguments = parser.parse_args(argv)
    for path in keep(arguments.results, arguments.out):
        print(path)


if __name__ == "__main__":
    main()
