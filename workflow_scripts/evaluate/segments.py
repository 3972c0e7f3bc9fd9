"""Score files and, beside them, the sufficient statistics of their sentences.

In:  what was found out about each direction of a job (experiment, system, seed, testset, profile).
Out: ``{testset}.{profile}.json`` and ``….segments.npz``: array ``{direction}/{metric}``, [n, d],
     int32 for sacrebleu's metrics, float64 [n, 1] for those of models. Sums of rows make corpus scores
     (``metrics.scorer_of``), so tests of significance read no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workflow_scripts.archive import write_archive
from workflow_scripts.files import write_json

SEGMENTS_FORMAT = "segments-1"


@dataclass(frozen=True)
class Scored:
    """One direction of a system: what the score file says of it, and metric -> statistics [n, d]."""

    entry: dict[str, Any]
    statistics: dict[str, NDArray[Any]]


def segments_path(path: str | Path) -> Path:
    """Return where the sentences' statistics of a score file lie: ``test.raw.segments.npz``."""
    return Path(path).with_suffix(".segments.npz")


def write_scores(path: str | Path, job: Mapping[str, Any], directions: Mapping[str, Scored]) -> None:
    """Write a job's score file, and the sentences' statistics beside it.

    Args:
        path: the score file.
        job: experiment, system, seed, testset and profile.
        directions: by direction, in the order of the file.
    """
    entries = {direction: scored.entry for direction, scored in directions.items()}
    arrays = {
        f"{direction}/{metric}": array
        for direction, scored in directions.items()
        for metric, array in scored.statistics.items()
    }
    references = {direction: entry["references_sha256"] for direction, entry in entries.items()}
    manifest = {"format": SEGMENTS_FORMAT, **job, "references_sha256": references}
    write_archive(segments_path(path), arrays, manifest)
    # Last: where there are scores, their statistics are there too.
    write_json(path, {**job, "directions": entries})
