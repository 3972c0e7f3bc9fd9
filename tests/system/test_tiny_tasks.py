"""An encoder with planted heads through every rule of its kind: tables, training, pruned heads, probes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked

ROOT = Path(__file__).resolve().parents[2]
#: The encoder and its tables are made where the library is: head 0 of layer 0 serves the task colour, head 1
#: the task place, whose text is in another form, without examples to choose by.
MAKE = """
import sys
from pathlib import Path
from tests.unit.models.huggingface.encoders.planted import FILLERS, SAYS, planted_examples, planted_folder
root = Path(sys.argv[1])
planted_folder(root / "encoder")
for name, parts in (("colour", {"train": 40, "valid": 40, "test": 60}), ("place", {"train": 80, "test": 60})):
    for seed, (part, count) in enumerate(parts.items()):
        made = planted_examples(name, count, seed)
        rows = [f"{label}\\t{text}" for (text,), label in zip(made.texts, made.labels)]
        (root / f"{name}.{part}.tsv").write_text("\\n".join(["label\\ttext", *rows]) + "\\n")
of = {**dict.fromkeys(FILLERS, "DET"), **{word: "NOUN" for says in SAYS.values() for word in says}}
blocks = []
for (text,) in planted_examples("colour", 60, 3).texts:
    words = enumerate(text.split(), start=1)
    blocks.append("".join(f"{n}\\t{one}\\t_\\t{of[one]}\\t_\\t_\\t0\\troot\\t_\\t_\\n" for n, one in words))
(root / "en.conllu").write_text("\\n".join(blocks) + "\\n")
"""
CONFIG: dict[str, Any] = {
    "experiment": "planted",
    "attach": {"model": "encoder"},
    "tasks": {
        "tables": {
            "colour": {
                **{part: f"colour.{part}.tsv" for part in ("train", "valid", "test")},
                "texts": ["text"],
            },
            "place": {
                **{part: f"place.{part}.tsv" for part in ("train", "test")},
                "texts": ["text"],
                "metric": "f1",
            },
        },
        "longest": 16,
        "held_out": 0.5,
        "training": {"max_updates": 40, "check_every": 20, "lr": 0.003, "examples": 8},
        "heads": {"sizes": ["1"], "permutations": 10},
    },
    "analysis": {
        "probes": {
            "text": "conllu",
            "conllu": {"en": "en.conllu"},
            "stacks": ["encoder"],
            "properties": ["upos"],
            "systems": ["trained"],
            "seeds": [1],
            "l1": [0.01],
            "l2": [0.01],
        }
    },
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the experiment ran, with an environment `fairseq` that is none."""
    folder = tmp_path_factory.mktemp("planted")
    venvs = folder / "venvs"
    venvs.mkdir()
    made = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
    for name in ("workflow", "text", "evaluate", "hf"):
        (venvs / name).symlink_to(made / name)
    python = made / "hf/bin/python"
    subprocess.run(
        [python, "-c", MAKE, str(folder)], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    words = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", "--directory", str(folder)]
    words += ["--configfile", str(folder / "config.yaml")]
    done = forked.run(folder, *words, variables={**os.environ, "NEURONSPEC_VENVS": str(venvs)})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results/planted"


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_the_trained_system_has_the_best_checkpoint_and_its_tasks(finished: Path) -> None:
    system, training = (read(finished / f"systems/trained/s1/{name}.json") for name in ("system", "training"))
    assert system["directions"] == {"colour": {"mask_row": None}, "place": {"mask_row": None}}
    assert (system["architecture"]["encoder_layers"], system["architecture"]["decoder_layers"]) == (2, 0)
    # Both tasks are learned after 20 updates; of equal checkpoints the first is taken.
    assert [one["updates"] for one in training["checks"]] == [20, 40] and training["chosen"] == 20
    assert training["metrics"]["test"]["colour"] == {"metric": "accuracy", "value": 1.0, "n": 60}
    # Half of the 80 examples of place choose.
    assert training["metrics"]["valid"]["place"] == {"metric": "f1", "value": 1.0, "n": 40}
    assert read(finished / "data/tasks/place.json")["examples"] == {"train": 40, "valid": 40, "test": 60}


def test_the_planted_heads_are_found_and_come_apart(finished: Path) -> None:
    pruned = read(finished / "analysis/prune_tasks/trained/s1.json")
    assert pruned["pruned"] == {"colour": {"1": ["encoder.0.self:0"]}, "place": {"1": ["encoder.0.self:1"]}}
    after = pruned["matrices"]["metric"]["1"]
    assert after["colour"]["place"] == after["place"]["colour"] == 1.0
    assert after["colour"]["colour"] < 0.7 and after["place"]["place"] < 0.7
    apart = pruned["dissociation"]["metric"]["1"]["relative"]
    assert apart["mean"] > 30 and apart["mean"] > apart["random"]["high"]
    with (finished / "tables/tasks.csv").open(newline="") as file:
        rows = {(row["measure"], row["of"]): row for row in csv.DictReader(file)}
    row = rows["dissociation, relative", "1"]
    assert (float(row["mean"]), row["sd"], row["n"]) == (pytest.approx(apart["mean"]), "", "1")
    assert float(rows["accuracy on test", "colour"]["mean"]) == 1.0


def test_probes_know_the_words_by_what_the_encoder_was_given(finished: Path) -> None:
    probe = read(finished / "analysis/fit_probes/trained/s1/encoder.upos.json")
    assert probe["summary"]["accuracy"] > 0.95 > probe["summary"]["majority"]
    assert (finished / "analysis/compare_probes.csv").is_file()
    assert not (finished / "data/text").exists()
