"""A process that has imported what takes long, and forks one for each request; `tests/forked.py` starts it.

`python -m tests.fork_server DESCRIPTOR MODULES…`: a listening Unix socket, and what is imported. Each
connection is one request, a JSON line; the answer is the new process's number, and at its end its exit status
as `waitpid` has it, a line each. The server has one thread, so that what it forks can start its own, and ends
with its standard input, as do all that it forked.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "workflow_scripts"


class _Become(BaseException):
    """What a program became by `os.execv`."""

    def __init__(self, words: list[str]) -> None:
        self.words = words


def end_session(child: int) -> None:
    """Kill a process that `be` made the first of a session, and all of that, however new it is."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)


def serve(listener: socket.socket) -> dict[str, Any] | None:
    """Fork a process for each request: in that process return it. Return None when nobody asks any more."""
    asked = selectors.DefaultSelector()
    asked.register(sys.stdin, selectors.EVENT_READ)
    asked.register(listener, selectors.EVENT_READ)
    children: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor that tells of its end
    while True:
        for key, _ in asked.select():
            if key.fileobj is sys.stdin:
                for child, _connection in children.values():
                    end_session(child)
                return None
            if key.fileobj is listener:
                connection = listener.accept()[0]
                line = connection.makefile().readline()
                if not line:  # who asked is gone
                    connection.close()
                    continue
                request = json.loads(line)
                child = os.fork()
                if not child:
                    asked.close()
                    for one in (connection, listener, *(other for _, other in children.values())):
                        one.close()
                    for descriptor in children:
                        os.close(descriptor)
                    return dict(request)
                with suppress(OSError):
                    connection.sendall(f"{child}\n".encode())
                descriptor = os.pidfd_open(child)
                children[descriptor] = child, connection
                asked.register(descriptor, selectors.EVENT_READ)
                continue
            child, connection = children.pop(key.fd)
            asked.unregister(key.fd)
            os.close(key.fd)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            with suppress(OSError):  # nobody waits for it any more
                connection.sendall(f"{status}\n".encode())
            connection.close()


def be(request: dict[str, Any]) -> None:
    """Be `python -m words…` in a folder and an environment, from its beginning to its end."""
    os.setsid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for descriptor, path, how in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], flags),
        (2, request["err"], flags),
    ):
        opened = os.open(path, how, 0o666)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    checkout = Path(request["checkout"])
    others = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    sys.path[:] = [request["folder"], str(checkout), *others]
    if checkout != ROOT:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
    if request["becomes"]:
        os.execv = _execv
    leave(run, request["words"])


def run(words: list[str]) -> None:
    """Run `python -m words…`, and what it becomes."""
    while True:
        sys.argv, sys.orig_argv = list(words), [sys.executable, "-m", *words]
        if not hasattr(sys.modules.get(words[0]), "__path__"):
            sys.modules.pop(words[0], None)  # it may have been imported; a new one has it only as __main__
        try:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
            return
        except _Become as become:
            words = become.words


def leave(program: Callable[[list[str]], None], words: list[str]) -> None:
    """Run a program and leave as Python does, but for freeing all memory, which takes long.

    Where threads are at work, its own or a library's, that may fail: there it is done.
    """
    try:
        program(words)
        status = 0
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if len(os.listdir("/proc/self/task")) == 1:  # noqa: PTH208  (of threads, not of paths)
        os._exit(status)
    sys.exit(status)


def _execv(program: str, words: list[str]) -> NoReturn:
    """Become `python -m …` without a new interpreter."""
    assert program == words[0] == sys.executable and words[1] == "-m", words
    raise _Become(words[2:])


def main() -> None:
    """Import, serve, and be what was asked for."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        importlib.import_module(name)
    # What is here now lives as long as each of them: nobody needs to look through it, or to copy its pages.
    gc.collect()
    gc.freeze()
    request = serve(listener)
    if request is not None:
        be(request)


if __name__ == "__main__":
    main()
