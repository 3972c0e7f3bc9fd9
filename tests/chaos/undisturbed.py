"""An experiment's run without kills: what it gave, and when each of its jobs was at work."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from tests.chaos.experiment import Experiment, Job


@dataclass(frozen=True)
class Undisturbed:
    results: Path
    began: float
    seconds: float
    jobs: dict[str, Job]

    def of(self, names: frozenset[str]) -> Self:
        jobs = {name: job for name, job in self.jobs.items() if name in names}
        began = min(job.began for job in jobs.values())
        seconds = max(job.began + job.seconds for job in jobs.values()) - began
        return replace(self, began=began, seconds=seconds, jobs=jobs)


def run_undisturbed(folder: Path, config: dict[str, Any]) -> Undisturbed:
    experiment = Experiment(folder, config)
    experiment.finish()
    seconds = time.time() - experiment.began
    return Undisturbed(experiment.results, experiment.began, seconds, experiment.finished_jobs())
