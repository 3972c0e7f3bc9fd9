"""Kill anything, and go on: three kills of a small experiment; what the user sees when a run cannot begin.

The short form of `make chaos` (tests/chaos), with an experiment of its own that is run undisturbed first.
"""

import copy
import os
import shutil
from pathlib import Path

import pytest

from tests import started
from tests.chaos.chaos import ALL, JOB, WORKFLOW, Chaos
from tests.chaos.compare import differences
from tests.chaos.experiment import Experiment
from tests.chaos.stale_setting import stale_setting
from tests.chaos.undisturbed import run_undisturbed
from workflow_scripts.workflow.software.environments import VENVS_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
VENVS = Path(os.environ.get(VENVS_VARIABLE) or ROOT / ".venvs")
SEED = 1
CONFIG = {
    "experiment": "short", "languages": ["en", "ka"], "pivot": "en",
    "data": {
        "source": {
            "type": "toy", "families": {"kappa": ["ka"]},
            "tiers": {"high": {"size": 500, "languages": ["ka"]}}, "valid_size": 40, "test_size": 30,
            "concepts": 40,
        },
    },
    "subwords": {"vocab_size": 120}, "model": {"preset": "tiny"},
    "train": {
        "max_updates": 60, "max_tokens": 1000, "threads": 1, "lr": 5e-3, "warmup_updates": 20,
        "validate_interval_updates": 20,
    },
    "finetune": {
        "max_updates": 10, "max_tokens": 1000, "threads": 1, "lr": 1e-3, "warmup_updates": 5,
        "validate_interval_updates": 5,
    },
    "masks": {"k": [70]}, "systems": {"ns": {"masks": "sweep"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run_undisturbed(tmp_path_factory.mktemp("undisturbed"), CONFIG)


@pytest.fixture(scope="module")
def killed(tmp_path_factory, undisturbed):
    """The same experiment: Snakemake alone is killed, then everything, then one job."""
    experiment = Experiment(tmp_path_factory.mktemp("killed"), CONFIG)
    chaos = Chaos(experiment, undisturbed, [WORKFLOW, ALL, JOB], SEED)
    chaos.run()
    return chaos


@pytest.mark.slow
def test_an_experiment_that_is_killed_goes_on_and_gives_the_same(killed):
    assert [kill.what for kill in killed.kills] == [WORKFLOW, ALL, JOB]
    assert len(killed.experiment.sessions) >= 3
    assert killed.faults() == []


def test_a_result_that_differs_or_is_left_over_is_seen(killed):
    results = killed.experiment.results
    score = next((results / "scores").rglob("*.json"))
    before = score.read_text()
    score.write_text(before.replace("1", "2", 1))
    half = results / "masks" / ".k70.1.tmp.npz"
    half.touch()
    try:
        faults = killed.faults_on_disk()
    finally:
        score.write_text(before)
        half.unlink()
    assert f"{score.relative_to(results)}: differs" in faults
    assert "masks/.k70.1.tmp.npz: left over" in faults


@pytest.mark.slow
def test_a_job_of_older_settings_never_has_the_last_word(killed, undisturbed, tmp_path):
    """The beam is changed while a decode of the old one lives on: without its end it would write last."""
    changed = copy.deepcopy(CONFIG) | {"decode": {"beam": 1}}
    decoded = stale_setting(killed.experiment, changed)
    with_old = undisturbed.results.parents[1] / decoded
    before = with_old.read_bytes()
    again = Experiment(undisturbed.results.parents[1], changed)
    again.finish()
    assert with_old.read_bytes() != before  # otherwise nothing is shown
    assert differences(again.results, killed.experiment.results) == []
    said = killed.experiment.log.read_text()
    assert "still at work and had to end: decode (process" in said


def begin(experiment, *options, **variables):
    return started.run(experiment.command(*options), ROOT, variables)


def snapshot(experiment):
    files = sorted(path for path in experiment.results.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_a_run_that_cannot_begin_says_so_in_one_line_and_touches_nothing(killed, tmp_path):
    """An environment that was removed, and a folder that cannot be written, both at the terminal."""
    experiment = killed.experiment
    hypotheses = next((experiment.results / "translations").rglob("*.txt"))
    before_it_was_lost = hypotheses.read_bytes()
    hypotheses.unlink()
    before = snapshot(experiment)
    for name in ("workflow", "fairseq", "evaluate"):
        (tmp_path / name).symlink_to(VENVS / name)
    done = begin(experiment, **{VENVS_VARIABLE: str(tmp_path)})
    assert done.returncode == 1
    python = tmp_path / "text/bin/python"
    assert (
        done.stderr.splitlines()[-1] == f"error: environment 'text' is missing ({python}): run 'make setup'"
    )
    assert "Traceback" not in done.stderr
    assert snapshot(experiment) == before
    # Removed while a run is on, a job says so in its log, which is shown as well.
    done = begin(experiment, "--no-hooks", **{VENVS_VARIABLE: str(tmp_path)})
    assert done.returncode == 1
    assert "error: environment 'text' is missing: run 'make setup'" in done.stderr

    # As root, who may write everywhere, these tests can only put a file in a folder's place.
    tables = experiment.results / "tables"
    shutil.move(tables, tmp_path / "tables")
    tables.touch()
    try:
        before = snapshot(experiment)
        done = begin(experiment)
        assert done.returncode == 1
        said = "results/short/tables is not a folder, but one is needed there: move it away"
        assert done.stderr.splitlines()[-1] == f"error: {said}"
        assert snapshot(experiment) == before
    finally:
        tables.unlink()
        shutil.move(tmp_path / "tables", tables)
    assert begin(experiment, str(hypotheses.relative_to(experiment.folder))).returncode == 0
    assert hypotheses.read_bytes() == before_it_was_lost
