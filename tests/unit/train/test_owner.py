"""One writer of a training folder, with real processes."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import LIMIT, wait_until
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.common.processes import identity, place
from workflow_scripts.train.owner import FolderOwner, check_owner, is_owner

#: Larger than any process number that Linux gives out.
NO_PROCESS = 2**22 + 1

#: Arguments: folder, digest of what is trained, when to begin, how long to hold it.
HOLD = """
import logging, sys, time
from pathlib import Path
from workflow_scripts.train import owner
logging.basicConfig(level=logging.INFO, format="%(message)s")
owner.POLL_SECONDS = 0.1
time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
with owner.FolderOwner(Path(sys.argv[1]), sys.argv[2]).held(lambda: None):
    print("took", time.time(), flush=True)
    time.sleep(float(sys.argv[4]))
    print("left", time.time(), flush=True)
"""


def owner(path: Path, **changes: Any) -> None:
    path.mkdir(parents=True, exist_ok=True)
    write_json(path / "owner.json", {"host": socket.gethostname(), "pid": os.getppid(), **changes})


def hold(path: Path, identity: str, begin: float = 0.0, seconds: float = 0.3) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), identity, str(begin), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_owned(path: Path, process: subprocess.Popen[str]) -> None:
    def is_owned() -> bool:
        assert process.poll() is None
        return (path / "owner.json").exists()

    wait_until(is_owned, "the first owner")


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process that the block waits for, if it takes too long."""
    timer = threading.Timer(LIMIT, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def owned(path: Path, identity: str = "ours") -> FolderOwner:
    return FolderOwner(path, identity)


def test_a_live_owner_of_something_else_is_named(tmp_path: Path) -> None:
    owner(tmp_path / "s1", identity="theirs")
    named = f"process {os.getppid()} on {socket.gethostname()}; .*\\(kill {os.getppid()}\\), then run again"
    with pytest.raises(UserError, match=named), owned(tmp_path / "s1").held(lambda: None):
        pass
    assert (tmp_path / "s1" / "owner.json").exists()


def test_an_owner_on_another_host_is_live_by_its_heartbeat(tmp_path: Path) -> None:
    owner(tmp_path, host="elsewhere", pid=1, slurm_job="17", identity="theirs")
    named = r"process 1 on elsewhere, SLURM job 17; .*\(scancel 17\)"
    with pytest.raises(UserError, match=named), owned(tmp_path).held(lambda: None):
        pass
    old = time.time() - 121
    os.utime(tmp_path / "owner.json", (old, old))
    with owned(tmp_path).held(lambda: None):
        assert read_json(tmp_path / "owner.json")["pid"] == os.getpid()


@pytest.mark.parametrize("gone", [{"pid": NO_PROCESS}, {"started": "1"}])
def test_a_dead_owner_is_taken_over_and_let_go(tmp_path: Path, gone: dict[str, Any]) -> None:
    owner(tmp_path, **gone)
    with owned(tmp_path).held(lambda: None):
        assert read_json(tmp_path / "owner.json")["pid"] == os.getpid()
    assert not (tmp_path / "owner.json").exists()


OTHER_PLACE = f"{socket.gethostname()} pid:[1]"


# Named: processes that share the tests must find the same ones.
@pytest.mark.parametrize(
    "pid", [os.getpid(), os.getppid(), NO_PROCESS], ids=["this process", "its parent", "nobody"]
)
def test_a_container_with_the_same_hostname_is_another_place(tmp_path: Path, pid: int) -> None:
    """Its process numbers mean other processes, whether one of that number lives here or not."""
    owner(tmp_path, pid=pid, process=f"{OTHER_PLACE} {pid} 7", identity="theirs")
    assert not is_owner(tmp_path)
    with pytest.raises(UserError, match="is being trained with other"), owned(tmp_path).held(lambda: None):
        pass
    old = time.time() - 121
    os.utime(tmp_path / "owner.json", (old, old))
    with owned(tmp_path).held(lambda: None):
        assert is_owner(tmp_path)
        assert read_json(tmp_path / "owner.json")["process"] == identity()


def test_an_owner_that_only_waits_to_be_noticed_is_gone(tmp_path: Path) -> None:
    first = hold(tmp_path, "theirs", seconds=60.0)
    wait_until_owned(tmp_path, first)
    first.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    with owned(tmp_path).held(lambda: None):
        assert is_owner(tmp_path)
    first.communicate(timeout=LIMIT)


def test_a_process_of_this_number_before_is_gone(tmp_path: Path) -> None:
    """A container begins with the same numbers each time."""
    owner(tmp_path, pid=os.getpid(), started=None, identity="theirs")
    with owned(tmp_path).held(lambda: None):
        assert read_json(tmp_path / "owner.json")["process"].startswith(f"{place()} {os.getpid()} ")


def test_a_process_knows_the_folder_of_the_one_that_started_it(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from workflow_scripts.train.owner import is_owner;"
    command = [sys.executable, "-c", f"{script} print(is_owner(Path(sys.argv[1])))", str(tmp_path)]
    with owned(tmp_path).held(lambda: None):
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert done.stdout == "True\n"


def test_one_of_many_takes_over_and_those_that_train_something_else_stop(tmp_path: Path) -> None:
    """Eight at once find a stale owner; the others must find the new one."""
    owner(tmp_path, pid=NO_PROCESS)
    begin = time.time() + 1.5
    started = [hold(tmp_path, f"settings {number}", begin, 3.0) for number in range(8)]
    outputs = [process.communicate(timeout=LIMIT) for process in started]
    assert sum("took" in out for out, _ in outputs) == 1
    assert (
        sum("is being trained with other settings or data by process" in error for _, error in outputs) == 7
    )
    assert not (tmp_path / "owner.json").exists()


def test_those_that_train_the_same_wait_and_hold_it_one_after_the_other(tmp_path: Path) -> None:
    begin = time.time() + 1.0
    started = [hold(tmp_path, "the same", begin) for _ in range(4)]
    outputs = [process.communicate(timeout=LIMIT) for process in started]
    assert [process.returncode for process in started] == [0] * 4
    times = sorted([float(word) for word in out.split()[1::2]] for out, _ in outputs)
    assert len(times) == 4
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(times))
    waits = [error.count("is training this already; waiting for it") for _, error in outputs]
    assert min(waits) == 0
    assert max(waits) > 0


def test_one_that_waits_takes_over_when_the_owner_is_killed(tmp_path: Path) -> None:
    first = hold(tmp_path, "the same", seconds=60.0)
    wait_until_owned(tmp_path, first)
    second = hold(tmp_path, "the same")
    with ending(second):
        line = next(line for line in second.stderr if "waiting" in line)  # type: ignore[union-attr]
    who = f"process {first.pid} on {socket.gethostname()}"
    assert line == f"{tmp_path}: {who} is training this already; waiting for it\n"
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=LIMIT)
    out, error = second.communicate(timeout=LIMIT)
    assert "took" in out
    assert "taken over from a process that is gone" in error
    assert "waiting" not in error  # not again until minutes have passed


def test_one_that_stood_still_and_was_taken_over_writes_no_more(tmp_path: Path) -> None:
    with owned(tmp_path).held(lambda: None):
        check_owner(tmp_path)
        owner(tmp_path, host="elsewhere", pid=1)
        with pytest.raises(UserError, match="another process took this training over"):
            check_owner(tmp_path)
    assert read_json(tmp_path / "owner.json")["host"] == "elsewhere"
