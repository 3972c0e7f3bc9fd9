"""The folder of a training: what is trained there, and whether it may go on.

No path enters a fingerprint: a moved checkout must not retrain anything.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.train.history import History
from workflow_scripts.train.owner import LOCK, FolderOwner, is_owner
from workflow_scripts.units.training_files import FINGERPRINT, FINISHED, LAST, OWNER, RETRAIN, VERSION

logger = logging.getLogger(__name__)

IDENTITY, EXTENDABLE, EXECUTION = "identity", "extendable", "execution"


def differing_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, sorted; a key that only one side has differs."""
    missing = object()
    return sorted(key for key in {*old, *new} if old.get(key, missing) != new.get(key, missing))


class TrainingFolder:
    """One training's folder, made if absent. `fingerprint`: {"identity": {...}, "extendable": {...},
    "execution": {...}}, JSON values, no paths. `code`: hash of the training's code and libraries; recorded,
    not compared."""

    def __init__(
        self, path: str | Path, fingerprint: Mapping[str, Mapping[str, Any]], code: str | None = None
    ) -> None:
        self.path = Path(path)
        self.fingerprint = {name: dict(fingerprint[name]) for name in (IDENTITY, EXTENDABLE, EXECUTION)}
        self.code = code
        self.history = History(self.path, lambda: is_owner(self.path))

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the folder, after an owner of the same training; UserError if another is trained in it."""
        identity = json.dumps(self.fingerprint[IDENTITY], sort_keys=True)
        with FolderOwner(self.path, hashlib.sha256(identity.encode()).hexdigest()).held(self.history.record):
            yield

    def release(self) -> None:
        """Give the folder up in a process that will not come out of `owned()`."""
        if is_owner(self.path):
            (self.path / OWNER).unlink(missing_ok=True)

    def prepare(self, reached: Callable[[], int] = lambda: 0) -> None:
        """Within `owned()`: continue the folder's training if its identity is the same, else move it aside.
        `reached`: returns the most updates that a checkpoint of the folder has seen. UserError if a finished
        training would have to go on, and its optimiser state was removed."""
        if (self.path / RETRAIN).exists():
            self._move_aside("to train again was asked for")
        elif (stored := self._read(FINGERPRINT)) is not None:
            self._take_finished_version()
            changed = differing_keys(stored[IDENTITY], self.fingerprint[IDENTITY])
            most = self.fingerprint[EXTENDABLE].get("max_updates", float("inf"))
            if not changed and (trained := max(self.updates_done(), reached())) > most:
                changed.append(f"max_updates ({most}, fewer than the {trained} already trained)")
            if changed == [VERSION] and self._is_older(stored):
                self._move_aside(f"{VERSION} changed; with 'step: reference' in its settings it would go on")
            elif changed:
                self._move_aside(f"{', '.join(changed)} changed")
            else:
                self._refuse_to_begin_again()
                for name in (EXTENDABLE, EXECUTION):
                    for key in differing_keys(stored[name], self.fingerprint[name]):
                        old, new = stored[name].get(key), self.fingerprint[name].get(key)
                        logger.info(f"continuing with {key} changed from {old} to {new}")
        elif any(self.path.glob("*.pt")):
            self._move_aside(f"{FINGERPRINT} is missing or damaged")
        write_json(self.path / FINGERPRINT, self.fingerprint)
        # Last: a request that was interrupted is done again.
        (self.path / RETRAIN).unlink(missing_ok=True)

    def _is_older(self, stored: Mapping[str, Any]) -> bool:
        return bool(stored[IDENTITY].get(VERSION, 0) < self.fingerprint[IDENTITY].get(VERSION, 0))

    def _take_finished_version(self) -> None:
        """What an earlier version of training has finished stays what it is."""
        finished, own = self._read(FINISHED), self.fingerprint[IDENTITY]
        if finished is not None and self._is_older(finished):
            earlier = {**own, VERSION: finished[IDENTITY].get(VERSION)}
            if finished[IDENTITY] == earlier and finished[EXTENDABLE] == self.fingerprint[EXTENDABLE]:
                self.fingerprint[IDENTITY] = earlier

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            value: dict[str, Any] = read_json(self.path / name)
        except (FileNotFoundError, ValueError):
            return None
        return value

    def _refuse_to_begin_again(self) -> None:
        finished = self._read(FINISHED)
        if finished is None or self.is_finished() or any(self.path.glob("checkpoint*.pt")):
            return
        for key in differing_keys(finished[EXTENDABLE], self.fingerprint[EXTENDABLE]):
            old, new = finished[EXTENDABLE].get(key), self.fingerprint[EXTENDABLE].get(key)
            raise UserError(
                f"{self.path}: {key} changed from {old} to {new}, but the optimiser state to go on from"
                f" ({LAST}) was removed; set {key} back to {old}, or move the folder away to train again"
            )

    def _move_aside(self, why: str) -> None:
        old = [entry for entry in self.path.iterdir() if entry.name not in (OWNER, LOCK, RETRAIN)]
        if not old:
            return
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.replaced-{number}")).exists():
            number += 1
        aside.mkdir()
        # The fingerprint goes last: after a kill in between, what is left is moved by the next attempt.
        for entry in sorted(old, key=lambda entry: entry.name == FINGERPRINT):
            entry.rename(aside / entry.name)
        logger.warning(f"starting clean ({why}); the old training is kept in {aside}")

    def updates_done(self) -> int:
        """Return the updates of a finished training, else 0."""
        return int((self._read(FINISHED) or {}).get("updates", 0))

    def is_finished(self) -> bool:
        """True if a training with this identity and these extendable settings has run to its end."""
        finished = self._read(FINISHED)
        return finished is not None and all(
            finished.get(name) == self.fingerprint[name] for name in (IDENTITY, EXTENDABLE)
        )

    def finish(self, updates: int, reason: str) -> None:
        """Record that nothing is left to train."""
        value: dict[str, Any] = {"updates": updates, "reason": reason, "code": self.code}
        value |= {name: self.fingerprint[name] for name in (IDENTITY, EXTENDABLE)}
        write_json(self.path / FINISHED, value)

    @contextmanager
    def attempt(self, devices: list[str], execution: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Add an attempt to history.json; see `History.attempt`. The training is no longer finished."""
        before = self.history.read()["attempts"]
        if before and self.code is not None and before[-1].get("code") != self.code:
            logger.info(
                f"going on with other training code: {before[-1].get('code') or 'not recorded'} before, now"
                f" {self.code}"
            )
        (self.path / FINISHED).unlink(missing_ok=True)
        facts = {"code": self.code, "execution": dict(execution)}
        with self.history.attempt(devices, **facts) as attempt:
            yield attempt
