"""A results folder of a small experiment, every declared output there, made without running anything."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.small_config import BASE
from workflow_scripts.common.files import write_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.workflow.stages import jobs_of

CONFIG: dict[str, Any] = {
    **BASE,
    "masks": {"k": [95]},
    "train": {"max_updates": 2000, "warmup_updates": 200, "seeds": [1, 2]},
    "finetune": {"max_updates": 400},
}
#: The same in every system as in data/subwords.
VOCABULARY = ("spm.model", "dict.txt")
SIGNATURES = {"bleu": "nrefs:1|tok:13a|version:2.6.0", "chrf": "nrefs:1|nc:6|nw:2|version:2.6.0"}


def experiment(**changes: Any) -> Experiment:
    return load_experiment({**CONFIG, **changes})


def lay_down_results(folder: Path, of: Experiment) -> list[str]:
    """Write every declared output below ``folder``; return them as Snakemake names them."""
    root = f"results/{of.experiment}"
    files = []
    for job in jobs_of(of):
        for name in job.outputs:
            path = folder / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{path.name if path.name in VOCABULARY else name}\n")
            files.append(f"{root}/{name}")
        if job.stage == "decode":
            path = folder / root / job.benchmark
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="") as handle:
                csv.writer(handle, delimiter="\t").writerows([["s", "max_rss"], ["12.5", "100.0"]])
        if job.stage == "score":
            write_json(folder / root / job.outputs[0], scores(job.name.rsplit(".", 1)[1]))
        for name in (name for name in job.outputs if name.endswith("/system.json")):
            describe(folder / root / name)
    side = {"sha256": {"text": "aa", "bin": "bb", "idx": "cc"}, "words": 3}
    card = {
        "subsets": {"news": {"de-en": {"sentences": 1, "languages": {"de": side, "en": side}}}},
        "subwords": {"pieces": 8, "sha256": {"spm.model": "dd", "dict.txt": "ee"}},
    }
    write_json(folder / root / "data/card.json", card)
    return files


def scores(profile: str) -> dict[str, Any]:
    each = [{"metric": name, "score": 1.0, "signature": signature} for name, signature in SIGNATURES.items()]
    return {"profile": profile, "directions": {"de-en": {"scores": each}, "en-de": {"scores": each}}}


def describe(path: Path) -> None:
    """Write a system.json, and the files that it has the hashes of."""
    folder = path.parent
    (folder / "model.safetensors").write_text(f"{folder.name} model.safetensors\n")
    for name in VOCABULARY:
        (folder / name).write_text(f"{name}\n")
    SystemFolder.write(
        folder,
        system=folder.parent.name,
        seed=int(folder.name.removeprefix("s")),
        languages=["en", "de", "fr"],
        mask_rows={"de-en": None},
        architecture={"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 8, "model_dim": 4},
        text={"moses": False, "normalize_punctuation": False},
    )
