"""Systems whose folder the config describes with other files than it was made with.

A system that becomes one of another kind under the same name (adapters, a model for each direction, one
more direction of these) has a file more. Snakemake does not compare the settings of a job that has an output
without a record, and nothing else reads that file: so ``all`` asks for it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage_list.models import parts_of


def files_never_made(experiment: Experiment, results: Path) -> Iterator[str]:
    """Yield the files of systems, below ``results``, that are not there, nor in a system.json that is."""
    for system in experiment.all_systems:
        for seed in experiment.train.seeds:
            folder = f"systems/{system}/s{seed}"
            named = _named(results / folder / "system.json")
            if named is not None:
                files = [name for name in parts_of(experiment, system) if name not in (*named, "system.json")]
                yield from (f"{folder}/{name}" for name in files if not (results / folder / name).exists())


def _named(description: Path) -> set[str] | None:
    """Return the files that a system.json names; None if it cannot be read, or names none."""
    try:
        return set(json.loads(description.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
