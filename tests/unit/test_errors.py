"""What a user sees when a stage fails: one line, or with --debug all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError, explain_os_error, run_main

ROOT = Path(__file__).resolve().parents[2]


def fail_with(error):
    def main(argv):
        raise error

    return main


def outcome(main, monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["stage", *words])
    monkeypatch.delenv("NEURONSPEC_DEBUG", raising=False)
    with pytest.raises(SystemExit) as stopped:
        run_main(main)
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UserError("a.txt, line 3: empty"), 1, "error: a.txt, line 3: empty\n"),
        (UserError("one\ntwo"), 1, "error: one\nerror: two\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out.npz"),
            1,
            "error: out.npz: the disk is full: free some space there and run the same command again\n",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "r/out.npz"),
            1,
            "error: r/out.npz: this file system is read-only: make it writable, or use another folder\n",
        ),
        (
            OSError(errno.EMFILE, "Too many open files", "a.bin"),
            1,
            "error: a.bin: too many open files: raise the limit (ulimit -n 4096) and run it again\n",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300),
            1,
            f"error: {'x' * 300}: this name is too long for the file system: use shorter names\n",
        ),
        (
            OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b"),
            1,
            "error: a -> b: Invalid cross-device link\n",
        ),
        (
            MemoryError(),
            1,
            "error: out of memory: close other programs, give the job more memory, or use smaller batches\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_is_said(error, status, said, monkeypatch, capsys):
    assert outcome(fail_with(error), monkeypatch, capsys) == (status, said)


def test_what_the_system_itself_refuses(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("x")
    for path, advice in (
        (tmp_path / "absent", "there is no such file or folder: check the path"),
        (tmp_path, "this is a folder, where a file is needed: check the path"),
        (tmp_path / "file/inside", "a part of this path is a file, where a folder is needed: check the path"),
    ):
        said = outcome(lambda argv, path=path: path.read_text(), monkeypatch, capsys)
        assert said == (1, f"error: {path}: {advice}\n")


def test_an_error_without_a_file_or_an_advice():
    assert explain_os_error(OSError("odd")) == "odd"
    assert explain_os_error(OSError(errno.ENOSPC, "x")).startswith("the disk is full")
    assert explain_os_error(OSError()) == "OSError"


def test_debug_shows_the_traceback_and_is_no_argument_of_the_stage(monkeypatch):
    seen = []

    def main(argv):
        seen.extend(sys.argv)
        raise UserError("wrong")

    monkeypatch.setattr(sys, "argv", ["stage", "--k", "95", "--debug"])
    monkeypatch.setenv("NEURONSPEC_DEBUG", "")
    with pytest.raises(UserError, match="wrong"):
        run_main(main)
    assert seen == ["stage", "--k", "95"]
    # For the processes that the stage starts: `make run ARGS=--debug` reaches every job.
    assert os.environ["NEURONSPEC_DEBUG"] == "1"


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stage"])
    with pytest.raises(ZeroDivisionError):
        run_main(fail_with(ZeroDivisionError()))


def test_every_program_runs_by_run_main():
    """So every stage has --debug and says in one line what the system refuses."""
    programs = 0
    for path in sorted((ROOT / "workflow_scripts").rglob("*.py")):
        _, found, end = path.read_text(encoding="utf-8").partition('if __name__ == "__main__":\n')
        # The reference of the config is written by developers alone.
        if found and path.name != "reference.py":
            assert end.strip() in ("run_main(main)", "run_main(starting_again(main))"), path
            programs += 1
    assert programs > 20


PROGRAM = """
import signal, sys, time
from workflow_scripts.common.errors import run_main
# A shell that runs the tests in the background has its children ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
def main(argv):
    print("started", flush=True)
    if sys.argv[1] == "write":
        for _ in range(100_000):
            print("a line that nobody reads")
    time.sleep(30)
run_main(main)
"""


def start(word):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, word], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def test_an_interrupt_is_quiet():
    process = start("sleep")
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_reader_that_goes_away_is_no_error():
    process = start("write")
    assert process.stdout.readline() == "started\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141


@pytest.mark.parametrize("stdout", ["ascii", "utf-8"])
def test_a_terminal_that_shows_ascii_alone_gets_the_rest_as_codes(stdout):
    program = "from workflow_scripts.common.errors import run_main; run_main(lambda argv: print('5 → 4'))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": stdout},
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == (b"5 \\u2192 4\n" if stdout == "ascii" else "5 → 4\n".encode())


@pytest.mark.parametrize("level", ["1", "2"])
def test_checks_and_docstrings_are_there_whatever_the_environment_says(level, tmp_path):
    (tmp_path / "program.py").write_text(
        '"""What it does."""\n'
        "import os, sys\n"
        "from workflow_scripts.common.errors import run_main\n"
        "def main(argv):\n"
        "    print(__doc__, sys.argv[1:], os.environ.get('PYTHONOPTIMIZE'))\n"
        "    assert not sys.argv[1:], 'checked'\n"
        "run_main(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "program", "a word", "--flag"], cwd=tmp_path,
        env={**os.environ, "PYTHONOPTIMIZE": level, "PYTHONPATH": f"{tmp_path}:{ROOT}"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "What it does. ['a word', '--flag'] None\n"
    assert done.returncode == 1 and "AssertionError: checked" in done.stderr
