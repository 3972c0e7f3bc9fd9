"""Two results folders, file by file: which files differ in anything but what a run cost."""

import json
from pathlib import Path
from typing import Any

#: Folders that tell how a run went, not what it found.
HOW_IT_WENT = {"logs", "benchmarks"}
#: Files of a training folder that tell how it went, or that hold no result: the best checkpoint is exported.
TRAINING_LEFT_OUT = {"history.json"}
TRAINING_CHECKPOINTS = ".pt"
#: Keys of system.json's "training" that tell what a training cost; attempts are counted.
COSTS = ("seconds", "gpu_hours", "peak_memory_mb", "attempts")
#: Files that hold seconds and memory: of a run as a whole, the table of costs and its figure.
LEFT_OUT = {
    "manifest.json",
    *(f"tables/costs.{ending}" for ending in ("md", "csv", "tex", "parquet")),
    # Its caption counts the jobs that had ended before it was drawn.
    *(f"figures/costs.{ending}" for ending in ("png", "pdf", "csv", "rst")),
}


def _compared(results: Path) -> dict[str, Path]:
    files = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if not path.is_file() or name.parts[0] in HOW_IT_WENT or str(name) in LEFT_OUT:
            continue
        training = name.parts[0] == "training"
        if training and (path.name in TRAINING_LEFT_OUT or path.suffix == TRAINING_CHECKPOINTS):
            continue
        if training and (path.name.startswith(".") or ".replaced-" in str(name)):
            continue  # a lock; a training of older settings, kept aside
        files[str(name)] = path
    return files


def _content(path: Path) -> Any:
    if path.name != "system.json":
        return path.read_bytes()
    system = json.loads(path.read_text(encoding="utf-8"))
    system["training"] = {key: value for key, value in system["training"].items() if key not in COSTS}
    return system


def differences(reference: Path, other: Path) -> list[str]:
    """Return a line for each file that only one of two results folders has, or whose content differs."""
    left, right = _compared(reference), _compared(other)
    found = [f"{name}: only in {reference}" for name in left.keys() - right.keys()]
    found += [f"{name}: only in {other}" for name in right.keys() - left.keys()]
    found += [f"{n}: differs" for n in left.keys() & right.keys() if _content(left[n]) != _content(right[n])]
    return sorted(found)


def number_compared(results: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in _compared(results):
        folder = name.partition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    return counts
