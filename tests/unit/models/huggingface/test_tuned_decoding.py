"""Fine-tuned systems of each family in both engines, and what is trained where FFNs are gated."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.folders import FOLDERS
from tests.unit.models.huggingface.talk import Engines, apart
from tests.unit.models.huggingface.trainings import plan_of, training_of, write_masks, write_texts
from workflow_scripts.models.weights import save_adapters
from workflow_scripts.units.adapters import FILE
from workflow_scripts.units.system import SystemFolder

SIZE = 2


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_texts(tmp_path_factory.mktemp("text"))


def with_lora(system: SystemFolder, text: Path, folder: Path) -> SystemFolder:
    """Return a copy of a system with a row of LoRA for both directions, nowhere zero."""
    rows = dict.fromkeys(("en-de", "en-fr"), "all")
    method = {"adapters": {"kind": "lora", "size": SIZE, "rows": rows}}
    training = training_of(plan_of(system, text, folder / "training", method=method))
    found = training.learner.state()["adapters"]
    torch.manual_seed(4)
    for one in found["all"].values():
        one.copy_(torch.randn(one.shape) * 0.1)
    out = shutil.copytree(system.folder, folder / "system")
    save_adapters(found, out / FILE)
    return SystemFolder.write(
        out,
        system="tuned",
        seed=1,
        languages=system.languages,
        mask_rows=dict.fromkeys(rows),
        architecture=dict(system.architecture),
        text=dict(system.text),
        port=system.port,
        files={role: name for role, name in system.files.items() if name},
        adapter_rows=rows,
        adapters={"kind": "lora", "size": SIZE},
    )


@pytest.mark.parametrize("case", FOLDERS)
def test_lora_in_both_engines(case, talking, text, tmp_path):
    """Also where the heads together are narrower than the model, the stacks differ, and FFNs are gated."""
    engines = Engines(with_lora(talking[case], text, tmp_path))
    found = engines.compact_scores()
    assert apart(found, engines.live_scores()) <= 1e-4
    assert apart(found, Engines(talking[case]).compact_scores()) > 0.1
    live, compact = engines.words()
    assert compact == live


@pytest.mark.parametrize("case", ["m2m", "t5", "t5-gated"])
def test_ffns_alone_are_all_of_their_layers(case, systems, text, tmp_path):
    """A gated FFN has a third matrix; T5 has no biases."""
    layers = {"m2m": ("fc1", "fc2"), "t5": ("wi", "wo"), "t5-gated": ("wi_0", "wi_1", "wo")}[case]
    training = training_of(plan_of(systems[case], text, tmp_path, method={"parameters": "ffn"}))
    named = training.learner.model.named_parameters()
    learns = sorted(name for name, one in named if one.requires_grad)
    inside = [name.split(".")[-2:] for name in learns]
    assert {layer for layer, _ in inside} == set(layers)
    assert {part for _, part in inside} == ({"weight", "bias"} if case == "m2m" else {"weight"})
    assert len(learns) == 4 * len(layers) * (2 if case == "m2m" else 1)


@pytest.mark.parametrize("gate", ["zero", "gradients"])
def test_heads_of_a_family_without_biases(gate, systems, text, tmp_path):
    """Head 1 of three is kept by no direction: its eight rows of query, key and value shrink by weight decay
    alone; under masked gradients they stay as they were, as do its columns of the output projection."""
    masks = write_masks(
        systems["t5"], tmp_path / "m.npz", lambda name, size: np.arange(size) % 3 != 1, "head"
    )
    method = {"train": "gradients", "momentum": "own", "head_weights": "qkvo"} if gate == "gradients" else {}
    settings = {"sampler": "mixed", "weight_decay": 0.1, "scheduler": "fixed", "warmup_updates": 0}
    training = training_of(plan_of(systems["t5"], text, tmp_path, masks, method, **settings))
    named = dict(training.learner.model.named_parameters())
    before = {name: one.detach().clone() for name, one in named.items()}
    assert training.update([np.arange(0, 48, 5)])
    for stack, kinds in (
        ("encoder", ("0.SelfAttention",)),
        ("decoder", ("0.SelfAttention", "1.EncDecAttention")),
    ):
        for kind in kinds:
            at = f"{stack}.block.1.layer.{kind}"
            for part in "qkv":
                # One update at a rate of 0.01: 1 - 0.01 x 0.1 of each weight is left.
                kept = before[f"{at}.{part}.weight"] * (1.0 if gate == "gradients" else 0.999)
                stays = torch.isclose(named[f"{at}.{part}.weight"], kept, rtol=1e-6, atol=0.0).all(1)
                assert stays.tolist() == [False] * 8 + [True] * 8 + [False] * 8, f"{at}.{part}"
            columns = (named[f"{at}.o.weight"] == before[f"{at}.o.weight"]).all(0)
            assert columns.tolist() == [gate == "gradients" and 8 <= one < 16 for one in range(24)]
