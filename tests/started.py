"""Start a program and wait for its end, but not for ever."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Seconds that a program has; far more than any takes on a busy machine.
PATIENCE = 600.0
#: Seconds for what was killed to let its output go.
AFTERWARDS = 30.0


def run(
    command: Sequence[str | Path],
    folder: Path,
    variables: Mapping[str, str] | None = None,
    said: str | None = None,
    patience: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; return its exit status and what it said.

    Args:
        variables: what its environment has beside this process's.
        said: what it reads from stdin; nothing, if not given.

    Raises:
        AssertionError: it has not ended after `patience` seconds; it and all that it started are killed.
    """
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.PIPE if said is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(said, timeout=patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            try:
                out, err = process.communicate(timeout=AFTERWARDS)
            except subprocess.TimeoutExpired as late:  # one in a session of its own holds the pipe
                out, err = late.stdout, late.stderr
            words = " ".join(process.args)
            raise AssertionError(f"no end after {patience:.0f} s: {words}\n{out}\n{err}") from None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
