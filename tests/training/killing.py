"""Train in processes of their own and kill them; forks of one process, for the imports take long.

`python -m tests.training.killing STEPS.json`: a list of {"main": module, "arguments": [...]}. A step with
"kill_after": [fractions] is killed (SIGKILL) after each of these parts of the processor time that the step
before took, and at last left to finish; if it finishes before, the rest is not used. One with "beside": n is
started n times at once. Prints a JSON line for each step: its exit codes in order.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

# Before the fork: importing them takes longer than training. torch's optimisers import the last one.
MODULES = (
    "workflow_scripts.models.training",
    "workflow_scripts.train.train_baseline",
    "workflow_scripts.specialize.finetune",
    "torch._dynamo",
)


def start(module: str, arguments: list[str]) -> int:
    """Return the process that runs a program."""
    child = os.fork()
    if child:
        return child
    try:
        importlib.import_module(module).main(arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def processor_time(child: int) -> float:
    """Return the seconds of processor time that a process has used: other work on the machine adds none."""
    fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(child: int, seconds: float) -> tuple[int, float]:
    """Return a process's exit code and processor time; it is killed when it has used so many seconds."""
    while True:
        used = processor_time(child)
        if used >= seconds:
            os.kill(child, signal.SIGKILL)
        found, status = os.waitpid(child, 0 if used >= seconds else os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), used
        time.sleep(0.002)


def run(step: dict[str, Any], whole: float) -> tuple[list[int], float]:
    """Return the exit codes of a step's processes, and the processor time of the last.

    `whole`: that of the step before.
    """
    if beside := step.get("beside"):
        children = [start(step["main"], step["arguments"]) for _ in range(beside)]
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], 0.0
    codes, used = [], 0.0
    for seconds in [*(part * whole for part in step.get("kill_after", [])), float("inf")]:
        code, used = watch(start(step["main"], step["arguments"]), seconds)
        codes.append(code)
        if code != -signal.SIGKILL:
            break
    return codes, used


if __name__ == "__main__":
    for name in MODULES:
        importlib.import_module(name)
    before = 0.0
    for one in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        codes, before = run(one, before)
        print(json.dumps(codes), flush=True)
