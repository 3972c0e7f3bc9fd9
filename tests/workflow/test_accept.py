"""`make accept`: what it adopts of a finished experiment, what it refuses, and what runs afterwards."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.workflow.finished_experiment import (
    CONFIG,
    copied_checkout,
    counts,
    merged,
    planned,
    program,
)
from tests.workflow.rerun_row import ALL, DECODED, RESULTS, code, pin, replace
from workflow_scripts.workflow.plan.planned import add

NOTHING = "nothing to do: everything is there and up to date\n"
BEAM_4 = {"decode": {"beam": 4}}
#: The four files of one figure.
TRAINING_FIGURE = [f"figures/training.{ending}" for ending in ("png", "pdf", "csv", "rst")]
OPTIONS = "**EXPERIMENT.decoding.model_dump("


class Place:
    """A copy of a finished experiment, and a copy of the checkout that is edited."""

    def __init__(self, finished: Path, folder: Path) -> None:
        self.here, self.checkout = folder / "here", folder / "checkout"
        shutil.copytree(finished, self.here)  # times stay
        copied_checkout(self.checkout)
        self.snakefile = ["--snakefile", str(self.checkout / "Snakefile")]

    def accept(self, *options: str, config: Mapping[str, Any] = CONFIG) -> subprocess.CompletedProcess[str]:
        (self.here / "config.yaml").write_text(yaml.safe_dump(dict(config), sort_keys=False))
        words = [
            "workflow_scripts.workflow.plan.accept",
            "--configfile",
            "config.yaml",
            *self.snakefile,
            *options,
        ]
        return forked.run(self.here, *words, checkout=self.checkout)

    def why(self) -> str:
        words = ["workflow_scripts.workflow.plan.why", "--configfile", "config.yaml", *self.snakefile]
        return program(self.here, *words, checkout=self.checkout)

    def would_run(self, **change: Any) -> dict[str, int]:
        return counts(planned(self.here, merged(CONFIG, change), checkout=self.checkout))

    def record(self, output: str) -> Path:
        name = base64.urlsafe_b64encode(f"{RESULTS}/{output}".encode()).decode()
        return self.here / ".snakemake" / "metadata" / name

    def results(self) -> dict[str, tuple[int, bytes]]:
        """The results with their times and bytes, but for the trainings' own records."""
        files = [path for path in (self.here / RESULTS).rglob("*") if path.is_file()]
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in files
            if path.name != "finished.json"
        }

    def records(self) -> dict[str, bytes]:
        folder = self.here / ".snakemake" / "metadata"
        return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(finished_experiment: Path, tmp_path: Path) -> Iterator[Place]:
    yield Place(finished_experiment, tmp_path)


def stages(said: str) -> dict[str, tuple[int, str]]:
    """The lines `stage  number  reason`."""
    rows = [line.split(None, 2) for line in said.splitlines()]
    return {row[0]: (int(row[1]), row[2]) for row in rows if len(row) == 3 and row[1].isdigit()}


def move(checkout: Path, module: str, to: str) -> None:
    """Move a module of the package, and change all that import it."""
    folder = checkout / "workflow_scripts"
    at, there = (folder / f"{name.replace('.', '/')}.py" for name in (module, to))
    at.rename(there)
    for path in [*folder.rglob("*.py"), *(checkout / "rules").glob("*.smk")]:
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace(f"workflow_scripts.{module} import", f"workflow_scripts.{to} import"),
            encoding="utf-8",
        )


def test_a_moved_helper_is_adopted_and_a_change_reruns_afterwards_what_it_should(place: Place) -> None:
    move(place.checkout, "common.files", "common.atomic_files")
    shutil.rmtree(place.here / RESULTS / "activations")  # nothing needs them any more
    # All but the trainings follow from text that is prepared by code with another name.
    assert place.would_run() == ALL
    before, record = place.results(), json.loads(place.record("data/card.json").read_text())
    done = place.accept()
    assert (done.returncode, done.stderr) == (0, "")
    kept = ("train_baseline", "finetune")
    own = {stage: number for stage, number in ALL.items() if stage not in kept}
    assert stages(done.stdout) == {stage: (number, "its code changed") for stage, number in own.items()}
    assert done.stdout.splitlines()[-1] == "65 jobs adopted" == f"{sum(own.values())} jobs adopted"
    assert "6.0 h of training adopted: 4 of the present code from now on" in done.stdout
    assert place.results() == before
    now = json.loads(place.record("data/card.json").read_text())
    assert {key for key in now if now[key] != record[key]} == {"params"}
    assert len({*record["params"]} - {*now["params"]}) == 1
    assert place.why() == NOTHING
    assert place.would_run(**BEAM_4) == {"decode": 16, **DECODED}


def test_command_text_and_the_form_of_params_are_adopted(place: Place) -> None:
    replace(
        "rules/analysis.smk",
        '"overlap",\n            "--masks',
        '"overlap",\n            "--strict --masks',
    )(place.checkout)
    replace("rules/translation.smk", OPTIONS, OPTIONS.replace("**", "search="))(place.checkout)
    # A figure that was never made.
    for file in (*TRAINING_FIGURE, "benchmarks/plot_training/training.tsv"):
        (place.here / RESULTS / file).unlink()
    for file in TRAINING_FIGURE:
        place.record(file).unlink()
    before = place.results()
    done = place.accept()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "results/small: every finished training is of the present code and libraries",
        "decode   16  its params are written otherwise",
        "overlap   1  its command changed",
        "17 jobs adopted",
        "left to the next run: 1 not made yet, 1 that follow from others",
    ]
    assert place.results() == before
    assert place.would_run() == {"plot_training": 1, "write_answer": 1}
    assert place.would_run(**BEAM_4) == {"plot_training": 1, "decode": 16, **DECODED}


