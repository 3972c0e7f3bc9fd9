"""A tiny model of transformers, attached: counts, masks, likelihoods, translations, tables; no fairseq."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests import forked
from workflow_scripts.workflow.trial.derive import derive

ROOT = Path(__file__).resolve().parents[2]
DIRECTIONS = ("en-de", "en-fr")
#: The model and its text are made where the library is.
MAKE = """
import sys
from pathlib import Path
from tests.unit.models.huggingface.folders import model_folder, sentences
root = Path(sys.argv[1])
model_folder("m2m", root / "model")
for subset, count in (("valid", 40), ("news", 10)):
    for number, language in enumerate(("en", "de", "fr")):
        lines = sentences(count, 10 * count + number)
        (root / f"{subset}.{language}").write_text("".join(f"{line}\\n" for line in lines))
"""
#: A job that opens the model takes seconds to begin: one counts both directions, and one of them is tested.
CONFIG = {
    "experiment": "attached",
    "languages": ["en", "de", "fr"],
    "directions": {"train": [*DIRECTIONS]},
    "data": {
        "source": {
            "type": "files",
            "valid": "valid.{lang}",
            "tests": {"news": {"path": "news.{lang}", "directions": ["en-de"]}},
        }
    },
    "attach": {"model": "model", "tags": {"en": "__en__", "de": "__de__", "fr": "__fr__"}},
    "masks": {"k": [70], "accept_uninformative": True},
    "systems": {"pruned": {"masks": "k70", "train": "none"}},
    "evaluation": {"off_target": False, "likelihood": True, "metrics": ["chrf++"], "significance": None},
    "decode": {"engine": "huggingface", "beam": 1, "max_length": 12},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the experiment's trial ran (`make try`), with an environment `fairseq` that is none.

    The experiment is no larger than a trial itself, so that a run of the one is a run of the other.
    """
    folder = tmp_path_factory.mktemp("attached")
    venvs = folder / "venvs"
    venvs.mkdir()
    made = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
    for name in ("workflow", "text", "evaluate", "hf"):
        (venvs / name).symlink_to(made / name)
    python = made / "hf/bin/python"
    subprocess.run(
        [python, "-c", MAKE, str(folder)], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
    trial = derive(CONFIG, folder)
    assert trial.cuts == ["sentences of a pair: the first 600 of train, 60 of valid, 30 of test"]
    (folder / "config.yaml").write_text(yaml.safe_dump(trial.config))
    words = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", "--directory", str(folder)]
    words += ["--configfile", str(folder / "config.yaml")]
    done = forked.run(folder, *words, variables={**os.environ, "NEURONSPEC_VENVS": str(venvs)})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results/TRY-attached"


def test_the_baseline_is_the_model(finished: Path) -> None:
    system = json.loads((finished / "systems/baseline/s1/system.json").read_text())
    assert (system["port"], system["architecture"]["family"]) == ("huggingface", "m2m_100")
    assert (finished / "systems/pruned/s1/model.safetensors").is_symlink()
    assert not (finished / "data/bin").exists() and not (finished / "data/subwords").exists()


def test_directions_of_one_source_share_its_encoder(finished: Path) -> None:
    """2 layers of 64 and 48 neurons; English is read by both directions, in which its counts are the same."""
    counts = {}
    for direction in DIRECTIONS:
        with np.load(finished / f"activations/baseline/s1/valid/{direction}.npz") as table:
            counts[direction] = table["values"][0]
    assert {one.shape for one in counts.values()} == {(2 * 64 + 2 * 48,)}
    encoder, decoder = slice(0, 2 * 64), slice(2 * 64, None)
    assert np.array_equal(counts["en-de"][encoder], counts["en-fr"][encoder])
    assert not np.array_equal(counts["en-de"][decoder], counts["en-fr"][decoder])
    assert (finished / "logs/count_activations/baseline/s1/en.log").is_file()


def test_likelihoods_and_translations_are_tabulated(finished: Path) -> None:
    found = {}
    for system in ("baseline", "pruned"):
        [found[system]] = json.loads((finished / f"likelihoods/{system}/s1/news.json").read_text())[
            "directions"
        ].values()
        text = (finished / f"translations/{system}/s1/news/en-de.txt").read_text()
        assert len(text.splitlines()) == 10 and "__" not in text
    assert found["baseline"]["tokens"] == found["pruned"]["tokens"] and found["baseline"]["n"] == 10
    # What pruning changes is in the table, too.
    assert found["baseline"]["nats_per_token"] != found["pruned"]["nats_per_token"]
    with (finished / "tables/likelihood.csv").open(newline="") as file:
        rows = {row["system"]: float(row["nats_per_token"]) for row in csv.DictReader(file)}
    assert rows == {system: one["nats_per_token"] for system, one in found.items()}
    assert (finished / "tables/scores.md").read_text().startswith("# Scores of TRY-attached by direction\n")
    with (finished / "tables/scores.csv").open(newline="") as file:
        assert {(row["system"], row["direction"]) for row in csv.DictReader(file)} == {
            ("baseline", "en-de"), ("pruned", "en-de"),
        }  # fmt: skip
