"""How the processes of a training agree: process 0 decides, the others follow; an error of one ends all.

They meet at torch's key-value store at MASTER_ADDR:MASTER_PORT. Its keys: `device/{rank}`, `plan` (of process
0), `trouble` (of one that failed), `end` (the line for all), `gone` (count). Each process watches it while it
trains: a collective would wait long for a process that has failed.
"""

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from workflow_scripts.common.errors import FAILED, UserError
from workflow_scripts.models.training.collectives import SILENCE
from workflow_scripts.models.training.slices import SliceEnded
from workflow_scripts.train.devices import check_devices, describe_device, device_number
from workflow_scripts.train.failures import GONE, error_of, is_fault, is_lost_connection, line_of, trouble_of
from workflow_scripts.train.launch import Place

# For all processes to come: importing torch from a cold shared file system may take minutes.
START = timedelta(minutes=10)
POLL_SECONDS = 1.0
# For process 0 to notice by itself that another failed; after that it is ended where it waits.
NOTICE_SECONDS = 5.0
# For the line of an error: a launcher kills the others when one ends, so all read it before.
REPORT_SECONDS = 30.0


class Ranks:
    """This process, number `rank` of its training; use `joined`. Process 0 knows all `devices`."""

    def __init__(self, place: Place) -> None:
        self.place, self.rank = place, place.rank
        self.alone = place.processes == 1
        self._over, self._ending = threading.Event(), threading.Lock()
        # One for this thread and one for that which watches: a client serves one caller at a time.
        self._store: Any = None if self.alone else self._connect()
        self._watched: Any = None if self.alone else self._connect()
        self.devices: list[str] = []

    def look_at_device(self) -> None:
        """Find this process's device, and send it to process 0. UserError if it has none."""
        own = describe_device(device_number(self.place))
        self.devices = [own["name"]]
        if not self.alone:
            self._set(f"device/{self.rank}", own)

    def send_plan(self, plan: dict[str, Any] | None) -> None:
        """Send the plan from process 0 to all, or None if nothing is left to train."""
        if not self.alone:
            self._set("plan", plan)

    def gather_devices(self) -> None:
        """Collect the devices of all, in process 0. UserError where they do not fit each other."""
        if not self.alone:
            keys = [f"device/{rank}" for rank in range(self.place.processes)]
            while not self._store.check(keys):
                if self._store.check(["trouble"]):
                    raise error_of(json.loads(self._store.get("trouble")))
                time.sleep(POLL_SECONDS)
            found = [json.loads(self._store.get(key)) for key in keys]
            check_devices(found)
            self.devices = [one["name"] for one in found]

    def wait_for_plan(self) -> dict[str, Any] | None:
        """Wait, however long, for the plan of process 0; UserError if that failed."""
        while not self._store.check(["plan"]):
            self._look_for_end()
            time.sleep(POLL_SECONDS)
        value: dict[str, Any] | None = json.loads(self._store.get("plan"))
        return value

    def _look_for_end(self) -> None:
        if self._store.check(["end"]):
            raise UserError(json.loads(self._store.get("end")))

    @contextmanager
    def training(
        self,
        ended: Callable[[BaseException], BaseException] = lambda error: error,
        release: Callable[[], None] = lambda: None,
    ) -> Iterator[None]:
        """Let all processes speak to each other for the block, and end with each other. `ended`: records what
        ended the training, an own error or another process's; returns what to raise. `release`: gives up what
        this process holds. Both may be called in another thread, before the end."""
        if not self.alone:
            threading.Thread(target=self._watch, args=(ended, release), daemon=True).start()
        whole = False
        try:
            if not self.alone:
                self._make_process_group()
            yield
            whole = True
        except Exception as error:
            whole = isinstance(error, SliceEnded)
            self._end_watch()
            reason = ended(error if whole else self._cause(error))
            if reason is error:
                raise
            raise reason from error
        finally:
            self._end_watch()
            # NCCL would wait for the one that failed; the end of this process does as well.
            if (
                not self.alone
                and distributed.is_initialized()
                and (whole or distributed.get_backend() == "gloo")
            ):
                distributed.destroy_process_group()

    def _end_watch(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._ending.acquire()  # where the watch ends this process already, no further than here

    def _make_process_group(self) -> None:
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(device_number(self.place))
        distributed.init_process_group(
            "nccl" if cuda else "gloo",
            store=distributed.PrefixStore("group", self._store),
            rank=self.rank,
            world_size=self.place.processes,
            timeout=SILENCE,
        )

    def _cause(self, error: BaseException) -> BaseException:
        """Return what ended the training, where all that this process knows is that another one did."""
        if self.alone or not is_lost_connection(error):
            return error
        with suppress(RuntimeError):
            self._look_for_end()
            if self._store.check(["trouble"]):
                return error_of(json.loads(self._store.get("trouble")))
        return UserError(GONE)

    def _watch(self, ended: Callable[[BaseException], BaseException], release: Callable[[], None]) -> None:
        """End this process soon after another failed, wherever its main thread waits."""
        key = "end" if self.rank else "trouble"
        try:
            while not self._watched.check([key]):
                if self._over.wait(POLL_SECONDS):
                    return
            found = json.loads(self._watched.get(key))
        except RuntimeError:
            found = GONE
        if self._over.wait(0 if self.rank else NOTICE_SECONDS) or not self._ending.acquire(blocking=False):
            return
        line = found
        if self.rank:
            self._leave(self._watched)
        else:
            try:
                line = line_of(ended(error_of(found)), self.place)
                release()
            except Exception as error:  # of the disk, perhaps; nobody catches it in this thread
                line = line_of(error, self.place)
            self._report("end", line, self._watched)
            self._wait_for_others(self._watched)
        for one in line.splitlines():
            print(f"error: {one}", file=sys.stderr, flush=True)
        os._exit(FAILED)

    def fail(self, error: BaseException) -> BaseException:
        """Report to all what went wrong here; return what to raise: on all processes the same line."""
        if self.rank == 0:
            self._report("end", line_of(error, self.place), self._store)
            self._wait_for_others(self._store)
            return UserError(GONE) if is_lost_connection(error) else error
        line = line_of(error, self.place)
        if is_fault(error):
            traceback.print_exception(error)  # a fault of the program; process 0 knows its line only
        with suppress(RuntimeError):
            if not self._store.check(["end"]):
                self._report("trouble", trouble_of(error, self.place), self._store)
            self._store.wait(["end"], timedelta(seconds=REPORT_SECONDS))
            line = json.loads(self._store.get("end"))
        self._leave(self._store)
        return UserError(line)

    def leave(self) -> None:
        """Leave without an error; process 0 last, since it serves the store."""
        if not self.alone and self.rank:
            self._leave(self._store)
        elif not self.alone:
            self._wait_for_others(self._store)

    @staticmethod
    def _leave(store: Any) -> None:
        with suppress(RuntimeError):
            store.add("gone", 1)

    def _wait_for_others(self, store: Any) -> None:
        deadline = time.monotonic() + REPORT_SECONDS
        with suppress(RuntimeError):
            while store.add("gone", 0) < self.place.processes - 1 and time.monotonic() < deadline:
                time.sleep(0.1)

    def _connect(self) -> Any:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        try:
            store, _, _ = next(distributed.rendezvous("env://", timeout=START))
        except (RuntimeError, ValueError) as error:
            if "EADDRINUSE" in str(error):
                raise UserError(
                    f"{where}, where the processes of the training meet, is taken by another program; set"
                    " MASTER_PORT to a free port"
                ) from error
            raise UserError(
                f"process {self.rank} of {self.place.processes} did not meet all others at {where} within"
                f" {START.total_seconds() / 60:.0f} minutes; was each started, and does it reach that host?"
            ) from error
        return distributed.PrefixStore("neuronspec", store)

    def _set(self, key: str, value: Any) -> None:
        self._store.set(key, json.dumps(value))

    @staticmethod
    def _report(key: str, value: Any, store: Any) -> None:
        """Set a key, unless another process has set it."""
        with suppress(RuntimeError):
            store.compare_set(key, "", json.dumps(value))


@contextmanager
def joined(place: Place) -> Iterator[Ranks]:
    """Meet the other processes for the block; an error of one ends all, with one line."""
    ranks = Ranks(place)
    try:
        ranks.look_at_device()
        yield ranks
    except SliceEnded:
        ranks.leave()
        raise
    except BaseException as error:
        reason = error if ranks.alone else ranks.fail(error)
        if reason is error:
            raise
        raise reason from error
    ranks.leave()
