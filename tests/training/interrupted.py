"""Breaking a training off, and comparing what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from workflow_scripts.models.progress_log import ProgressLog


@contextmanager
def after_update(update: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Call `act` right after `update`, before its validation and checkpoint."""
    plain = ProgressLog.update

    def watched(self: ProgressLog, number: int, *rest: object) -> None:
        plain(self, number, *rest)  # type: ignore[arg-type]
        if number == update:
            act()

    with monkeypatch.context() as patch:
        patch.setattr(ProgressLog, "update", watched)
        yield


@contextmanager
def killed_after(update: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Break the training as a kill would, right after `update`."""

    def kill() -> None:
        raise KeyboardInterrupt

    with after_update(update, kill, monkeypatch), pytest.raises(KeyboardInterrupt):
        yield


def same_weights(one: Path, two: Path) -> bool:
    """True if two systems' weights are equal to the bit."""
    first, second = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
