"""The runner on made-up tests: what hangs, what dies, what is lost, and what others gave meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.runner import plugin, stacks
from tests.runner.session import run_session
from tests.runner.tiers import Session
from tests.waiting import wait_until

LIMIT = 1.5
GRACE = 2.0
PASSES = "def test_{name}(): pass\n"
#: Ends by itself after a minute, when the test of the runner has long failed.
CHILD = "import time\ndef deep():\n    time.sleep(60)\ndeep()"
#: CHILD's argument, by which it is known, is the folder of the test of the runner.
HANGS = f"""
import subprocess, sys
def test_before(): pass
def test_hangs():
    subprocess.run([sys.executable, "-c", {CHILD!r}, "WORD"])
def test_after(): pass
"""


def run(folder, *, distributed=True, limit=60, idle=60, **files):
    """Run made-up files of tests with two workers; return their counts and all that was said."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    session = Session("made up", "workflow", tuple(f"test_{n}.py" for n in files), limit, distributed, idle)
    said = []
    outcome = run_session(session, 2, said.append, root=folder, interpreter=sys.executable, grace=GRACE)
    return outcome, "\n".join(said)


def counts(outcome):
    return outcome.passed, outcome.failed, outcome.skipped


def living(word):
    found = []
    for pid in stacks.all_processes():
        with suppress(OSError):  # it has ended meanwhile
            if pid != os.getpid() and word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


@pytest.mark.parametrize("distributed", [True, False])
def test_what_hangs_is_stopped_with_its_stacks_and_the_others_go_on(tmp_path, distributed):
    outcome, said = run(
        tmp_path, limit=LIMIT, distributed=distributed, hangs=HANGS.replace("WORD", str(tmp_path))
    )
    assert counts(outcome) == (2, 1, 0)
    assert said.count("FAILED test_hangs.py::test_hangs\nstopped: it had not ended after 1.5 s\n") == 1
    # The stack of the test's own thread, which waits for the child; the child, and where it stands.
    assert 'test_hangs.py", line 5 in test_hangs' in said
    assert f"{tmp_path}\n  state S" in said
    assert "deep (<string>:3)" in said
    assert living(str(tmp_path)) == []


def test_a_child_whose_parent_has_ended_is_ended_too(tmp_path):
    # A shell leaves it to init, and the test waits for nothing that anybody could kill.
    text = f"""
import subprocess, time
def test_hangs():
    subprocess.run(["sh", "-c", "setsid sh -c 'sleep 61; :' {tmp_path} >/dev/null 2>&1 &"])
    time.sleep(60)
"""
    outcome, said = run(tmp_path, limit=LIMIT, left=text)
    assert counts(outcome) == (0, 1, 0)
    assert f"sh -c sleep 61; : {tmp_path}\n  state S" in said
    assert living(str(tmp_path)) == []


def test_what_does_not_stop_when_told_is_killed_and_the_others_go_on(tmp_path):
    text = """
import signal, time
def test_before(): pass
def test_deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(600)
def test_after(): pass
"""
    start = time.monotonic()
    outcome, said = run(tmp_path, limit=LIMIT, deaf=text, other=PASSES.format(name="other"))
    assert counts(outcome) == (3, 1, 0)
    assert "stopped: it had not ended after 1.5 s" in said
    assert time.monotonic() - start < 300


def test_a_test_that_kills_its_process_fails_once_and_the_others_go_on(tmp_path):
    text = """
import os, pytest
@pytest.fixture(scope="module")
def shared(): return 1
def test_before(shared): pass
def test_dies(shared): os._exit(3)
def test_after(shared): pass
"""
    outcome, said = run(tmp_path, dies=text, other="".join(PASSES.format(name=i) for i in range(5)))
    assert counts(outcome) == (7, 1, 0)
    assert said.count("FAILED") == 1
    assert "crashed while running 'test_dies.py::test_dies'" in said


def test_every_test_of_every_worker_dies_and_is_counted(tmp_path):
    text = "import os\n" + "".join(f"def test_{i}(): os._exit(1)\n" for i in range(3))
    assert counts(run(tmp_path, all=text)[0]) == (0, 3, 0)


