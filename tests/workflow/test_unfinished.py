"""A job of a changed run fails, for real: the next run makes what that one was to make."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import yaml

from tests import forked
from tests.waiting import wait_until
from tests.workflow.finished_experiment import CONFIG, ROOT, counts, planned, program, snakemake
from tests.workflow.rerun_row import RESULTS, unrecorded, without
from workflow_scripts.workflow.plan.planned import FORMAT, PLANNED, lost
from workflow_scripts.workflow.run.results_lock import run_of
from workflow_scripts.workflow.software.environments import VENVS_VARIABLE

RUN = ["workflow_scripts.workflow.run.start", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
LOST = [f"data/text/train/de-en.{end}" for end in ("de.txt", "en.txt", "json")]


def fail(here: Path) -> None:
    """Run with a text that cannot be prepared; then the text is as it was, with its time."""
    text = here / "text/train.de"
    before, times = text.read_text(encoding="utf-8"), text.stat()
    text.write_text(before + "a\0b\n", encoding="utf-8")
    (here / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    done = forked.run(here, *RUN, "--configfile", "config.yaml")
    assert done.returncode == 1
    assert "Error in rule prepare_text" in done.stderr
    assert [name for name in LOST if (here / RESULTS / name).exists()] == []
    # Only the list knows from now on that something is missing.
    text.write_text(before, encoding="utf-8")
    os.utime(text, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_what_a_failed_job_was_to_make_is_made_by_the_next_run(
    finished_experiment: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(finished_experiment, tmp_path / "here")
    results = here / RESULTS
    fail(here)
    why = ["workflow_scripts.workflow.plan.why", "--configfile", "config.yaml"]
    said = program(here, *why, "--snakefile", str(ROOT / "Snakefile")).splitlines()
    first = f"{RESULTS}/{LOST[0]}"
    assert " ".join(said[0].split()) == (
        f"prepare_text 1 an earlier run was to make it, and did not finish: {first} (and 2 more)"
    )
    assert counts(planned(here, CONFIG)) == without(prepare_text=1)
    (results / ".planned.json").unlink()
    # The failed job's record has the hash of the text that it failed on.
    assert next(job.reason.updated for job in planned(here, CONFIG)) == ("text/train.de",)
    unrecorded(*LOST)(here)
    assert counts(planned(here, CONFIG)) == {}


PYTHON = """#!/bin/sh
# An interpreter that starts, and a job that does not end.
case "$1" in -I) exit 0 ;; esac
touch {folder}/begun
exec sleep 600
"""


def test_a_run_that_a_user_stops_says_so_without_errors(finished_experiment: Path, tmp_path: Path) -> None:
    here = shutil.copytree(finished_experiment, tmp_path / "here")
    (here / "text/train.de").write_text("other\n", encoding="utf-8")
    (here / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    for environment in ("fairseq", "text", "evaluate"):
        python = tmp_path / "venvs" / environment / "bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(folder=tmp_path))
        python.chmod(0o755)
    variables = {**os.environ, VENVS_VARIABLE: str(tmp_path / "venvs")}
    out, said = tmp_path / "out", tmp_path / "said"
    run = forked.SNAKEMAKE.start(
        here, *RUN, "--configfile", "config.yaml", out=out, err=said, variables=variables
    )
    try:
        wait_until((tmp_path / "begun").exists, "the first job", run)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        assert run.wait() != 0
    finally:
        run.kill()
    lines = said.read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "stopped; the same command goes on"
    assert "rror" not in said.read_text(encoding="utf-8")
    assert run_of(here / RESULTS) is None


def test_so_is_what_had_been_deleted_before(finished_experiment: Path, tmp_path: Path) -> None:
    here = shutil.copytree(finished_experiment, tmp_path / "here")
    for name in LOST:
        (here / RESULTS / name).unlink()
    assert counts(planned(here, CONFIG)) == {}
    fail(here)
    assert {*LOST} <= {*lost(here / RESULTS)}
    assert counts(planned(here, CONFIG)) == without(prepare_text=1)


def test_what_a_killed_run_had_made_may_be_deleted_after_the_next_run(
    finished_experiment: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(finished_experiment, tmp_path / "here")
    results, counted = here / RESULTS, "activations/baseline/s1/valid/de-en.npz"
    made = (results / counted).stat().st_mtime
    killed = {"format": FORMAT, "files": {counted: made - 1, "masks/baseline/s1/k70.npz": made + 3600}}
    (results / PLANNED).write_text(json.dumps(killed), encoding="utf-8")
    snakemake(here, CONFIG)  # nothing is to be done
    (results / counted).unlink()
    assert counts(planned(here, CONFIG)) == {}
    (results / "masks/baseline/s1/k70.npz").unlink()
    assert counts(planned(here, CONFIG))["select_masks"] == 3
