"""Several real processes of one training, started as torchrun or srun would start them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.forked import FAIRSEQ, Forked

ROOT = Path(__file__).resolve().parents[2]
#: Longer than any of these trainings takes, shorter than what would end it otherwise.
LIMIT = 300
#: Runs a stage's program with a patch (a file).
PROCESS = "tests.training.process"

LAUNCHERS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass
class Ended:
    status: int
    said: str

    @property
    def line(self) -> str:
        return (self.said.splitlines() or [""])[-1]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def torchrun_variables(rank: int, processes: int, port: int) -> dict[str, str]:
    values = (rank, rank, processes, "127.0.0.1", port)
    return {name: str(value) for name, value in zip(LAUNCHERS, values, strict=True)}


def srun_variables(rank: int, processes: int, job: int) -> dict[str, str]:
    return {
        "SLURM_JOB_ID": str(job), "SLURM_STEP_ID": "0", "SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank),
        "SLURM_STEP_NUM_TASKS": str(processes), "SLURM_STEP_NUM_NODES": "1",
        "SLURM_STEP_NODELIST": socket.gethostname(),
    }  # fmt: skip


def clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in LAUNCHERS and not name.startswith("SLURM_")
    }


def begin(
    module: str, arguments: Sequence[str], variables: Mapping[str, str], patch: Path, said: Path
) -> Forked:
    words = (PROCESS, str(patch), module, *arguments)
    return FAIRSEQ.start(said.parent, *words, out=said, err=said, variables=variables)


def begin_new(
    module: str, arguments: Sequence[str], variables: Mapping[str, str], patch: Path, said: Path
) -> subprocess.Popen[bytes]:
    """`begin` with a new interpreter, which takes seconds to import what a training needs."""
    command = [sys.executable, "-m", PROCESS, str(patch), module, *arguments]
    environment = {**variables, "PYTHONPATH": str(ROOT)}
    with said.open("ab") as out:
        return subprocess.Popen(command, cwd=said.parent, env=environment, stdout=out, stderr=out)


def train(
    module: str,
    commands: Sequence[list[str]],
    folder: Path,
    patch: str = "",
    by_srun: bool = False,
    of: int | None = None,
    port: int | None = None,
    new: bool = False,
) -> list[Ended]:
    """Run a process for each of the command lines; return how each ended. None is killed for another's sake.

    Args:
        folder: for the patch, which is executed first, with `place` at hand, and for what is said.
        of: how many processes each of them takes part in, if more than are started.
        port: where they meet; or srun's job number.
        new: start new processes in place of forked ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patch.py").write_text(patch)
    port = port or free_port()
    clean, processes = clean_environment(), []
    deadline = time.monotonic() + LIMIT
    try:
        for rank, arguments in enumerate(commands):
            (folder / f"said{rank}").unlink(missing_ok=True)
            place = (srun_variables if by_srun else torchrun_variables)(rank, of or len(commands), port)
            start = begin_new if new else begin
            processes.append(
                start(module, arguments, {**clean, **place}, folder / "patch.py", folder / f"said{rank}")
            )
        statuses = [process.wait(max(0.0, deadline - time.monotonic())) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait(LIMIT)
    said = [(folder / f"said{rank}").read_text(encoding="utf-8") for rank in range(len(commands))]
    return [Ended(status, text) for status, text in zip(statuses, said, strict=True)]
