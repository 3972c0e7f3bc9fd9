"""What a malformed input is, and how a stage is run on it.

A ``Case`` lays files in an empty folder and calls a stage there as a program does; the stage must end with
one line for each mistake, no traceback, and leave the folder as it was. ``Accepted`` is input that looks
wrong and is right. The tables are in ``*_cases.py``, one for each environment.
"""

import errno
import importlib
import re
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import sha256_of

#: Distinct checks that the cases of an environment reach at least.
CHECKS = {"workflow": 92, "text": 95, "evaluate": 34, "fairseq": 67, "comet": 14}
#: What a stage may take on malformed input beyond what it needs anyway, however large that unpacks.
MEMORY = 64_000_000  # bytes

Lay = Callable[[Path], "str | list[str]"]


@dataclass(frozen=True)
class Case:
    """``lay`` writes the files, returns the stage's words; ``said``: the lines of the error, hashes as #."""

    name: str
    what: str
    stage: str
    lay: Lay
    said: str
    bounded: bool = False


@dataclass(frozen=True)
class Accepted:
    """Input that is taken as it is meant; ``check`` asserts the exact result, ``result`` says it."""

    name: str
    what: str
    stage: str
    lay: Lay
    result: str
    check: Callable[[Path], None]


def cases_of(prefix: str, stage: str) -> Callable[..., Case]:
    """Return what makes the cases of a stage, of a name, what is wrong, ``lay`` and what is said."""
    return lambda name, what, lay, said, bounded=False: Case(
        f"{prefix}{name}", what, stage, lay, said, bounded
    )


def deferred(write: Callable[..., Any]) -> Callable[..., Callable[[Any], Any]]:
    """Let ``write(folder, …)`` be called without its first argument, which the result takes later."""
    return lambda *args, **kwargs: lambda first: write(first, *args, **kwargs)


@deferred
def laid(folder: Path, files: dict[str, bytes], words: str) -> str:
    """Write files, and return the words."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return words


def contents(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its hash."""
    return {str(path.relative_to(folder)): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


def start(case: Case | Accepted, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lay the files, set the command line, and return the stage's ``main``."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("NEURONSPEC_DEBUG", raising=False)
    words = case.lay(folder)
    words = words.split() if isinstance(words, str) else words
    monkeypatch.setattr(sys, "argv", [case.stage, *words])
    main: Callable[..., None] = importlib.import_module(f"workflow_scripts.{case.stage}").main
    return main


def refused(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> set[str]:
    """Run a case and assert all that it promises; return the checks that it reached."""
    main = start(case, folder, monkeypatch)
    before = contents(folder)
    if case.bounded:
        tracemalloc.start()
    try:
        with pytest.raises(SystemExit) as stopped:
            run_main(main)
        peak = tracemalloc.get_traced_memory()[1] if case.bounded else 0
    finally:
        tracemalloc.stop()
    error = capsys.readouterr().err
    said = [line.removeprefix("error: ") for line in error.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in error
    assert "\n".join(generalised(line, folder) for line in said) == case.said
    assert stopped.value.code == 1
    assert contents(folder) == before, "something was written"
    assert peak < MEMORY
    return set(checks_of(stopped.value.__context__, said))


def generalised(line: str, folder: Path) -> str:
    """Return a line without what differs from run to run: the folder, and hashes."""
    line = line.replace(f"{folder}/", "").replace(str(folder), ".")
    return re.sub(r"\b(?=\d*[a-f])[0-9a-f]{12,64}\b", "#", line)


def checks_of(error: BaseException | None, said: list[str]) -> list[str]:
    """Return what tells one check from another: the line of code that raised the error.

    A config's mistakes are all raised by one line: there it is the words of the message, without what is
    particular to the case. What the operating system refuses is one check for each kind of refusal.
    """
    if isinstance(error, OSError) and not isinstance(error, UserError):
        return [f"os {errno.errorcode[error.errno]}" if error.errno else "os"]
    assert isinstance(error, UserError)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    file = Path(trace.tb_frame.f_code.co_filename)
    if file.parent.name == "config":
        return [template(line) for line in said]
    return [f"{file.parent.name}/{file.name}:{trace.tb_lineno}"]


def template(line: str) -> str:
    """Return a config's message without file, line, key and values."""
    text = re.sub(r"^config\S*?(, line \d+)?: ", "", line)
    text = re.sub(r"^[\w.]+: ", "", text)
    text = re.sub(r" \(did you mean.*?\)|; there are .*|; it has .*", "", text)
    return re.sub(r"'[^']*'|\"[^\"]*\"|\[.*\]|[\d.,]+|\S+\.\S+", "_", text)
