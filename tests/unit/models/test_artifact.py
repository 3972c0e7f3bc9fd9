"""Weights on disk: an exact round trip, each tied tensor once, and errors that name the tensor."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.models.loaded import load_network
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.artifact import load_weights, save_system_weights
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder

SHAPE = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": 8, "ffn_dim": 16, "heads": 2}


def network_of(**change) -> torch.nn.Module:
    torch.manual_seed(4)
    return build_network(Architecture.from_dict(SHAPE | change), 9)


@pytest.fixture
def system(tmp_path):
    network = network_of()
    save_system_weights(network, tmp_path / "model.safetensors")
    (tmp_path / "dict.txt").write_text("a 1\nb 1\nc 1\n", encoding="utf-8")
    (tmp_path / "spm.model").write_bytes(b"pieces")
    SystemFolder.write(
        tmp_path,
        system="baseline",
        seed=1,
        languages=["en", "de"],
        mask_rows={"de-en": None},
        architecture=Architecture.from_dict(SHAPE).to_dict(),
        text={},
    )
    return tmp_path, network


def test_round_trip_is_exact_and_in_eval_mode(system):
    folder, network = system
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    loaded = load_network(folder)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not loaded.training
    state = loaded.state_dict()
    assert list(state) == list(network.state_dict())
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())
    assert loaded.decoder.output_projection.weight is loaded.decoder.embed_tokens.weight


@pytest.mark.parametrize(
    ("change", "embeddings"),
    [
        ({}, {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}),
        ({"share_all_embeddings": True}, {"decoder.embed_tokens.weight"}),
        (
            {"share_decoder_embeddings": False},
            {
                "encoder.embed_tokens.weight",
                "decoder.embed_tokens.weight",
                "decoder.output_projection.weight",
            },
        ),
    ],
)
def test_tied_tensors_are_stored_once(tmp_path, change, embeddings):
    path = tmp_path / "model.safetensors"
    network = network_of(**change)
    save_system_weights(network, path)
    names = set(load_file(path))
    assert {name for name in names if "embed" in name or "projection" in name} == embeddings
    assert len(names) == len(list(network.parameters()))
    other = build_network(Architecture.from_dict(SHAPE | change), 9)
    load_weights(other, path)
    assert torch.equal(other.decoder.output_projection.weight, network.decoder.output_projection.weight)
    assert torch.equal(other.encoder.embed_tokens.weight, network.encoder.embed_tokens.weight)


def test_files_are_float32_reproducible_and_readable_by_others(tmp_path):
    old = os.umask(0o022)
    try:
        save_system_weights(network_of().double(), tmp_path / "a.safetensors")
    finally:
        os.umask(old)
    gated = network_of()
    space = model_space(Architecture.from_dict(SHAPE).to_dict())
    Gates(gated, MaskTable(["none"], np.zeros((1, space.size), dtype=bool), space, {})).select("none")
    save_system_weights(gated, tmp_path / "b.safetensors")
    assert {tensor.dtype for tensor in load_file(tmp_path / "a.safetensors").values()} == {torch.float32}
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_changed_file_is_refused(system):
    folder, _ = system
    tensors = load_file(folder / "model.safetensors")
    tensors["decoder.layers.0.fc1.bias"][0] += 1
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors: SHA-256 is"):
        load_network(folder)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: t.pop("encoder.layers.0.fc2.bias"), r"tensor encoder\.layers\.0\.fc2\.bias is missing"),
        (lambda t: t.update({"extra": torch.ones(1)}), "tensor extra is not part of the architecture"),
        (
            lambda t: t.update({"decoder.layers.0.fc1.bias": torch.ones(15)}),
            r"tensor decoder\.layers\.0\.fc1\.bias is \(15,\), the architecture needs \(16,\)",
        ),
        (
            lambda t: t["encoder.layers.0.fc1.weight"].fill_(float("nan")),
            r"tensor encoder\.layers\.0\.fc1\.weight holds NaN",
        ),
        (
            lambda t: t.update({"decoder.output_projection.weight": torch.zeros(9, 8)}),
            r"output_projection\.weight and decoder\.embed_tokens\.weight differ",
        ),
    ],
)
def test_damaged_weights_are_named_and_nothing_is_copied(tmp_path, damage, words):
    path = tmp_path / "model.safetensors"
    save_system_weights(network_of(), path)
    tensors = load_file(path)
    damage(tensors)
    save_file(tensors, path)
    network = network_of(dropout=0.2)
    torch.nn.init.zeros_(network.encoder.embed_tokens.weight)
    with pytest.raises(UserError, match=words):
        load_weights(network, path)
    assert not network.encoder.embed_tokens.weight.any()


def test_unreadable_files_and_nan_networks(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(UserError, match="no weights here"):
        load_weights(network_of(), path)
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(UserError, match="not a safetensors file"):
        load_weights(network_of(), path)
    network = network_of()
    network.decoder.layers[0].fc1.bias.data[3] = float("inf")
    with pytest.raises(UserError, match=r"decoder\.layers\.0\.fc1\.bias holds NaN or infinite"):
        save_system_weights(network, tmp_path / "new.safetensors")
    assert not (tmp_path / "new.safetensors").exists()
