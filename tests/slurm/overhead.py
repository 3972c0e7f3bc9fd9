"""What a job costs beside its work on a SLURM controller: alone, as an array's task, in a group; as Markdown.

``python -m tests.slurm.overhead`` (`make bench-slurm`, as root). Twenty texts of one line are prepared: all
that takes time is to start. The controller has as many CPUs as this machine, so that as many jobs run at a
time in every way; the time until Snakemake notices an end is counted too.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.slurm import controller as slurm
from tests.slurm.programs import LIMIT, end_all
from tests.slurm.site import ROOT, ClusterRun

LANGUAGES = [f"a{letter}" for letter in "abcdefghij"]
CORES = os.cpu_count() or 1
GROUP = "  prepare_text: text\n"
#: Lines of the profile that each way changes.
WAYS: dict[str, dict[str, str]] = {
    "a job each": {GROUP: ""},
    "one array": {GROUP: "", "slurm-array-jobs: decode": "slurm-array-jobs: prepare_text"},
    "one group": {},
}


def experiment() -> dict[str, Any]:
    source = {
        "type": "files", "train": "train.{lang}", "valid": "valid.{lang}", "tests": {"test": "test.{lang}"},
    }  # fmt: skip
    return {
        "experiment": "overhead", "languages": ["en", *LANGUAGES], "pivot": "en", "data": {"source": source},
    }  # fmt: skip


def targets() -> list[str]:
    pairs = ["-".join(sorted((language, "en"))) for language in LANGUAGES]
    return [
        f"results/overhead/data/text/{subset}/{pair}.en.txt"
        for subset in ("train", "valid")
        for pair in pairs
    ]


def prepared(folder: Path, lines: dict[str, str], patient: bool = False) -> ClusterRun:
    # A group's jobs run as many at a time as the machine has cores.
    lines = {**lines, "cores: 8": f"cores: {CORES}"}
    run = ClusterRun(folder, experiment(), lines=lines, patient=patient)
    for language in ("en", *LANGUAGES):
        for subset in ("train", "valid", "test"):
            (folder / f"{subset}.{language}").write_text("a\n", encoding="utf-8")
    return run


def on_this_machine(folder: Path) -> float:
    run = prepared(folder, {})
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", str(CORES),
    ]  # fmt: skip
    command += ["--configfile", "config.yaml", "--workflow-profile", str(ROOT / "profiles/default")]
    begun = time.monotonic()
    subprocess.run([*command, *targets()], cwd=run.folder, capture_output=True, check=True, timeout=LIMIT)
    return time.monotonic() - begun


def on_cluster(folder: Path, lines: dict[str, str]) -> float:
    run = prepared(folder, lines, patient=True)
    begun = time.monotonic()
    run.finish(run.begin(*targets()))
    return time.monotonic() - begun


def main() -> None:
    if reason := slurm.install():
        raise SystemExit(f"error: {reason}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = {"without SLURM": on_this_machine(folder / "local")}
        controller = slurm.Controller(folder / "controller", cores=CORES)
        controller.start()
        try:
            for number, (way, lines) in enumerate(WAYS.items()):
                seconds[way] = on_cluster(folder / f"way{number}", lines)
        finally:
            end_all()
            controller.stop()
    jobs = len(targets())
    print(f"{jobs} jobs of a text of one line, {CORES} at a time\n")
    print("| | seconds in all | seconds a job and core | as a ratio |\n|---|--:|--:|--:|")
    for way, took in seconds.items():
        ratio = took / seconds["without SLURM"]
        print(f"| {way} | {took:.0f} | {took * CORES / jobs:.1f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
