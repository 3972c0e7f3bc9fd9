"""A setting is changed while a job of the old one lives on: its output must not be the last one written."""

import time
from typing import Any

import psutil

from tests.chaos.experiment import LOOK_SECONDS, Experiment, RunFailed
from workflow_scripts.common.processes import start_time


def stale_setting(experiment: Experiment, changed: dict[str, Any]) -> str:
    """Change a setting after Snakemake alone was killed, while a decode of the old one lives; run to the end.

    The decode is stopped (SIGSTOP) for as long as the new run takes and let go on afterwards, were it still
    there: nothing ends it by chance. Returns what was decoded.
    """
    for path in (experiment.results / "translations").rglob("*.txt"):
        path.unlink()
    jobs = [name for name in experiment.finished_jobs() if name.startswith("decode/")]
    experiment.begin()
    decode = None
    while decode is None:
        # To look at all processes takes time from what is waited for.
        if any(map(experiment.has_begun, jobs)):
            decode = next((job for job, rule in experiment.jobs().items() if rule == "decode"), None)
        time.sleep(LOOK_SECONDS)
        if not experiment.is_on():
            raise RunFailed(f"no decode was seen:\n{experiment.tail()}")
    decode.suspend()
    words = decode.cmdline()
    experiment.kill_workflow()
    experiment.config = changed
    experiment.begin()
    experiment.finish()
    if start_time(decode.pid) is not None and decode.is_running():
        decode.resume()
        psutil.wait_procs([decode], timeout=60)
    return words[words.index("--out") + 1]
