"""Several real processes of one training, started as torchrun or srun would start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Longer than any of these trainings takes, shorter than what would end it otherwise.
LIMIT = 150

#: Arguments: what is to be patched (a file), the module, its command line. The longest waits are made short.
PROGRAM = """
import os, sys
from workflow_scripts.models.launch import take_place
place = take_place()
from importlib import import_module
from workflow_scripts.errors import run_main
from workflow_scripts.models.start_again import starting_again
patch, module = sys.argv[1:3]
del sys.argv[1:3]
exec(compile(open(patch).read(), patch, "exec"))
run_main(starting_again(import_module(module).main))
"""

LAUNCHERS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass
class Ended:
    """How a process ended: its exit status, and what it said."""

    status: int
    said: str

    @property
    def line(self) -> str:
        """The last line: of a failed process what went wrong."""
        return (self.said.splitlines() or [""])[-1]


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def torchrun_variables(rank: int, processes: int, port: int) -> dict[str, str]:
    """What torchrun sets."""
    values = (rank, rank, processes, "127.0.0.1", port)
    return {name: str(value) for name, value in zip(LAUNCHERS, values, strict=True)}


def srun_variables(rank: int, processes: int, job: int) -> dict[str, str]:
    """What srun sets for a step of one machine."""
    return {
        "SLURM_JOB_ID": str(job),
        "SLURM_STEP_ID": "0",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "SLURM_STEP_NUM_TASKS": str(processes),
        "SLURM_STEP_NUM_NODES": "1",
        "SLURM_STEP_NODELIST": socket.gethostname(),
    }


def train(
    module: str,
    commands: Sequence[list[str]],
    folder: Path,
    patch: str = "",
    by_srun: bool = False,
    of: int | None = None,
    port: int | None = None,
) -> list[Ended]:
    """Run a process for each of the command lines; return how each ended. None is killed for another's sake.

    Args:
        folder: for the program and its patch, which is executed first, with `place` at hand.
        of: how many processes each of them takes part in, if more than are started.
        port: where they meet; or srun's job number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_text(PROGRAM)
    (folder / "patch.py").write_text(patch)
    port, processes = port or free_port(), []
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in LAUNCHERS and not name.startswith("SLURM_")
    }
    for rank, arguments in enumerate(commands):
        variables = (srun_variables if by_srun else torchrun_variables)(rank, of or len(commands), port)
        processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    str(folder / "program.py"),
                    str(folder / "patch.py"),
                    module,
                    *arguments,
                ],
                env={**clean, **variables, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    try:
        # All at once: one that fills its pipe would keep the others waiting.
        said = [process.communicate(timeout=LIMIT)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [Ended(process.returncode, text) for process, text in zip(processes, said, strict=True)]
