"""Programs that the tests of this folder start and wait for: a wait has an end, and says what it was for."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.slurm import leftover

#: Seconds that any run of these tests may take, and that a program which only asks may.
LIMIT, ANSWER_SECONDS = 900.0, 60.0

#: What every run here starts with. Other tests change this process's environment while it goes on; and no run
#: is to see a GPU or a job that these tests themselves were given.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name != "CUDA_VISIBLE_DEVICES" and not name.startswith(("SLURM_", "SBATCH_", "SRUN_"))
} | {leftover.MARK: "1"}

# By its path: a run may be given another PATH.
_NICE = shutil.which("nice") or "nice"
# Runs go on in threads of their own.
_lock = threading.Lock()
_begun: list[subprocess.Popen[bytes]] = []
_over = threading.Event()


def begin(
    command: Sequence[str], folder: Path, log: Path, variables: Mapping[str, str] | None = None, nice: int = 0
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with variables beside ENVIRONMENT; it adds to a log."""
    with _lock, log.open("ab") as said:
        assert not _over.is_set(), "the tests are over"
        process = subprocess.Popen(
            [_NICE, "-n", str(nice), *command], cwd=folder, env={**ENVIRONMENT, **(variables or {})},
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        _begun.append(process)
        return process


def end_all() -> None:
    """End what was begun and still runs, and begin nothing more: the tests are over, or were broken off."""
    with _lock:
        _over.set()
        for process in _begun:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=ANSWER_SECONDS)


def end_of(process: subprocess.Popen[bytes], what: str, seconds: float = LIMIT) -> int:
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{what} has not ended after {seconds:.0f} s") from None


def call(*command: str, seconds: float = ANSWER_SECONDS) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{' '.join(command)[:200]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def wait_until(condition: Callable[[], Any], what: str, process: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + LIMIT
    while not (value := condition()):
        assert process.poll() is None, f"the run ended before {what}"
        assert time.monotonic() < end, f"no {what} in {LIMIT:.0f} s"
        time.sleep(0.2)
    return value
