"""Two working folders with one results folder: one run at a time, and who comes second is told in a line."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
import yaml

from tests import forked
from tests.workflow.finished_experiment import CONFIG, ROOT, counts, planned
from tests.workflow.rerun_row import RESULTS
from workflow_scripts.common.processes import identity
from workflow_scripts.workflow.run.leftovers import place_of
from workflow_scripts.workflow.run.results_lock import RUN_LOCK, take
from workflow_scripts.workflow.run.taken_over import take_over

WHO = "process 4711 on node3, in /home/a"


@pytest.fixture
def second(finished_experiment: Path, tmp_path: Path) -> Path:
    """A folder whose results are another's, which a run of that one makes now."""
    first = shutil.copytree(finished_experiment, tmp_path / "first")
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "results").symlink_to(first / "results")
    shutil.copytree(first / "text", folder / "text")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    who = {"host": "node3", "pid": 4711, "process": identity(), "since": time.time(), "folder": "/home/a"}
    (folder / RESULTS / RUN_LOCK).write_text(json.dumps(who))
    return folder


@pytest.mark.parametrize("program", ["workflow_scripts.workflow.run.start", "snakemake"])
def test_the_second_run_is_told_who_runs(second: Path, program: str) -> None:
    (second / RESULTS / "data/subwords/spm.model").unlink()
    command = [program, "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "--configfile", "config.yaml"]
    done = forked.run(second, *command, "--forcerun", "train_subwords")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {RESULTS}: a run has been on since ") and WHO in line
    assert "unlock" not in done.stderr and "Traceback" not in done.stderr
    assert (second / RESULTS / RUN_LOCK).exists()


def test_a_dry_run_goes_on_beside_it_and_status_names_it(second: Path) -> None:
    assert planned(second, CONFIG) == []
    said = forked.run(second, "workflow_scripts.workflow.run.status", "--configfile", "config.yaml")
    assert said.stdout.splitlines()[0].endswith(f"({WHO})")


def test_what_a_run_in_the_other_folder_made_and_did_not_finish_is_known(second: Path) -> None:
    """A hypothesis of another beam: without the other folder's record the plan would be content."""
    output = f"{RESULTS}/translations/baseline/s1/news/de-en.txt"
    first = (second / RESULTS).resolve().parents[1]
    shutil.copytree(first / ".snakemake", second / ".snakemake")  # an earlier run of its own made all
    record = first / ".snakemake/metadata" / place_of(output, first / ".snakemake")
    (second / output).write_text("of beam 4", encoding="utf-8")
    said = record.read_text(encoding="utf-8").replace(r"\"beam\": 5", r"\"beam\": 4")
    made = {**json.loads(said), "endtime": (second / output).stat().st_mtime}
    record.write_text(json.dumps(made), encoding="utf-8")
    assert "decode" not in counts(planned(second, CONFIG))
    assert take_over(second, [output], {str(first): time.time() - 60})
    assert counts(planned(second, CONFIG))["decode"] == 1


def test_snakemakes_own_lock_is_told_in_one_line_too(second: Path) -> None:
    (second / RESULTS / RUN_LOCK).unlink()
    command = [
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--cores",
        "1",
        "--configfile",
        "config.yaml",
    ]
    locks = second / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{RESULTS}/data/card.json\n")
    done = forked.run(second, *command)
    assert done.returncode == 1
    killed = "an earlier run was killed: 'make run' goes on from there (snakemake: first --unlock)"
    assert [line for line in done.stderr.splitlines() if "rror" in line] == [f"error: {second}: {killed}"]
    assert take(second / RESULTS, second) is None and (second / RESULTS / RUN_LOCK).exists()
