"""What must hold before the first job starts: folders can be written, environments are there and start."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.software.environments import venvs_folder


def unwritable(files: Iterable[str]) -> str | None:
    """Return one line that names the first folder in which one of ``files`` cannot be written, else None."""
    for folder in sorted({Path(file).parent for file in files}):
        there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
        if not there.is_dir():
            return f"{there} is not a folder, but one is needed there: move it away"
        if os.access(there, os.W_OK | os.X_OK):
            continue
        if os.statvfs(there).f_flag & os.ST_RDONLY:
            return f"{there} is on a file system mounted read-only: mount it for writing"
        return f"{there} cannot be written by this user: give yourself the right, e.g. chmod u+rwx {there}"
    return None


def unusable_path(checkout: Path, folder: Path) -> str | None:
    """Return a line if a path is unusable: a colon ends it in PATH, braces are filled in by Snakemake."""
    if odd := sorted(set(":{}\n") & set(str(checkout))):
        return (
            f"{str(checkout)!r}: the checkout's path must not hold {odd[0]!r}: move it, or rename the folder"
        )
    place = str(folder.resolve())
    if odd := sorted(set("{}") & set(place)):
        return f"{place!r}: the working directory's path must not hold {odd[0]!r}: take another, or rename it"
    return None


def number_of_cores(said: str) -> int:
    """Return how many cores a user's CORES means. Raises UserError: it means none."""
    if said == "all":
        return os.cpu_count() or 1
    if re.fullmatch(r"[0-9]+", said) and int(said) > 0:
        return int(said)
    raise UserError(f"CORES={said}: say how many cores to use, from 1 up, or all")


def without_cache() -> str | None:
    """Return one line if the folder in which Snakemake keeps what it reads cannot be written, else None."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(named) if Path(named).is_absolute() else Path("~/.cache").expanduser()
    try:
        (cache / "snakemake").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache / "snakemake"):
            return None
    except OSError as error:
        return (
            f"{cache} cannot be written ({error.strerror}), and Snakemake needs it: name another folder, e.g."
            f" export XDG_CACHE_HOME={Path.cwd() / '.cache'}"
        )


def missing_environment(names: Iterable[str]) -> str | None:
    """Return one line that names the first environment that is missing or does not start, else None."""
    for name in sorted(set(names)):
        python = venvs_folder() / name / "bin" / "python"
        if not python.exists():
            return f"environment {name!r} is missing ({python}): run 'make setup'"
        try:
            done = subprocess.run([python, "-I", "-c", ""], capture_output=True, check=False)
            if done.returncode == 0:
                continue
            said = done.stderr.decode(errors="replace").strip().split("\n")[-1] or f"status {done.returncode}"
        except OSError as error:
            said = str(error.strerror)
        return (
            f"environment {name!r} does not start ({python}: {said}): remove {python.parents[1]}, then run"
            " 'make setup'"
        )
    return None
