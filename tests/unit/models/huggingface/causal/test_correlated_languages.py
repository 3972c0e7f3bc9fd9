"""Two language models side by side: units of one that are those of the other in another order are found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.models.huggingface.causal.tiny_causal import causal_folder, word_tokenizer
from workflow_scripts.analyse.correlation import correlate_units, erase_correlated
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.causal.system import make_system
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder

LANGUAGES = ["de", "fr"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama, its double, whose neurons are in another order, and another one of the same vocabulary."""
    root = tmp_path_factory.mktemp("models")
    order = torch.from_numpy(np.random.default_rng(1).permutation(24))
    for name in ("one", "double", "other"):
        folder = causal_folder("llama", root / "folders" / name)
        tensors = load_file(folder / "model.safetensors")
        for key, one in tensors.items():
            if name == "other":
                tensors[key] = one + 0.2 * torch.randn(one.shape, generator=torch.manual_seed(len(key)))
            elif name == "double" and (".gate_proj." in key or ".up_proj." in key):
                tensors[key] = one[order].contiguous()
            elif name == "double" and key.endswith("down_proj.weight"):
                tensors[key] = one[:, order].contiguous()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        make_system(folder, root / name, system=name, languages=LANGUAGES)
    return root


def correlate(root: Path, texts: Path, *names: str) -> dict:
    tables = [f"--out-{kind}" for kind in ("json", "csv", "markdown")]
    outputs = [str(one) for kind in tables for one in (kind, root / f"{'-'.join(names)}.{kind[6:]}")]
    models = json.dumps({name: str(root / name) for name in names})
    text = ["--data-bin", str(texts), "--subset", "valid", "--directions", *LANGUAGES]
    scores = ["--out-scores", str(root / "scores/{form}/{model}.npz")]
    correlate_units.main(["--models", models, "--forms", "max", *text, *scores, *outputs])
    return json.loads((root / f"{'-'.join(names)}.json").read_text())


def test_units_in_another_order_are_found(root, texts):
    result = correlate(root, texts, "one", "double", "other")
    assert list(result["sites"]) == ["decoder.0.ffn", "decoder.1.ffn"]
    # What is read: words, neither <s> nor what has no next token.
    read = sum(
        len(line.split()) - 1 for name in LANGUAGES for line in (texts / f"valid/{name}.txt").open() if line
    )
    assert sum(result["text"]["tokens"]["decoder"].values()) == read
    scores = {name: ScoreTable.read(root / f"scores/max/{name}.npz") for name in ("one", "double", "other")}
    assert scores["one"].rows == tuple(LANGUAGES)
    assert scores["one"].values == pytest.approx(1.0, abs=1e-4)
    assert scores["double"].values == pytest.approx(1.0, abs=1e-4)
    assert scores["other"].values.max() < 0.999
    outputs = [f"--out-{kind}={root / f'erased.{kind}'}" for kind in ("json", "csv", "markdown")]
    text = ["--data-bin", str(texts), "--subset", "valid", "--directions", *LANGUAGES]
    given = [
        "--system",
        str(root / "other"),
        "--scores",
        json.dumps({"max": str(root / "scores/max/other.npz")}),
    ]
    erase_correlated.main([*given, "--sizes", "25%", *text, *outputs])
    erased = json.loads((root / "erased.json").read_text())
    assert erased["removed"] == {"25%": 12} and set(erased["added"]) == set(LANGUAGES)


def test_models_of_other_vocabularies_are_refused(root, texts, tmp_path):
    folder = shutil.copytree(root / "folders/other", tmp_path / "folder")
    word_tokenizer(["ba", "be"], folder, begin=True)
    make_system(folder, tmp_path / "s", system="m", languages=LANGUAGES)
    given = json.dumps({"one": str(root / "one"), "m": str(tmp_path / "s")})
    outputs = [f"--out-{kind}={tmp_path / kind}" for kind in ("json", "csv", "markdown")]
    text = ["--data-bin", str(texts), "--subset", "valid", "--directions", *LANGUAGES]
    with pytest.raises(UserError, match=r"--models: m has another vocabulary \(.*tokenizer\.json\) than one"):
        correlate_units.main(["--models", given, *text, *outputs])


def test_settings_that_another_version_wrote_are_no_vocabulary(root, tmp_path):
    """config.json names the library's version; the ids are those of the same tokenizer."""
    folder = shutil.copytree(root / "folders/other", tmp_path / "folder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_version": "4.99.0"}))
    made = make_system(folder, tmp_path / "s", system="m", languages=LANGUAGES)
    one = SystemFolder.read(root / "one")
    assert made.sha256["config.json"] != one.sha256["config.json"]
    assert "config.json" not in made.text_files and "tokenizer.json" in made.text_files
    correlate_units.check_comparable({"one": one, "m": made}, ["ffn"])
