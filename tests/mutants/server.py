"""Runs tests, each time in a fork of a process that has imported the slow libraries, but nothing of ours.

A script, not a module: ``python -P tests/mutants/server.py ENVIRONMENT``. Input: lines of JSON, ``{"folder":
a copy of the checkout, "tests": [ids], "log": file, "limit": seconds}``. Output: for each line pytest's exit
status; 124 if the limit passed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
OURS = ("workflow_scripts", "tests")
# fairseq can be imported after a module of ours alone; a copy's own is imported again.
FAIRSEQ = (
    "torch",
    "workflow_scripts.models.fairseq.compat",
    "fairseq.sequence_generator",
    "fairseq_cli.train",
)
SLOW = {
    "workflow": ("pydantic", "yaml", "snakemake.cli"),
    "fairseq": (*FAIRSEQ, "sentencepiece", "safetensors.torch", "sacrebleu"),
    "text": ("numpy", "sentencepiece", "ctranslate2.specs", "safetensors.numpy"),
    "evaluate": ("sacrebleu", "pandas", "pyarrow", "sklearn.naive_bayes", "statsmodels.stats.multitest"),
    "comet": ("torch", "comet", "sacrebleu"),
    "hf": ("torch", "transformers", "safetensors.torch"),
    "scripts": ("uroman", "cyrtranslit"),
}


def _import(names: tuple[str, ...]) -> None:
    """Import what there is of these; forget modules of ours."""
    sys.path.insert(0, str(ROOT))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            with suppress(ImportError):
                importlib.import_module(name)
    sys.path.remove(str(ROOT))
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def _be(pytest: Any, folder: str, tests: list[str], log: str) -> NoReturn:
    """Run tests of a copy of the checkout, and end with pytest's exit status."""
    os.setsid()
    nothing, said = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor, file in ((0, nothing), (1, said), (2, said)):
        os.dup2(file, descriptor)
    os.chdir(folder)
    # Bytecode is told from its source by size and second: a mistake of the same length would go unread.
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, folder)
    status = 3
    try:
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _passed(child: int, limit: float) -> int:
    """Wait for a child, at most so many seconds; return its exit status. None of its processes stays."""

    def stop(*_: object) -> None:
        os.killpg(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(int(limit))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(0)
    with suppress(ProcessLookupError):
        stop()
    return 124 if status == -signal.SIGKILL else status


def main() -> None:
    """Serve until the input ends."""
    # What tests print is not an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _import(SLOW[sys.argv[1]])
    import pytest

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _be(pytest, asked["folder"], asked["tests"], asked["log"])
        print(_passed(child, asked["limit"]), file=answers, flush=True)


if __name__ == "__main__":
    main()
