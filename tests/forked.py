"""`python -m MODULE …` in a process forked from one that has imported what takes long.

What: a module of this package, of these tests or of Snakemake, run as `__main__` in a process, folder and
environment of its own. `SNAKEMAKE` forks from a process that has imported Snakemake (half of a dry run is
that); the jobs that it starts are new processes, and a run that is killed has an interpreter of its own.
`FAIRSEQ` forks from one that has imported torch and fairseq, for trainings. Inputs: words of the command
line. Outputs: exit status, and what was said. `tests/workflow/test_forked.py` and
`tests/training/test_forked.py` hold them against new processes.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.fork_server import ROOT, end_session

#: Longer than anything that is forked takes, on a busy machine too.
LIMIT = 600.0


class Forked:
    """A forked process, much like a `subprocess.Popen`. It leads a session of its own.

    `pid`; `returncode`: as a Popen's, None while it runs.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._said = connection, ""
        self.returncode: int | None = None
        self.pid = self._number(LIMIT)

    def _number(self, seconds: float) -> int:
        """Return the next number that the server tells."""
        deadline = time.monotonic() + seconds
        while "\n" not in self._said:
            self._connection.settimeout(max(1e-4, deadline - time.monotonic()))
            try:
                more = self._connection.recv(64).decode()
            except ConnectionResetError:
                more = ""
            if not more:
                raise RuntimeError("the server of forked processes is gone")
            self._said += more
        line, _, self._said = self._said.partition("\n")
        return int(line)

    def poll(self) -> int | None:
        """Return the exit status; None if it still runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float = LIMIT) -> int:
        """Return the exit status; `subprocess.TimeoutExpired` if it has none after so many seconds."""
        if self.returncode is None:
            try:
                self.returncode = self._number(timeout)
            except TimeoutError:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it and all of its session, if it still runs."""
        if self.poll() is None:
            end_session(self.pid)


class Server:
    """The process that forks, begun with the first that is asked for.

    Args:
        imports: a module whose imports every forked process finds done.
        becomes: whether `os.execv` of `python -m …` is done without a new interpreter.
    """

    def __init__(self, imports: str, becomes: bool = False) -> None:
        self.imports, self.becomes = imports, becomes
        self._address = b""
        self._process: subprocess.Popen[bytes] | None = None

    def _begin(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("")  # Linux gives it a name that is no file
            listener.listen(64)
            self._address = listener.getsockname()
            self._said = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the server)
            # One thread: what is forked from several can hang. Torch's words at a lost connection are read
            # once, when it is imported; a training sets this for its own.
            variables = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
            number = str(listener.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", number, self.imports], cwd=ROOT,
                env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=self._said,
                stderr=subprocess.STDOUT, pass_fds=[listener.fileno()], start_new_session=True,
            )  # fmt: skip
        atexit.register(self._process.communicate)

    def start(
        self,
        folder: Path,
        *words: str,
        out: Path,
        err: Path,
        checkout: Path = ROOT,
        variables: Mapping[str, str] | None = None,
    ) -> Forked:
        """Begin ``python -m words…`` in a folder, with the package of a checkout.

        Args:
            out, err: the files of what it says, there from now on and appended to; both may be the same.
            variables: its environment; this process's, if not given.
        """
        if self._process is None or self._process.poll() is not None:
            self._begin()  # also where it was ended with a test that was stopped
        for file in (out, err):
            file.touch()
        environment = {**(os.environ if variables is None else variables), "PYTHONPATH": str(checkout)}
        request = {
            "words": words, "folder": str(folder), "variables": environment, "checkout": str(checkout),
            "out": str(out), "err": str(err), "becomes": self.becomes,
        }  # fmt: skip
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            return Forked(connection)
        except (OSError, RuntimeError) as error:
            self._said.seek(0)
            raise RuntimeError(f"no process was forked: {self._said.read().decode()}") from error


SNAKEMAKE = Server("tests.forked_imports", becomes=True)
FAIRSEQ = Server("tests.forked_training_imports")


def run(
    folder: Path,
    *words: str,
    checkout: Path = ROOT,
    variables: Mapping[str, str] | None = None,
    server: Server = SNAKEMAKE,
    timeout: float = LIMIT,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m words…`` as `Server.start` begins it; wait for its end.

    Raises:
        subprocess.TimeoutExpired: it has not ended after so many seconds; it is killed.
    """
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        process = server.start(folder, *words, out=out, err=err, checkout=checkout, variables=variables)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        said = [file.read_text(encoding="utf-8") for file in (out, err)]
    return subprocess.CompletedProcess(list(words), status, *said)
