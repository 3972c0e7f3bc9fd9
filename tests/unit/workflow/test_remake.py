"""workflow.plan.remake: what must be made again is named to Snakemake."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.workflow.trainings import SOURCE, experiment_of
from workflow_scripts.common.processes import identity, place
from workflow_scripts.workflow.plan.planned import add
from workflow_scripts.workflow.plan.remake import with_remade
from workflow_scripts.workflow.run.leftovers import place_of
from workflow_scripts.workflow.run.results_lock import RUN_LOCK

RESULTS = Path("results/x")
OPTIONS = ["--cores", "1"]
EXPERIMENT = experiment_of(masks={"k": [95]}, data={"source": {**SOURCE, "tests": {"n": "n.{lang}"}}})
SCORES = "results/x/scores/baseline/s1/n.raw.json"


Made = Callable[..., tuple[list[str], str]]


@pytest.fixture
def made(folder: Path, capsys: pytest.CaptureFixture[str]) -> Made:
    """Options with what must be made again, and what was said of it."""

    def again(*options: str) -> tuple[list[str], str]:
        found = with_remade([*OPTIONS, *options], folder, EXPERIMENT)
        return found[len(OPTIONS) :], capsys.readouterr().err

    return again


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SCORES).parent.mkdir(parents=True)
    (tmp_path / SCORES).write_text("{}")
    record = tmp_path / ".snakemake" / "metadata" / place_of(SCORES, tmp_path)
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    return tmp_path


def test_what_a_run_is_making_is_not_called_unfinished(folder: Path, made: Made) -> None:
    """Its outputs are on the list and not there yet. When it is gone, they are lost."""
    add(folder / RESULTS, [SCORES.removeprefix(f"{RESULTS}/")])
    (folder / SCORES).unlink()
    run = {"host": "h", "pid": os.getppid(), "process": identity(os.getppid()), "since": 1.0, "folder": "/a"}
    (folder / RESULTS / RUN_LOCK).write_text(json.dumps(run))
    assert made() == ([], "")
    (folder / RESULTS / RUN_LOCK).write_text(json.dumps({**run, "process": f"{place()} {os.getppid()} 1"}))
    assert made()[0] == ["--forcerun", SCORES]


def test_whole_results_change_no_option(folder: Path, made: Made) -> None:
    assert made() == ([], "")


def test_a_damaged_file_is_forced_and_told(folder: Path, made: Made) -> None:
    (folder / SCORES).write_text('{"a": ')
    options, told = made()
    assert options == ["--forcerun", SCORES]
    assert told.startswith(f"{SCORES}: not JSON (") and told.endswith("; it is made again\n")
    assert made("-R", "score", "-n")[0] == ["-R", SCORES, "score", "-n"]
    # What stands behind `--` is a target.
    assert made("--", "tabulate")[0] == ["--forcerun", SCORES, "--", "tabulate"]


def test_many_files_with_one_problem_are_one_line(folder: Path, made: Made) -> None:
    names = [f"translations/baseline/s1/n/{direction}.txt" for direction in ("de-en", "en-de")]
    add(folder / RESULTS, names, deleted=names)
    said = "an earlier run was to make it, and did not finish; it is made again"
    forced = ["--forcerun", *(f"{RESULTS}/{name}" for name in names)]
    assert made() == (forced, f"{RESULTS}/{names[0]} (and 1 more): {said}\n")


def test_what_the_config_makes_no_more_is_left(folder: Path, made: Made) -> None:
    """Snakemake would know no rule for it, and stop."""
    old = folder / RESULTS / "scores/ns-k12/s1/n.raw.json"
    old.parent.mkdir(parents=True)
    for file in (old, folder / RESULTS / "scores/notes.json"):
        file.write_text('{"a": ')
    training = folder / RESULTS / "training/ns-k12/s1"
    training.mkdir(parents=True)
    (training / "retrain.json").write_text("{}")
    assert made() == ([], "")


def test_beside_named_targets_nothing_more_is_made(folder: Path, made: Made) -> None:
    (folder / SCORES).write_text('{"a": ')
    options, told = made("results/x/data/card.json")
    assert options == ["results/x/data/card.json"]
    assert told.endswith("; a run without targets makes it again\n")


def test_a_training_that_is_to_be_done_anew_is_forced(folder: Path, made: Made) -> None:
    training = folder / RESULTS / "training/ns-k95/s1"
    training.mkdir(parents=True)
    (training / "retrain.json").write_text("{}")
    system = "results/x/systems/ns-k95/s1/system.json"
    assert made() == (
        ["--forcerun", system],
        f"{system}: make retrain asked for a new training; it is made again\n",
    )


def test_what_an_earlier_run_did_not_finish_is_forced(folder: Path, made: Made) -> None:
    add(folder / RESULTS, {"scores/baseline/s1/n.raw.json"})
    (folder / SCORES).unlink()
    assert made() == (
        ["--forcerun", SCORES],
        f"{SCORES}: an earlier run was to make it, and did not finish; it is made again\n",
    )


def test_of_what_has_no_record_other_content_than_listed_is_forced(folder: Path, made: Made) -> None:
    shutil.rmtree(folder / ".snakemake")
    content = hashlib.sha256(b"{}").hexdigest()
    entry = {"sha256": content, "bytes": 2, "mtime_ns": 1, "settings": "k", "inputs": "i"}
    manifest = {
        "format": "neuronspec-manifest-1",
        "config": {"experiment": "x"},
        "environments": {},
        "settings": {"k": {"rule": "score", "command": "", "params": {}}},
        "files": {SCORES.removeprefix("results/x/"): entry},
    }
    listed = folder / RESULTS / "manifest.json"
    listed.write_text(json.dumps(manifest))
    # Another time alone: its content is compared.
    assert made() == ([], "")
    entry["sha256"] = "0" * 64
    listed.write_text(json.dumps(manifest))
    assert made() == (
        ["--forcerun", SCORES],
        f"{SCORES}: nothing says what made it: Snakemake has no record, and manifest.json lists other"
        " content; it is made again\n",
    )


def test_what_a_killed_run_left_without_a_record_is_not_taken_as_it_is(folder: Path, made: Made) -> None:
    """The next run marks it as unfinished (workflow.run.leftovers), and Snakemake makes it again."""
    shutil.rmtree(folder / ".snakemake")
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{SCORES}\n")
    assert made() == ([], "")
    (locks / "0.output.lock").unlink()
    mark = folder / ".snakemake" / "incomplete" / place_of(SCORES, folder)
    mark.parent.mkdir()
    mark.touch()
    assert made() == ([], "")
    mark.unlink()
    assert "1 file is taken as made with the present settings" in made()[1]


def test_what_nothing_says_the_settings_of_is_told_in_one_line(folder: Path, made: Made) -> None:
    shutil.rmtree(folder / ".snakemake")
    start = "results/x: 1 file is taken as made with the present settings (no record of Snakemake's, "
    end = "): scores/baseline/s1/n.raw.json; make accept confirms this; what is deleted is made again\n"
    assert made() == ([], f"{start}no manifest.json{end}")
    (folder / RESULTS / "manifest.json").write_text('{"format": "neuron')
    assert made() == ([], f"{start}a manifest.json that cannot be read{end}")
    config = EXPERIMENT.model_dump(mode="json")
    config["decode"]["beam"] = 4
    manifest = {"format": "neuronspec-manifest-1", "config": config, "environments": {}, "files": {}}
    (folder / RESULTS / "manifest.json").write_text(json.dumps(manifest))
    why = "a manifest.json of an earlier version, whose config differs (decode.beam 4 → 5)"
    assert made() == ([], f"{start}{why}{end}")
    (folder / RESULTS / "manifest.json").write_text(json.dumps({**manifest, "settings": {}}))
    assert made() == ([], f"{start}no settings of it in manifest.json{end}")
