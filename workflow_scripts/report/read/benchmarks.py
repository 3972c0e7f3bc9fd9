"""Read what Snakemake measured of each job: ``benchmarks/{stage}/….tsv``."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.report.read.read_files import content_of


@dataclass(frozen=True, slots=True)
class StageCosts:
    """What the jobs of a stage took: the sums of ``seconds`` on the clock and ``cpu_seconds``, the largest
    memory in MB. None: not measured, as of very short jobs."""

    stage: str
    jobs: int
    seconds: float
    cpu_seconds: float | None
    memory_mb: float | None


def read_benchmarks(root: str | Path) -> list[StageCosts]:
    """Return the costs of each stage with measured jobs, by name. Raises UserError: a file is damaged."""
    found: dict[str, list[tuple[float, float | None, float | None]]] = {}
    for path in sorted(Path(root).rglob("*.tsv")):
        stage = path.relative_to(root).parts[0]
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        with content_of(path, "a benchmark"):
            names = lines[0].split("\t")
            for line in lines[1:]:
                row = dict(zip(names, line.split("\t"), strict=True))
                jobs = found.setdefault(stage, [])
                jobs.append((float(row["s"]), _number(row["cpu_time"]), _number(row["max_rss"])))
    return [
        StageCosts(
            stage,
            len(jobs),
            math.fsum(seconds for seconds, _, _ in jobs),
            _of_known(math.fsum, [cpu for _, cpu, _ in jobs]),
            _of_known(max, [memory for _, _, memory in jobs]),
        )
        for stage, jobs in found.items()
    ]


def _number(text: str) -> float | None:
    return None if text in ("-", "NA", "nan", "") else float(text)


def _of_known(what: Callable[[list[float]], float], values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(what(known)) if known else None
