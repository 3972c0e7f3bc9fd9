"""Tables of tasks over seeds, by hand: means, deviations, and what is undefined."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.report.tables.tabulate_tasks import main


def training(seed: int, accuracy: float, ranks: float | None) -> dict[str, Any]:
    metrics = {
        "a": {"metric": "accuracy", "value": accuracy, "n": 20},
        "b": {"metric": "spearman", "value": ranks, "n": 30},
    }
    of = {"format": "neuronspec-task-training-1", "system": "trained", "seed": seed, "chosen": 10 * seed}
    return {**of, "metrics": {"valid": metrics, "test": metrics}}


def pruning(seed: int, mean: float) -> dict[str, Any]:
    found = {"mean": mean, "random": {"mean": 1.0, "low": -2.0, "high": 3.0}}
    of = {"format": "neuronspec-prune-tasks-1", "system": "trained", "seed": seed, "subset": "test"}
    return {**of, "dissociation": {"metric": {"20%": {"relative": found}}}}


def tabulate(folder: Path, trained: list[Any], pruned: list[Any]) -> tuple[list[dict[str, str]], str]:
    words = []
    for option, values in (("--trained", trained), ("--pruned", pruned)):
        files = []
        for number, value in enumerate(values):
            files.append(folder / f"{option}.{number}.json")
            files[-1].write_text(json.dumps(value))
        words += [option, *map(str, files)]
    for form in ("json", "csv", "markdown"):
        words += [f"--out-{form}", str(folder / f"out.{form}")]
    main(words)
    with (folder / "out.csv").open(newline="") as file:
        return list(csv.DictReader(file)), (folder / "out.markdown").read_text()


def test_means_over_seeds(tmp_path):
    rows, page = tabulate(
        tmp_path, [training(1, 0.5, 0.2), training(2, 0.7, None)], [pruning(1, 10.0), pruning(2, 14.0)]
    )
    found = {(row["measure"], row["of"]): (row["mean"], row["sd"], row["n"]) for row in rows}
    mean, sd, n = found["accuracy on test", "a"]
    assert (float(mean), float(sd), n) == (pytest.approx(0.6), pytest.approx(0.02**0.5), "2")
    # Undefined in one seed: the mean of the other, n of 1, and no deviation.
    assert found["spearman on test", "b"] == ("0.2", "", "1")
    mean, sd, n = found["dissociation, relative", "20%"]
    assert (float(mean), float(sd), n) == (12.0, pytest.approx(8**0.5), "2")
    assert "| trained | 0.600 ± 0.141 (2) | 0.200 |" in page
    assert "| trained, 20% | 12.0 ± 2.8 (2) | 1.0 | -2.0 to 3.0 |" in page
    assert "these figures are too good" in page and "trained: 10, 20" in page


def test_without_pruning_and_of_other_files(tmp_path):
    rows, page = tabulate(tmp_path, [training(1, 1.0, 1.0)], [])
    assert len(rows) == 4 and "Dissociation" not in page
    with pytest.raises(UserError, match="trained of seed 1 is there twice"):
        tabulate(tmp_path, [training(1, 1.0, 1.0)] * 2, [])
    with pytest.raises(UserError, match="not of the form neuronspec-prune-tasks-1"):
        tabulate(tmp_path, [training(1, 1.0, 1.0)], [training(1, 1.0, 1.0)])
