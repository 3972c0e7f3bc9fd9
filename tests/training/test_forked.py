"""Processes that tests/forked.py forks from one with torch and fairseq say, leave and end as new ones do."""

import re
import signal
import subprocess
import time

import pytest

from tests.forked import FAIRSEQ, ROOT, run
from tests.training.interrupted import same_weights
from tests.training.several import begin, clean_environment, train
from tests.training.toy_world import HALVES, baseline_arguments

BASELINE = "workflow_scripts.train.train_baseline"


def said(text, root):
    text = text.replace(str(root), "ROOT")
    return re.sub(r"\d+(\.\d+)? ?(s|MB|words/s)\b|\b\d+:\d\d(:\d\d)?\b", "N", text)


def test_a_training_of_two_processes(world, in_two_processes, tmp_path):
    """All that they say, their statuses, and the weights to the bit."""
    root, forked = in_two_processes
    command = baseline_arguments(world, tmp_path / "folder", tmp_path / "out", **HALVES)
    new = train(BASELINE, [command] * 2, tmp_path / "program", new=True)
    assert [one.status for one in forked] == [one.status for one in new] == [0, 0]
    assert [said(one.said, root) for one in forked] == [said(one.said, tmp_path) for one in new]
    assert same_weights(tmp_path / "out", root / "out")


PATCH = """
import os, sys, threading
print(sys.argv, sys.orig_argv[1:], os.getcwd(), os.environ.get("MINE"), threading.active_count())
print(__name__, "torch" in sys.modules, sys.stdin.read())
"""


def test_what_one_finds(tmp_path, monkeypatch):
    """Its words, folder and variables, one thread, an empty input; torch is there already."""
    (tmp_path / "patch.py").write_text(PATCH)
    words = ("tests.training.process", "patch.py", BASELINE, "--help")
    done = run(tmp_path, *words, variables={**clean_environment(), "MINE": "7"}, server=FAIRSEQ)
    first, second, *rest = done.stdout.splitlines()
    file = ROOT / "tests/training/process.py"
    assert first == f"['{file}', '--help'] {['-m', *words]} {tmp_path} 7 1"
    assert second == "__main__ True "
    assert rest[0].startswith("usage: ") and done.returncode == 0 and done.stderr == ""
    monkeypatch.setenv("MINE", "8")
    assert f"{tmp_path} 8 1" in run(tmp_path, *words, server=FAIRSEQ).stdout


@pytest.mark.parametrize(
    ("act", "status", "last"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise ValueError('a fault')", 1, "ValueError: a fault"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'exit(4)'])", 4, ""),
        ("import atexit; atexit.register(print, 'left'); raise SystemExit(5)", 5, "left"),
        ("raise SystemExit('words')", 1, "words"),
    ],
    ids=["status", "fault", "killed", "another program", "last acts", "words"],
)
def test_how_one_ends(act, status, last, tmp_path):
    (tmp_path / "patch.py").write_text(act)
    done = run(tmp_path, "tests.training.process", "patch.py", BASELINE, server=FAIRSEQ)
    assert done.returncode == status
    assert ((done.stdout + done.stderr).splitlines() or [""])[-1] == last


def test_one_that_does_not_end_is_killed(tmp_path):
    """With what it started, at its deadline; signals reach it, and its end is told once and for all."""
    patch = tmp_path / "patch.py"
    patch.write_text("import subprocess; subprocess.run(['sleep', '600'])")
    words = ("tests.training.process", "patch.py", BASELINE)
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run(tmp_path, *words, server=FAIRSEQ, timeout=0.5)
    process = begin(BASELINE, [], clean_environment(), patch, tmp_path / "said")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait() == process.poll() == process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 300
