"""Every example of docs/how-to/language-models.md, in order, with a model of planted language units."""

from __future__ import annotations

import json
import math
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.models.huggingface.causal.planted import LANGUAGES, VOCABULARY, WORDS, planted_system
from workflow_scripts.units.mask_table import MaskTable

PAGE = Path(__file__).resolve().parents[5] / "docs/how-to/language-models.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.M | re.S)
COUNT = "workflow_scripts.activations.count_activations"


def test_every_example(tmp_path, monkeypatch):
    planted_system("llama", tmp_path)
    (tmp_path / "text").mkdir()
    (tmp_path / "valid").rename(tmp_path / "text/valid")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "python":
            exec(block, names)
            continue
        for line in block.replace("\\\n", " ").splitlines():
            _, _, module, *arguments = shlex.split(line)
            for language in LANGUAGES if module == COUNT else ("de",):
                given = [one.replace("de", language) if module == COUNT else one for one in arguments]
                import_module(module).main(given)
    masks = MaskTable.read("masks.npz")
    assert masks.rows == LANGUAGES and masks.keep.sum(axis=1).tolist() == [4] * 5
    assert names["nats"] == pytest.approx(math.log(VOCABULARY), abs=0.02)
    verdicts = json.loads(Path("effects.json").read_text())["verdicts"].values()
    assert all("causally special" in one for one in verdicts) and len(verdicts) == 2
    assert json.loads(Path("ablation.json").read_text())["directions"]["de"]["added"]["removed"]["lape top"][
        1
    ] == pytest.approx(math.log(VOCABULARY / WORDS), abs=0.02)
    assert json.loads(Path("probes.json").read_text())["summary"]["accuracy"] == 1.0
    # Its masks are of this system, so that they can be laid on it.
    names["system"].check_model(MaskTable.read("salient.npz"))
