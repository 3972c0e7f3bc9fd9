"""A controller that an earlier session of these tests left running: found, and ended.

What: a session that is killed cannot stop its daemons, and the next one would be refused. Ours are known by
the first lines of slurm.conf and by the folder on their command line; a site's controller has neither and is
never touched, nor is one whose session still lives.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.processes import lives, start_time

TITLE = "# A controller of neuronspec's tests: its folder, and the process that started it."
#: Every program that these tests begin has this variable, and so have the jobs that it submits.
MARK = "NEURONSPEC_SLURM_TESTS"
#: The munge that they began has this one; it is ended last.
MUNGE_MARK = f"{MARK}_MUNGE"
DAEMONS = ("slurmd", "slurmctld")
#: What was in a file before the tests wrote theirs lies beside it under this name; empty: there was none.
KEPT = ".before-neuronspec-tests"
#: Seconds that cancelled jobs, and daemons, have to end.
PATIENCE = 20.0


def head(folder: Path, owner: str) -> str:
    """Return the first lines of a slurm.conf of these tests. ``owner``: a `processes.identity`."""
    return f"{TITLE}\n# {folder}\n# {owner}\n"


@dataclass(frozen=True)
class Leftover:
    """A controller of these tests, running or not: its folder, and the identity of who started it."""

    folder: Path
    owner: str

    @classmethod
    def found_in(cls, configuration: Path) -> "Leftover | None":
        """Return the one that a folder's slurm.conf is of; None if it is not of these tests."""
        file = configuration / "slurm.conf"
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
        if len(lines) < 3 or lines[0] != TITLE:
            return None
        return cls(Path(lines[1].removeprefix("# ")), lines[2].removeprefix("# "))

    def is_abandoned(self) -> bool:
        """True if its session has ended, or was in another container and has nothing running here."""
        alive = lives(self.owner)
        return alive is False or (alive is None and not daemons(self.folder))

    def end(self, configuration: Path) -> None:
        """End its runs, jobs, and daemons, and put back what was in the configuration's folder."""
        end_processes()
        if daemons(self.folder):
            cancel_all()
        end_daemons(self.folder)
        end_processes()
        end_processes(MUNGE_MARK, signal.SIGTERM)
        restore(configuration)


def daemons(folder: Path | None = None) -> list[int]:
    """Return SLURM's daemons on this machine, or those that log into a folder; those of nodes first."""
    found: dict[str, list[int]] = {name: [] for name in DAEMONS}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            # Debian's programs are slurmd-wlm and slurmctld-wlm.
            name = Path(os.fsdecode(words[0])).name.removesuffix("-wlm")
            ours = folder is None or any(word.startswith(os.fsencode(f"{folder}/")) for word in words)
            if name in found and ours:
                found[name].append(int(entry.name))
    return [pid for name in DAEMONS for pid in sorted(found[name])]


def cancel_all(seconds: float = PATIENCE) -> None:
    """Cancel every job of the test controller, and wait until none is on a node (or for so long)."""
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        while time.monotonic() < end and (numbers := _ask("squeue", "--noheader", "--format=%A").split()):
            _ask("scancel", *numbers)
            time.sleep(0.5)


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout


def end_daemons(folder: Path, seconds: float = PATIENCE) -> None:
    """End the daemons of a folder, by force if they do not in time."""
    for pid in daemons(folder):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            end = time.monotonic() + seconds
            while start_time(pid) is not None and time.monotonic() < end:
                time.sleep(0.05)


def end_processes(mark: str = MARK, number: int = signal.SIGKILL) -> None:
    """End, by force, every process that these tests or their jobs began.

    Runs would go on and submit jobs to the next controller. Of jobs something stays too: without control
    groups SLURM knows their processes by their parents, and misses one whose parent has ended (after the
    failure of the node a Snakemake, which waits for itself).
    """
    said = f"\0{mark}=".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if said in b"\0" + (entry / "environ").read_bytes():
                os.kill(int(entry.name), number)


def write(path: Path, text: str) -> None:
    """Write a file of the configuration; what was there before is kept beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.with_name(path.name + KEPT)
    if not kept.exists():
        kept.write_bytes(path.read_bytes() if path.exists() else b"")
    path.write_text(text, encoding="utf-8")


def restore(configuration: Path, names: Sequence[str] = ("slurm.conf", "gres.conf")) -> None:
    """Put back what `write` kept."""
    for path in (configuration / name for name in names):
        kept = path.with_name(path.name + KEPT)
        if kept.exists() and kept.stat().st_size:
            kept.replace(path)
        elif kept.exists():
            path.unlink(missing_ok=True)
            kept.unlink()
