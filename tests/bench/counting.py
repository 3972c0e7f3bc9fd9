"""What the benchmarks of counting share: their model and text, our jobs, and the arithmetic."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bench.jobs import python, run_once, stage
from workflow_scripts.config.load import load_experiment

PIVOT, OTHERS = "en", ("de", "fr", "es", "cs")
MODEL_DIM, FFN_DIM, LAYERS = 512, 2048, 6


def base_model(folder: Path, sentences: int) -> None:
    """Make what both sides read (``base_model``)."""
    run_once(python("fairseq", "-m", "tests.bench.base_model", folder, sentences))


def job(folder: Path, *directions: str) -> list[str]:
    """Return our job that counts these directions."""
    words = (
        f"--system {folder}/system --data-bin {folder}/bin --subset valid --out-root {folder} --directions"
    )
    return stage("fairseq", "activations.count_activations", words, *directions)


def all_directions(folder: Path) -> list[list[str]]:
    """Return the jobs in which the workflow counts all eight directions."""
    files = {"train": "train.{lang}", "valid": "valid.{lang}", "tests": {"test": "test.{lang}"}}
    config = {"experiment": "bench", "languages": [PIVOT, *OTHERS], "pivot": PIVOT}
    experiment = load_experiment({**config, "data": {"source": {"type": "files", **files}}})
    jobs = [*experiment.counted_together.values(), *([one] for one in experiment.counted_alone)]
    return [job(folder, *directions) for directions in jobs]


def products(folder: Path, sources: Sequence[str], targets: Sequence[str]) -> float:
    """Return the FLOP of the linear layers at real positions: each of ``sources`` encoded once, with
    keys and values for the decoder; each of ``targets`` decoded up to the last ReLU, without the
    projection to the vocabulary."""
    lengths = json.loads((folder / "lengths.json").read_text(encoding="utf-8"))
    square, ffn = MODEL_DIM * MODEL_DIM, MODEL_DIM * FFN_DIM
    encoder = LAYERS * (4 * square + 2 * ffn) + LAYERS * 2 * square
    decoder = LAYERS * (6 * square + 2 * ffn) - ffn
    read, written = (sum(lengths[one] for one in languages) for languages in (sources, targets))
    return 2.0 * (read * encoder + written * decoder)