def test_values_packages_and_outputs_that_are_missing_damaged_or_unfinished_are_refused(place: Place) -> None:
    code("common.files")(place.checkout)
    pin("evaluate", "sacrebleu")(place.checkout)
    (place.here / RESULTS / "analysis/overlap/baseline/s1/k70.csv").unlink()
    marks = place.here / ".snakemake" / "incomplete"
    (marks / place.record("data/round_trip/news.json").name).write_text('{"external_jobid": null}')
    control = place.here / RESULTS / "analysis/mask_control/baseline/s1/k70.json"
    control.write_text(control.read_text()[:9])
    results, records = place.results(), place.records()
    config = merged(CONFIG, BEAM_4)
    done = place.accept(config=config)
    assert done.returncode == 1
    one, other = "results/small/translations/baseline/s1/news", "results/small/analysis/overlap/baseline/s1"
    packages = "the pins of environment evaluate changed"
    assert {line for line in done.stderr.splitlines() if line.startswith("error: ")} == {
        f"error: decode is not adopted: {one}/de-en.txt (and 15 more): a setting changed: beam 5 → 4",
        f"error: overlap is not adopted: {other}/k70.json: made before, now missing: {other}/k70.csv",
        "error: round_trip is not adopted: results/small/data/round_trip/news/de-en.de.txt: stopped while it"
        " was written",
        f"error: train_identifier is not adopted: results/small/identifier/model.npz: {packages}",
        f"error: plot_training is not adopted: results/small/figures/training.png: {packages}",
        f"error: plot_masks is not adopted: results/small/figures/iou_k70.png: {packages}",
        "error: mask_control is not adopted: results/small/analysis/mask_control/baseline/s1/k70.json:"
        " asked for, or damaged",
        "error: so no stage was adopted; the 26 jobs that could be: ARGS=--partly",
    }
    assert "adopted" not in done.stdout.replace("6.0 h of training adopted", "")
    assert (place.results(), place.records()) == (results, records)

    done = place.accept("--partly", config=config)
    assert done.returncode == 0
    own = {"prepare_text": 6, "train_subwords": 1, "binarise": 12, "count_activations": 2}
    own |= {"select_masks": 3, "strongest_units": 1, "tabulate_units": 1}
    assert stages(done.stdout) == {stage: (number, "its code changed") for stage, number in own.items()}
    assert place.would_run(**BEAM_4) == {
        "decode": 16,
        **DECODED,
        "overlap": 1,
        "round_trip": 1,
        "score_ceiling": 1,
        "write_card": 1,
        "mask_control": 1,
        "train_identifier": 1,
        "plot_training": 1,
        "plot_masks": 1,
    }


def test_a_dry_run_adopts_nothing(place: Place) -> None:
    code("common.files")(place.checkout)
    records, trained = place.records(), place.here / RESULTS / "training/baseline/s1/finished.json"
    before = trained.read_bytes()
    for options, said in ((["-n"], "has no dry run"), (["--config", "experiment=other"], "one config file")):
        done = place.accept(*options)
        assert done.returncode == 1
        assert said in done.stderr
    assert (place.records(), trained.read_bytes()) == (records, before)


def test_what_failed_when_it_was_first_made_is_left_to_the_next_run(place: Place) -> None:
    """Snakemake keeps a record of a job that failed, but no benchmark."""
    code("common.files")(place.checkout)
    for file in (*TRAINING_FIGURE, "benchmarks/plot_training/training.tsv"):
        (place.here / RESULTS / file).unlink()
    assert place.record("figures/training.png").exists()
    done = place.accept()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-2:] == [
        "63 jobs adopted",
        "left to the next run: 1 not made yet, 1 that follow from others",
    ]
    assert place.would_run() == {"plot_training": 1, "write_answer": 1}


def test_what_an_earlier_run_was_to_make_is_refused(place: Place) -> None:
    code("common.files")(place.checkout)
    add(place.here / RESULTS, {"masks/baseline/s1/k70.npz"})
    (place.here / RESULTS / "masks/baseline/s1/k70.npz").unlink()
    done = place.accept()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2] == (
        "error: select_masks is not adopted: results/small/masks/baseline/s1/k70.npz: an earlier run was to"
        " make it, and did not finish"
    )


def test_another_input_is_refused(place: Place) -> None:
    code("common.files")(place.checkout)
    (place.here / "text" / "train.de").write_text("another text\n")
    records = place.records()
    done = place.accept()
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "error: prepare_text is not adopted: results/small/data/text/train/de-en.de.txt: input changed:"
        " text/train.de"
    )
    assert place.records() == records


def test_two_values_that_have_changed_places_are_no_other_form(place: Place) -> None:
    settings = "chosen = EXPERIMENT.subwords.model_dump()"
    swap = '["seed"], chosen["sample_sentences"] = chosen["sample_sentences"], chosen["seed"]'
    replace("rules/common.smk", settings, f"{settings}\n    chosen{swap}")(place.checkout)
    records = place.records()
    done = place.accept()
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: train_subwords is not adopted: results/small/data/subwords/spm.model: a setting changed:"
        " sample_sentences 10000000 → 1, seed 1 → 10000000",
        "error: so no stage was adopted",
    ]
    assert place.records() == records