def test_what_passed_counts_if_the_whole_session_dies(tmp_path):
    text = "import os\ndef test_1(): pass\ndef test_2(): os._exit(7)\ndef test_3(): pass\n"
    outcome, said = run(tmp_path, distributed=False, dies=text)
    assert counts(outcome) == (1, 1, 0)
    assert "made up: the session\npytest ended with status 7, 2 tests did not run" in said


def test_a_session_that_runs_no_test_is_stopped(tmp_path):
    outcome, said = run(tmp_path, idle=LIMIT, asleep="import time\ntime.sleep(60)\ndef test_never(): pass\n")
    assert outcome.passed == 0 and outcome.failed >= 1
    assert "stopped: no test has run for 1.5 s" in said
    assert "<module> (test_asleep.py:2)" in said or "test_asleep.py" in said


def test_failures_skips_and_errors_are_counted_by_test(tmp_path):
    text = """
import pytest
@pytest.fixture
def broken(): raise ValueError("in the fixture")
@pytest.fixture
def late():
    yield
    raise ValueError("at the end")
def test_setup(broken): pass
def test_teardown(late): pass
def test_fails(): assert 1 == 2
def test_skips(): pytest.skip("no reason")
@pytest.mark.xfail(reason="known")
def test_expected(): assert False
def test_passes(): print("unseen")
"""
    skipped = "import pytest\npytest.skip('a whole file', allow_module_level=True)\n"
    unreadable = "import nothing_of_that_name\n"
    outcome, said = run(tmp_path, mixed=text, skipped=skipped, unreadable=unreadable)
    assert counts(outcome) == (1, 4, 3)
    assert "FAILED test_mixed.py::test_setup (setup)\n" in said and "in the fixture" in said
    assert "FAILED test_mixed.py::test_teardown (teardown)\n" in said and "at the end" in said
    assert "FAILED test_mixed.py::test_fails\n" in said and "assert 1 == 2" in said
    assert "FAILED test_unreadable.py (collect)\n" in said and "nothing_of_that_name" in said
    assert "skipped 1: Skipped: no reason" in said and "skipped 1: Skipped: a whole file" in said
    assert "unseen" not in said


def test_no_tests_at_all_is_a_failure(tmp_path):
    outcome, said = run(tmp_path, distributed=False, none="")
    assert counts(outcome) == (0, 1, 0)
    assert "pytest ended with status 5" in said


def test_tests_that_share_are_of_one_process_and_processor_time_is_counted(tmp_path):
    text = """
import os, pytest
@pytest.fixture(scope="module")
def process(): return os.getpid()
@pytest.mark.parametrize("i", range(6))
def test_shares(process, i): assert process == os.getpid()
"""
    busy = """
import subprocess, sys
def test_busy():
    work = "import time\\nwhile time.process_time() < 1: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
"""
    outcome, said = run(tmp_path, shares=text, busy=busy)
    assert counts(outcome) == (7, 0, 0)
    assert outcome.units["test_shares.py"] > 0 and set(outcome.units) == {
        "test_shares.py",
        "test_busy.py::test_busy",
    }
    assert outcome.cpu > 1
    line = next(line for line in said.splitlines() if line.endswith("test_busy.py::test_busy"))
    assert float(line.split()[2]) >= 1


def test_processor_time_of_what_a_living_child_started_is_counted():
    work = "import time\nwhile time.process_time() < 0.5: pass"
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    command = [sys.executable, "-c", f"{program}; print(flush=True); sys.stdin.read()", work]
    before = plugin.cpu_seconds()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"\n" and child.poll() is None
        assert plugin.cpu_seconds() - before >= 0.5


@pytest.mark.parametrize("by", ["a signal", "another thread"])
def test_nothing_runs_on_when_the_runner_is_told_to_end(by, tmp_path):
    text = HANGS.replace("WORD", str(tmp_path))
    session = Session("made up", "workflow", ("test_hangs.py",), 60)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_hangs.py").write_text(text)

    told = threading.Event()

    def interrupt():
        wait_until(lambda: living(str(tmp_path)), "the test")
        if by == "a signal":
            os.kill(os.getpid(), signal.SIGINT)
        else:
            told.set()

    # A shell lets what it starts in the background ignore this signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            run_session(session, 2, print, root=tmp_path, interpreter=sys.executable, told=told)
    finally:
        signal.signal(signal.SIGINT, before)
    wait_until(lambda: not living(str(tmp_path)), "its end")
