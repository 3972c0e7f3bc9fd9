"""What the configs of tests without training share: three languages, text in files of each language."""

import json
from pathlib import Path
from typing import Any

BASE: dict[str, Any] = {
    "experiment": "tiny", "languages": ["en", "de", "fr"], "pivot": "en",
    "data": {
        "source": {
            "type": "files", "train": "text/train.{lang}", "valid": "text/valid.{lang}",
            "tests": {"news": "text/news.{lang}"},
        },
    },
}  # fmt: skip


def put_system(root: Path, system: str, seed: int = 1, training: dict[str, Any] | None = None) -> None:
    """Write the description of a system without masks, below the folder of an experiment, and weights that
    hold nothing."""
    files = {"weights": "model.safetensors", "subwords": "spm.model", "dictionary": "dict.txt", "masks": None}
    value = {
        "format": "neuronspec-system-1", "system": system, "seed": seed, "languages": ["en", "de"],
        "directions": {direction: {"mask_row": None} for direction in ("en-de", "de-en")},
        "architecture": {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 1}, "text": {}, "files": files,
        "sha256": {name: "0" * 64 for name in files.values() if name}, "parent": None, "training": training,
    }  # fmt: skip
    folder = root / f"systems/{system}/s{seed}"
    folder.mkdir(parents=True)
    (folder / "system.json").write_text(json.dumps(value))
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")


#: An encoder with two tasks, one with a table of each part: their files are below `tables/`.
TASKS: dict[str, Any] = {
    "experiment": "tiny",
    "attach": {"model": "encoder"},
    "tasks": {
        "tables": {
            "colour": {
                **{part: f"tables/colour.{part}.tsv" for part in ("train", "valid", "test")},
                "texts": ["text"],
            },
            "pairs": {
                "train": "tables/pairs.train.jsonl",
                "test": "tables/pairs.test.parquet",
                "texts": ["one", ["two", "three"]],
                "label": "score",
                "regression": True,
            },
        },
        "training": {"max_updates": 100, "check_every": 50},
        "heads": {"sizes": ["1"]},
    },
}

#: A causal language model with text of three languages below `text/`.
LANGUAGE_MODEL: dict[str, Any] = {
    "experiment": "tiny",
    "languages": ["cs", "de", "fr"],
    "attach": {"model": "gpt"},
    "language_model": {"valid": "text/valid.{lang}.txt", "tests": {"news": "text/news.{lang}.txt"}},
}
