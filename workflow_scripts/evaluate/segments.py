"""Score files and, beside them, the sufficient statistics of their sentences.

``….segments.npz`` has an array ``{direction}/{metric}``, [n, d]: unsigned for sacrebleu's metrics, float64
[n, 1] for those of models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.archive import not_a, read_archive, write_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import write_json

SEGMENTS_FORMAT = "segments-1"


@dataclass(frozen=True)
class Scored:
    """One direction of a system.

    entry       what the score file says of it
    statistics  metric -> [n, d]
    notes       files, each with what a user should know of it, of all systems of the direction
    is_copy     whether its text is that of the references
    """

    entry: dict[str, Any]
    statistics: dict[str, NDArray[Any]]
    notes: list[tuple[str, str]] = field(default_factory=list)
    is_copy: bool = False


def segments_path(path: str | Path) -> Path:
    """Return where the sentences' statistics of a score file lie: ``test.raw.segments.npz``."""
    return Path(path).with_suffix(".segments.npz")


def smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Return counts as the smallest type that holds them; other numbers as they are."""
    if not np.issubdtype(array.dtype, np.integer) or not array.size:
        return array
    ends = (np.min_scalar_type(int(end)) for end in (array.min(), array.max()))
    return array.astype(np.promote_types(*ends))


def write_scores(path: str | Path, job: Mapping[str, Any], directions: Mapping[str, Scored]) -> None:
    """Write a job's score file, and the sentences' statistics beside it. ``job``: experiment, system, seed,
    testset and profile."""
    entries = {direction: scored.entry for direction, scored in directions.items()}
    arrays: dict[str, NDArray[Any]] = {}
    for direction, scored in directions.items():
        arrays |= {f"{direction}/{metric}": smallest(array) for metric, array in scored.statistics.items()}
    references = {direction: entry["references_sha256"] for direction, entry in entries.items()}
    manifest = {"format": SEGMENTS_FORMAT, **job, "references_sha256": references}
    write_archive(segments_path(path), arrays, manifest)
    # Last: where there are scores, their statistics are there too.
    write_json(path, {**job, "directions": entries})


@dataclass(frozen=True)
class Segments:
    """The statistics of a job: direction -> metric -> [n, d], and of which file and references they are."""

    statistics: dict[str, dict[str, NDArray[Any]]]
    paths: dict[str, str]  # metric -> file
    references: dict[str, str]  # direction -> SHA-256, where the file says so


def read_segments(paths: Sequence[str | Path], **job: object) -> Segments:
    """Read the statistics of one job, which may be in several files with other metrics each.

    ``job``: what they must be of, where they say so: ``system="ns-k95"``, ``testset="test"`` … Raises
    UserError: a file is missing, damaged, of another job, or repeats a metric; files were scored against
    different references.
    """
    found = Segments({}, {}, {})
    for path in paths:
        if not Path(path).is_file():
            raise UserError(f"{path}: no such file; evaluate.score writes it beside the scores")
        arrays, manifest = read_archive(path, SEGMENTS_FORMAT)
        for name, value in job.items():
            if manifest.get(name, value) != value:
                raise UserError(f"{path}: {name} is {manifest[name]!r}, expected {value!r}")
        references = manifest.get("references_sha256", {})
        for key, array in arrays.items():
            direction, _, metric = key.partition("/")
            if array.ndim != 2 or not array.size or array.dtype.kind not in "iuf":
                raise not_a(SEGMENTS_FORMAT, path, ValueError(f"{key} is no table of numbers"))
            if not np.isfinite(array).all():
                raise not_a(SEGMENTS_FORMAT, path, ValueError(f"{key} has a number that is not finite"))
            if metric in found.statistics.setdefault(direction, {}):
                raise UserError(f"{path}: {metric} of {direction} is in {found.paths[metric]} too")
            found.statistics[direction][metric] = array
            found.paths[metric] = str(path)
            sha256 = references.get(direction)
            if sha256 and found.references.setdefault(direction, sha256) != sha256:
                raise UserError(f"{path}: scored {direction} against other references than {paths[0]}")
    return found
