"""Runs of the tiny experiment: the undisturbed one that all files of this folder share, and later ones.

Later ones need no Snakemake of their own: it is forked (tests/forked.py), and its jobs are new processes.
"""

import json
import shutil
import sys
from pathlib import Path

import yaml

from tests import forked, started, tiny_experiment

ROOT = Path(__file__).resolve().parents[2]
#: Other tests have the other core; networks of this size gain nothing by a second thread.
QUICK = {"threads": 1}
#: Half of a batch is enough to learn what is looked for, in half of the time.
CONFIG = {
    **tiny_experiment.CONFIG,
    "train": {**tiny_experiment.CONFIG["train"], **QUICK, "max_tokens": 1000},
    "finetune": {**tiny_experiment.CONFIG["finetune"], **QUICK},
}
ANALYSED = {**CONFIG, **tiny_experiment.ANALYSES}


def run(folder, *arguments, config="tiny.yaml"):
    return forked.run(folder, *_words(folder, config), *arguments)


def _words(folder, config):
    words = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    words += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    return [*words, "--configfile", str(folder / config)]


def run_undisturbed(folder):
    """Run the tiny experiment from nothing to its end, in a folder that is empty."""
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    done = started.run([sys.executable, "-m", *_words(folder, "tiny.yaml")], folder)
    assert done.returncode == 0, done.stdout + done.stderr


def run_analyses(folder):
    """Add all other analyses to the finished experiment in a folder; return how the run ended."""
    shutil.copytree(folder / "results/tiny/systems/continued/s1", folder / tiny_experiment.OUTSIDE)
    (folder / "analyses.yaml").write_text(yaml.safe_dump(ANALYSED))
    return run(folder, config="analyses.yaml")


def read(path):
    return json.loads(path.read_text())
