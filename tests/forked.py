"""`python -m MODULE …` in a process forked from one that has imported Snakemake: half of a dry run is that.

What: a module of this package or Snakemake's, run as `__main__` in a process, folder, and environment of its
own. Inputs: words of the command line. Outputs: exit status and what was said. For plans and refusals, of
which there are hundreds, and for runs whose jobs are in question; with an interpreter of its own Snakemake
runs the undisturbed tiny experiment and those that are killed (tests/system). `tests/workflow/test_forked.py`
holds both against each other.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "workflow_scripts"
#: Seconds that a process has; far more than any takes on a busy machine.
PATIENCE = 600.0
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.forked_imports"])


class _Exec(BaseException):
    """What a program became by `os.execv`."""

    def __init__(self, words: list[str]) -> None:
        self.words = words


def run(
    folder: Path,
    *words: str,
    checkout: Path = ROOT,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m words…`` in a folder, with the package of a checkout; wait for its end.

    ``variables``: the environment; this process's, if not given.
    """
    environment = {**(os.environ if variables is None else variables), "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        process = _CONTEXT.Process(target=_be, args=(list(words), folder, environment, checkout, out, err))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        said = [file.read_text(encoding="utf-8") if file.exists() else "" for file in (out, err)]
        status = process.exitcode
    assert status is not None and status != -signal.SIGKILL, ("killed", words, *said)
    return subprocess.CompletedProcess(list(words), status, *said)


def _be(
    words: list[str], folder: Path, variables: dict[str, str], checkout: Path, out: Path, err: Path
) -> None:
    """Be that process, from its beginning to its end."""
    for descriptor, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:] = [str(folder), str(checkout), *(p for p in sys.path if p and Path(p).resolve() != ROOT)]
    if checkout.resolve() != ROOT:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
    os.execv = _execv
    try:
        while True:
            try:
                sys.argv = words
                runpy.run_module(words[0], run_name="__main__", alter_sys=True)
                return
            except _Exec as become:
                words = become.words
    finally:
        # Processes of multiprocessing leave without.
        atexit._run_exitfuncs()


def _execv(program: str, words: list[str]) -> NoReturn:
    """Become `python -m …` without a new interpreter."""
    assert program == words[0] == sys.executable and words[1] == "-m", words
    raise _Exec(words[2:])
