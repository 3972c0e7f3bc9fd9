"""Figures of an earlier commit that ``dag_2500`` and ``demo`` are compared with, kept in ``before.json``.

``envs/bin/run-in workflow tests.bench.before COMMIT [NAME ...]`` checks the commit out, runs it on this
machine as the two benchmarks run this checkout, and keeps the figures with their machine, commit, date and
load. They compare only with runs on a machine of the same kind, as busy as it was.
"""

import argparse
import datetime
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.bench.bench_dry_run import LANGUAGES, dry_run
from tests.bench.benchmark import Run, Sides, machine
from tests.bench.jobs import ROOT, VENVS, python, run_once
from tests.golden.golden import checkout_of
from workflow_scripts.common.errors import UserError, run_main

FILE = Path(__file__).with_suffix(".json")


def plan_2500(checkout: Path, share: float = 1.0) -> Run:
    """Return the CPU milliseconds of a job in a dry run of some 2,500 of them (``bench_dry_run``)."""
    took, counts = dry_run(1, LANGUAGES[: round(len(LANGUAGES) * share)], checkout)
    return Run(1000 * took.cpu / int(counts["total"]), took.peak)


def whole_demo(checkout: Path, share: float = 1.0) -> Run:
    """Return the CPU seconds of all processes of the demo; a share of it ends with the binarised text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = yaml.safe_load((checkout / "config/config.yaml").read_text(encoding="utf-8"))
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        words = f"-m workflow_scripts.workflow.run.start --snakefile {checkout}/Snakefile --workflow-profile"
        words += f" {checkout}/profiles/default --cores {os.cpu_count() or 1} --configfile config.yaml"
        words += " --until binarise" if share < 1 else ""
        # The environments are this checkout's: another one has none of its own.
        where = [f"PYTHONPATH={checkout}", f"NEURONSPEC_VENVS={VENVS}"]
        command = ["/usr/bin/env", *where, *python("workflow", *words.split())]
        took = run_once(command, folder)
    return Run(took.cpu, took.peak)


WAYS: dict[str, Callable[[Path, float], Run]] = {"dag_2500": plan_2500, "demo": whole_demo}


def against_before(name: str, share: float) -> Sides:
    """Return both sides of a benchmark whose anchor is kept; UserError if there is none."""
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")).get(name, {})
    if not kept:
        raise UserError(f"{FILE}: no figures of {name}: run-in workflow tests.bench.before COMMIT {name}")
    made = f"commit {kept['commit']}, {kept['date']}, {kept['machine']}, load {kept['load']}"
    return Sides(
        ours=lambda: WAYS[name](ROOT, share), anchor=[Run(*run) for run in kept["runs"]], anchor_from=made
    )


def main(argv: list[str] | None = None) -> None:
    """Measure a commit, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit")
    parser.add_argument("names", nargs="*", default=list(WAYS), metavar="NAME")
    arguments = parser.parse_args(argv)
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    with checkout_of(arguments.commit) as checkout:
        for name in arguments.names:
            load = round(os.getloadavg()[0], 1)
            run = WAYS[name](checkout, 1.0)
            about = {"commit": arguments.commit, "machine": machine(), "load": load}
            kept[name] = {"runs": [run], **about, "date": datetime.date.today().isoformat()}
            FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            print(name, *run)


if __name__ == "__main__":
    run_main(main)
