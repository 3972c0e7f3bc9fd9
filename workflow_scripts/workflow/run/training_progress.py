"""How far a training is: from its log, `validation.csv`, `history.json` and the exported system."""

import csv
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.units.training_files import HISTORY
from workflow_scripts.workflow.provenance.records import read_record

TAIL_BYTES = 64 * 1024
#: The outcome of an attempt that a time limit ended (models.training.slices).
TIME_LIMIT = "time limit"

_UPDATE = re.compile(r" update (\d+)/(\d+) \| .* (\d+) words/s \| ([\d.]+) s/update ")
_RESUMED = re.compile(r" resumed at update (\d+),")
_CLEAN = " starting clean ("


@dataclass(frozen=True)
class Progress:
    """A training as last logged; None: unknown yet. ``seconds``: of all attempts."""

    system: str
    seed: int
    state: str
    update: int | None
    max_updates: int
    seconds_per_update: float | None
    words_per_second: int | None
    loss: float | None
    best_loss: float | None
    best_update: int | None
    attempts: int
    seconds: float
    seconds_left: float | None


def tail(path: Path, size: int = TAIL_BYTES) -> list[str]:
    """Return the last lines of a text file, those of its last ``size`` bytes; none if it is not there."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, handle.seek(0, os.SEEK_END) - size))
            return handle.read().decode("utf-8", errors="replace").replace("\r", "\n").splitlines()
    except OSError:
        return []


def progress_of(
    system: str, seed: int, state: str, max_updates: int, training: Path, log: Path, exported: Path
) -> Progress:
    """Return how far a training is; ``state``: of its job. ``exported``: its system's folder."""
    history = read_record(training / HISTORY)
    facts = read_record(exported / "system.json").get("training") or {}
    losses = _losses(training / "validation.csv")
    best_update, best_loss = min(losses, key=lambda row: row[1], default=(None, None))
    update, most, words, pace, age = _last_lines(log)
    if state == "done":
        update, best_update = facts.get("updates", update), facts.get("best_update", best_update)
        best_loss = facts.get("best_valid_loss", best_loss)
        pace = words = None
    elif (ended := slice_ended(training)) is not None and state == "between slices":
        update, pace, words = ended, None, None
        max_updates = most or max_updates
    elif state == "running":
        max_updates = most or max_updates
    else:
        pace = words = None
    left = None
    if pace is not None and update is not None:
        left = max(0.0, (max_updates - update) * pace - age)
    return Progress(
        system=system,
        seed=seed,
        state=state,
        update=update,
        max_updates=max_updates,
        seconds_per_update=pace,
        words_per_second=words,
        loss=losses[-1][1] if losses else None,
        best_loss=best_loss,
        best_update=best_update,
        attempts=len(history.get("attempts", [])) or facts.get("attempts", 0),
        seconds=float(history.get("seconds") or facts.get("seconds") or 0.0),
        seconds_left=left,
    )


def last_update(log: Path) -> int | None:
    """Return the update that a training's log names last; None where it names none."""
    return _last_lines(log)[0]


def slice_ended(training: Path) -> int | None:
    """Return the update that a training's last slice ended at; None if its last attempt ended otherwise."""
    attempts = read_record(training / HISTORY).get("attempts")
    last = attempts[-1] if isinstance(attempts, list) and attempts else None
    if not isinstance(last, dict) or last.get("outcome") != TIME_LIMIT:
        return None
    update = last.get("to_update")
    return update if isinstance(update, int) else None


def _losses(path: Path) -> list[tuple[int, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            rows = [row for row in csv.DictReader(handle) if row.get("direction") == "all"]
        return [(int(row["update"]), float(row["loss"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _last_lines(log: Path) -> tuple[int | None, int | None, int | None, float | None, float]:
    """Return (update, of how many, words/s, s/update, seconds trained since) as a log last says them."""
    update = most = words = None
    pace = None
    between = 0
    for line in tail(log):
        if _CLEAN in line:
            update = most = words = pace = None
        elif found := _RESUMED.search(line):
            update, words, pace = int(found[1]), None, None
        elif found := _UPDATE.search(line):
            between = int(found[1]) - (update or 0)
            update, most, words, pace = int(found[1]), int(found[2]), int(found[3]), float(found[4])
    if pace is None:
        return update, most, words, pace, 0.0
    # A training that is silent for longer than between two lines is validating, or waits for its turn.
    return update, most, words, pace, min(time.time() - log.stat().st_mtime, between * pace)
