"""The hypotheses that docs/results/ keeps give the scores that docs/results/ tells, without training."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from tests import started
from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.config.load import load_experiment

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
HEALTH = RESULTS / "multi30k_health.csv"
CONFIG = "config/experiments/toy60.yaml"


def run_in(environment, module, *arguments):
    command = [ROOT / "envs/bin/run-in", environment, f"workflow_scripts.{module}", *arguments]
    done = started.run(command, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def scores_of(path):
    """By system, direction and metric; the kept tables call metrics as tables did before."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {
            (row["system"], row["direction"], metric_id(row["metric"])): (
                float(row["score"]),
                row["signature"],
            )
            for row in csv.DictReader(handle)
        }


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """The test set of toy60, generated; it is drawn before training text, of which a sentence will do."""
    folder = tmp_path_factory.mktemp("toy60")
    config = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
    experiment = load_experiment(config, [CONFIG])
    spec = experiment.data.source.spec(experiment.pivot)
    for tier in spec["tiers"].values():
        tier["size"] = 1
    run_in("text", "data.generate_toy", "--spec", json.dumps(spec), "--out", str(folder))
    return folder


def test_scores_of_toy60(text, tmp_path):
    """To the last digit: three systems, sixty directions, three metrics."""
    run_in(
        "evaluate",
        "evaluate.evaluate_outputs",
        *("--hypotheses", f"{RESULTS}/hypotheses/toy60/{{system}}/{{direction}}.txt.gz"),
        *("--references", f"{text}/test.{{target}}", "--sources", f"{text}/test.{{source}}"),
        *("--metrics", "bleu", "chrf++", "ter", "--out", str(tmp_path)),
    )
    found, told = scores_of(tmp_path / "scores.csv"), scores_of(RESULTS / "toy60_scores.csv")
    assert len(told) == 3 * 60 * 3
    assert found == told


@pytest.mark.shared("data/multi30k")
def test_scores_of_multi30k(shared, tmp_path):
    """As above, with references that are not part of this project."""
    (tmp_path / "text").mkdir()
    for lang in ("en", "de", "fr", "cs"):
        source = shared / f"data/multi30k/test_2016_flickr.{lang}.gz"
        (tmp_path / f"text/{lang}.gz").write_bytes(source.read_bytes())
    run_in(
        "evaluate",
        "evaluate.evaluate_outputs",
        *("--hypotheses", f"{RESULTS}/hypotheses/multi30k/{{system}}/{{direction}}.txt.gz"),
        *("--references", f"{tmp_path}/text/{{target}}.gz", "--sources", f"{tmp_path}/text/{{source}}.gz"),
        *("--metrics", "bleu", "chrf++", "ter", "--out", str(tmp_path / "out")),
    )
    told = scores_of(RESULTS / "multi30k_scores.csv")
    assert len(told) == 3 * 6 * 3
    assert scores_of(tmp_path / "out/scores.csv") == told
    # Of lengths and the like nothing is left out: the page shows each direction's.
    found, kept = (place.read_text(encoding="utf-8") for place in (tmp_path / "out/health.csv", HEALTH))
    assert found == kept
