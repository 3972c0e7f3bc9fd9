"""Make the virtual environments from their lock files (``make setup``).

The stamp with the hash of the lock is written last, so an interrupted environment is made again. Standard
library only. Progress goes to stderr: stdout belongs to the target that called.
"""

import argparse
import fcntl
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.workflow.software.environments import (
    ENVIRONMENTS,
    canonical_name,
    environment_identity,
    lock_path,
    read_lock,
    venvs_folder,
)

PYTHON = (3, 11)
STAMP = "neuronspec-stamp"
BUILDING = "neuronspec-building"
#: Environments with a package that is compiled on this machine.
COMPILED = ("fairseq",)
#: What `venv` itself installs; pinned only where a package needs a certain version.
SEEDED = ("pip", "setuptools", "wheel")
#: Bytes of address space without which torch cannot be loaded (envs/bin/run-in has the number, too).
ADDRESS_SPACE = 1_000_000 * 1024
#: Prefixes of packages that only a CUDA build of torch needs; the lock leaves them out.
CUDA_PREFIXES = ("nvidia-", "cuda-", "triton")


def say(message: str) -> None:
    """Print one line of progress."""
    print(message, file=sys.stderr, flush=True)


def expected_stamp(name: str) -> str:
    """Return the stamp of a finished, current environment."""
    return f"{environment_identity(name)} python{PYTHON[0]}.{PYTHON[1]}\n"


def is_current(name: str, folder: Path) -> bool:
    """Tell whether ``folder`` is a finished environment of today's lock file, its interpreter in place."""
    stamp = folder / STAMP
    # exists() follows the link: an interpreter that was uninstalled makes the environment stale.
    return stamp.is_file() and stamp.read_text() == expected_stamp(name) and (folder / "bin/python").exists()


def site_packages(folder: Path) -> Path:
    """Return the folder of an environment's packages."""
    return folder / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"


def installed_pins(folder: Path) -> dict[str, str]:
    """Return canonical name → version (without build tag) of what is installed in ``folder``."""
    found = metadata.distributions(path=[str(site_packages(folder))])
    return {canonical_name(d.metadata["Name"]): d.version.partition("+")[0] for d in found}


def holds_the_lock(name: str, folder: Path) -> bool:
    """Tell whether an unstamped but finished environment holds exactly the locked packages."""
    if (folder / BUILDING).exists() or not (folder / "bin/python").exists():
        return False
    lock, installed = read_lock(name), installed_pins(folder)
    return {n: v for n, v in installed.items() if n in lock or n not in SEEDED} == lock


def check_prerequisites(names: list[str]) -> None:
    """Raise UserError, naming the fix, when this machine lacks what making ``names`` takes."""
    if sys.version_info[:2] != PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise UserError(
            f"Python 3.11 is needed, this is {found}: install python3.11 or set PYTHON=/path/to/python3.11"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise UserError(
            "Python's venv module is missing: install it (Debian: apt install python3.11-venv)"
        ) from None
    needed = ["git", *(["gcc", "g++"] if set(names) & set(COMPILED) else [])]
    for program in needed:
        if shutil.which(program) is None:
            raise UserError(f"{program} is missing: install it (Debian: apt install {program})")
    if set(names) & set(COMPILED) and not Path(sysconfig.get_path("include"), "Python.h").is_file():
        raise UserError("Python's headers are missing: install them (Debian: apt install python3.11-dev)")


def check_address_space(limit: int) -> None:
    """Raise UserError if a process may not have enough bytes of address space; negative: no limit."""
    if 0 <= limit < ADDRESS_SPACE:
        raise UserError(
            f"ulimit -v {limit // 1024} is too low to load the libraries: at least {ADDRESS_SPACE // 1024} is"
            " needed (ulimit -v unlimited)"
        )


@contextmanager
def held(path: Path, name: str) -> Iterator[IO[str]]:
    """Hold the lock of one environment; a second set-up waits for the first."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: waiting for another set-up")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def install(name: str, folder: Path, log: Path, lock: IO[str]) -> None:
    """Make environment ``name`` in ``folder`` from nothing. Raises UserError when a step fails."""
    # Packages on the user's PYTHONPATH would pass for installed ones.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    # What is compiled here is built with the locked versions too; pip reads the second variable from 25.3 on.
    environment |= dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), str(lock_path(name)))

    def step(*command: str) -> None:
        with log.open("a", encoding="utf-8") as output:
            # The child holds the lock too: after a kill the next set-up waits until pip is gone.
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()], check=False,
            )  # fmt: skip
        if done.returncode != 0:
            lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
            errors = [line for line in lines if line.startswith("ERROR: ") and line != "ERROR: Exception:"]
            reason = (errors or lines or ["no reason given"])[-1]
            raise UserError(f"environment {name!r} could not be made: {reason} (log: {log})")

    pip = (str(folder / "bin/python"), "-m", "pip", "--no-input", "--disable-pip-version-check", "install")
    shutil.rmtree(folder, ignore_errors=True)
    log.write_text("")
    folder.mkdir(parents=True)
    (folder / BUILDING).touch()
    step(sys.executable, "-m", "venv", str(folder))
    step(*pip, "--no-deps", "-r", str(lock_path(name)))
    torch = read_lock(name).get("torch")
    if torch is not None and needs_cuda_packages(folder):
        step(*pip, f"torch=={torch}")


def needs_cuda_packages(folder: Path) -> bool:
    """Tell whether the torch installed in ``folder`` is a build that asks for CUDA's packages."""
    torch = next(iter(metadata.distributions(name="torch", path=[str(site_packages(folder))])))
    return any(requirement.startswith(CUDA_PREFIXES) for requirement in torch.requires or [])


def make_environment(name: str, venvs: Path) -> None:
    """Bring environment ``name`` under ``venvs`` up to date: nothing, a new stamp, or made again."""
    folder, log = venvs / name, venvs / "logs" / f"{name}.log"
    with held(venvs / f"{name}.lock", name) as lock:
        if is_current(name, folder):
            return
        if not holds_the_lock(name, folder):
            start = time.monotonic()
            say(f"{name}: installing {len(read_lock(name))} packages (log: {log})")
            install(name, folder, log, lock)
            say(f"{name}: ready after {time.monotonic() - start:.0f} s")
        write_text(folder / STAMP, expected_stamp(name))
        (folder / BUILDING).unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> None:
    """Make the named environments (default: all) that are missing or out of date."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of: {', '.join(ENVIRONMENTS)}; default all"
    )
    wanted = parser.parse_args(argv).names or list(ENVIRONMENTS)
    check_address_space(resource.getrlimit(resource.RLIMIT_AS)[0])
    for name in wanted:
        lock_path(name)
    venvs = venvs_folder()
    stale = [name for name in wanted if not is_current(name, venvs / name)]
    if not stale:
        return
    check_prerequisites(stale)
    (venvs / "logs").mkdir(parents=True, exist_ok=True)
    # Two at a time: one unpacks and compiles while the other downloads.
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        for job in [pool.submit(make_environment, name, venvs) for name in stale]:
            job.result()
    finally:
        pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    run_main(main)
