"""After a run that failed: the page of what there is, marked PARTIAL, and what it lacks."""

import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.settings import as_options, given

#: The stages that write the page, one of each kind of experiment.
PAGES = ("write_answer", "write_findings")
#: Beside the page of a whole run, which it does not replace.
PARTIAL = "report/answer_partial.html"


@dataclass
class Begun:
    """The jobs that a run began with: ``jobs`` has (rule, outputs), ``since`` the time."""

    jobs: Sequence[tuple[str, Sequence[str]]] = ()
    since: float = field(default_factory=time.time)

    def left(self) -> list[tuple[str, Sequence[str]]]:
        """Return the jobs that were not done: an output is missing, or older than the run."""
        return [(rule, files) for rule, files in self.jobs if not all(map(self._is_new, files))]

    def _is_new(self, file: str) -> bool:
        path = Path(file)
        return path.exists() and path.stat().st_mtime >= self.since


def options_of(
    begun: Begun, results: Path, settings: Mapping[str, Any], read: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the options of the page on what there is. ``settings``: what was run; ``read``: option → files
    that the page reads beside the tables."""
    left = begun.left()
    outputs = {file for _, files in left for file in files}
    whole = {**settings, "unfinished": dict(sorted(Counter(rule for rule, _ in left).items())) or None}
    words = shlex.split(as_options(given(whole)))
    words += ["--root", str(results), "--out", str(results / PARTIAL)]
    for option, files in read.items():
        words += [f"--{option}", *files] if files else []
    # Of an earlier state of the config, where the run was to make them again.
    named = {file for files in read.values() for file in files}
    old = {file for file in outputs if file in named or Path(file).parent == results / "tables"}
    return [*words, "--absent", *_below(results, old)] if old else words


def _below(results: Path, files: Iterable[str]) -> list[str]:
    return sorted(Path(file).relative_to(results).as_posix() for file in files)


def write_partial_page(
    page: str,
    begun: Begun,
    results: Path,
    settings: Mapping[str, Any],
    read: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
) -> str | None:
    """Write the page of a stage of ``PAGES``; return where it is, or None where it could not be made: a run
    that has failed says why, and not why its page failed."""
    command = [sys.executable, "-P", "-m", f"workflow_scripts.report.page.{page}"]
    command += options_of(begun, results, settings, read)
    done = subprocess.run(command, env=environment, check=False, capture_output=True)
    return str(results / PARTIAL) if done.returncode == 0 else None
