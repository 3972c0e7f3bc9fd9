"""Errors that a user can cause: one line, no traceback (``--debug`` or NEURONSPEC_DEBUG shows it)."""

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from io import TextIOWrapper

DEBUG_OPTION = "--debug"
DEBUG_VARIABLE = "NEURONSPEC_DEBUG"
FAILED, INTERRUPTED, PIPE_CLOSED = 1, 130, 141  # the latter two: 128 + the signal, as a shell has it

# What the operating system refuses, in plain words, and what to do.
OS_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space there and run the same command again",
    errno.EDQUOT: "your disk quota is used up: free some space there and run the same command again",
    errno.EROFS: "this file system is read-only: make it writable, or use another folder",
    errno.EACCES: "permission denied: ask its owner for the right, or use another folder",
    errno.EPERM: "not permitted: ask its owner for the right, or use another folder",
    errno.ENOENT: "there is no such file or folder: check the path",
    errno.EISDIR: "this is a folder, where a file is needed: check the path",
    errno.ENOTDIR: "a part of this path is a file, where a folder is needed: check the path",
    errno.ENAMETOOLONG: "this name is too long for the file system: use shorter names",
    errno.ELOOP: "symbolic links that lead in a circle: check the path",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n 4096) and run it again",
    errno.ENFILE: "too many open files on this machine: close other programs and run it again",
    errno.EFBIG: "larger than the file system or a limit (ulimit -f) allows: use another folder",
    errno.EIO: "the disk or the network file system failed to read or write it: check the disk",
    errno.ESTALE: "the network file system lost the file: run the same command again",
    errno.ETIMEDOUT: "the network or its file system did not answer in time: run the same command again",
    errno.ENOMEM: "the machine's memory is full: close other programs, or give the job more memory",
}
OUT_OF_MEMORY = "out of memory: close other programs, give the job more memory, or use smaller batches"


class UserError(Exception):
    """A mistake the user can mend: a line (or several) with what, where, and the nearest right value."""


class DamagedFileError(UserError, ValueError):
    """A file that cannot be read as what it should be; a ValueError too, for who looks for damage."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest of ``known``, or an empty string."""
    names = list(known)
    alike = [name for name in names if name != word and name.casefold() == word.casefold()]
    matches = alike or get_close_matches(word, names, n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def first_of(names: Sequence[object], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def terminal(text: object) -> str:
    """Return text for a terminal: what does not print is written as in Python, ``\\x1b``."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(text))


def explain_os_error(error: OSError) -> str:
    """Return what the operating system refused, in one line: the file, and what to do."""
    advice = OS_ADVICE.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return ": ".join([" -> ".join(names), advice] if names else [advice])


def run_main(main: Callable[[list[str] | None], None]) -> None:
    """Run a stage's ``main`` as a program, with the words of the command line.

    A UserError, what the operating system refuses and want of memory become one line each on stderr and exit
    status 1; an interrupt ends it quietly (130), as does a reader that has gone away (141). With ``--debug``
    the traceback is shown instead. Anything else is a fault of the program, and keeps its traceback.
    """
    if DEBUG_OPTION in sys.argv[1:]:
        sys.argv.remove(DEBUG_OPTION)
        os.environ[DEBUG_VARIABLE] = "1"  # for the processes that it starts too
    _begin_again_with_asserts()
    if isinstance(sys.stdout, TextIOWrapper):
        # For terminals with ASCII alone; programs that write data set their own.
        sys.stdout.reconfigure(errors="backslashreplace")
    before = threading.enumerate()
    try:
        main(None)
        sys.stdout.flush()  # here, or a full disk would be seen only after the exit status is settled
    except (UserError, OSError, MemoryError, KeyboardInterrupt) as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        status = _report(error)
        _end_beside_threads(before, status)
        raise SystemExit(status) from None
    except SystemExit as end:
        if isinstance(end.code, int):
            _end_beside_threads(before, end.code)
        raise
    _end_beside_threads(before, 0)


def _begin_again_with_asserts() -> None:
    """Begin the program again where PYTHONOPTIMIZE takes checks and docstrings out of it."""
    if os.environ.pop("PYTHONOPTIMIZE", "") and sys.flags.optimize:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _end_beside_threads(before: list[threading.Thread], status: int) -> None:
    """End the program and its processes here if a library's thread is still at work (fairseq's loader, if a
    training ends within an epoch): Python would abort with SIGABRT. ``before``: threads that do not count."""
    if not any(thread.daemon for thread in threading.enumerate() if thread not in before):
        return
    import multiprocessing  # seldom needed, and slow to import

    for child in multiprocessing.active_children():
        child.terminate()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _report(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # Python would complain when it closes the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    if isinstance(error, UserError):
        text = str(error)
    elif isinstance(error, OSError):
        text = explain_os_error(error)
    else:
        text = OUT_OF_MEMORY
    for line in text.rstrip("\n").split("\n") if text else [type(error).__name__]:
        print(f"error: {terminal(line)}", file=sys.stderr)
    return FAILED
