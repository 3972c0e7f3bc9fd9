"""Folders of models: every form of weights, what is tied, and what is refused, in one line each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.models.huggingface.tiny import CASES, in_version_5, tiny
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.folder import check_taken, load_network, read_weights, stored
from workflow_scripts.models.huggingface.library import MAJOR

WEIGHTS = "model.safetensors"


def saved(case: str, folder: Path, **more: Any) -> dict[str, torch.Tensor]:
    """Save a tiny model without a tokenizer; return the tensors of its file."""
    tiny(case, **more).save_pretrained(folder)
    if case == "mbart":
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "MBart50Tokenizer"}')
    return load_file(folder / WEIGHTS)


def rewritten(folder: Path, tensors: dict[str, torch.Tensor], form: str) -> None:
    """Write the weights in another form, in place of the file that the library made."""
    (folder / WEIGHTS).unlink()
    suffix = "safetensors" if "safetensors" in form else "bin"
    write = save_file if suffix == "safetensors" else torch.save
    name = "model" if suffix == "safetensors" else "pytorch_model"
    if "sharded" not in form:
        write(tensors, folder / f"{name}.{suffix}")
        return
    names = sorted(tensors)
    where = {one: f"{name}-0000{1 + (place % 2)}-of-00002.{suffix}" for place, one in enumerate(names)}
    for shard in set(where.values()):
        write({one: tensors[one] for one in names if where[one] == shard}, folder / shard)
    index = {"metadata": {}, "weight_map": where}
    (folder / f"{name}.{suffix}.index.json").write_text(json.dumps(index))


def equal(model: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(model.state_dict().items(), other.state_dict().items(), strict=True)
    return all(name == also and torch.equal(one, two) for (name, one), (also, two) in pairs)


@pytest.mark.parametrize("case", CASES)
def test_a_saved_model_is_the_same_again(case, tmp_path):
    saved(case, tmp_path)
    state = torch.random.get_rng_state()
    model, family = load_network(tmp_path)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert equal(model, tiny(case)) and not model.training
    assert family.name == model.config.model_type
    assert {one.dtype for one in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("form", ["bin", "sharded safetensors", "sharded bin"])
@pytest.mark.parametrize("case", ["marian", "t5-gated"])
def test_every_form_of_weights(case, form, tmp_path):
    rewritten(tmp_path, saved(case, tmp_path), form)
    assert equal(load_network(tmp_path)[0], tiny(case))


def test_half_precision_is_loaded_as_float32(tmp_path):
    tensors = {name: one.to(torch.bfloat16) for name, one in saved("m2m", tmp_path).items()}
    save_file(tensors, tmp_path / WEIGHTS)
    model, _ = load_network(tmp_path)
    fc1 = "model.encoder.layers.0.fc1.weight"
    assert model.state_dict()[fc1].dtype == torch.float32
    assert torch.equal(model.state_dict()[fc1], tensors[fc1].float())


def test_layers_are_never_left_out(tmp_path):
    saved("m2m", tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["encoder_layerdrop"] == 0.05
    model, _ = load_network(tmp_path)
    assert (model.config.encoder_layerdrop, model.config.decoder_layerdrop) == (0, 0)


@pytest.mark.parametrize("case", ["t5-gated", "mt5"])
def test_a_head_of_its_own_stays_it(case, tmp_path):
    """The configuration says that it is tied, whatever the file holds."""
    tensors = saved(case, tmp_path)
    head = torch.randn(40, 32)
    save_file({**tensors, "lm_head.weight": head}, tmp_path / WEIGHTS)
    model, _ = load_network(tmp_path)
    assert model.config.tie_word_embeddings is (MAJOR >= 5)
    assert torch.equal(model.lm_head.weight, head)
    assert torch.equal(model.shared.weight, tensors["shared.weight"])
    assert {"lm_head.weight", "shared.weight"} <= set(stored(model))
    # Where it is tied, it is stored once.
    assert ("lm_head.weight" in stored(tiny(case))) is (MAJOR < 5)


@pytest.mark.parametrize("case", CASES)
def test_what_is_stored_is_what_the_library_stores(case, tmp_path):
    tensors = saved(case, tmp_path)
    found = stored(load_network(tmp_path)[0])
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], one) for name, one in tensors.items())


def test_embeddings_that_differ_are_not_tied(tmp_path):
    """Though the configuration says so; and if the library does it, as version 4, that is told."""
    tensors = saved("m2m", tmp_path)
    name = "model.encoder.embed_tokens.weight"
    tensors[name] = torch.randn(40, 32)
    save_file(tensors, tmp_path / WEIGHTS)
    said = rf"{name} in its weights is not what the model computes with"
    if MAJOR < 5:
        with pytest.raises(UserError, match=said):
            load_network(tmp_path)
        return
    model, _ = load_network(tmp_path)
    assert torch.equal(model.state_dict()[name], tensors[name]) and name in stored(model)
    assert torch.equal(model.lm_head.weight, tensors["model.shared.weight"])
    tensors[name] = tensors["model.shared.weight"]
    with pytest.raises(UserError, match=said):
        check_taken(model, tensors, tmp_path)


def test_older_files_with_positions_are_read(tmp_path):
    tensors = saved("m2m", tmp_path)
    save_file({**tensors, "model.encoder.embed_positions.weights": torch.zeros(4, 32)}, tmp_path / WEIGHTS)
    assert equal(load_network(tmp_path)[0], tiny("m2m"))


FC1 = "model.encoder.layers.0.fc1.weight"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop(FC1), f"tensor {FC1} is missing in its weights"),
        (
            lambda t: t.update({FC1: torch.zeros(3, 32)}),
            rf"{FC1} is \(3, 32\), config\.json needs \(64, 32\)",
        ),
        (lambda t: t.update({FC1 + "s": torch.zeros(1)}), rf"{FC1}s is not part of this model \(did you"),
        (lambda t: t.update({FC1: t[FC1] * float("nan")}), f"tensor {FC1} holds NaN or infinite values"),
        (lambda t: t.update({FC1: t[FC1].long()}), f"tensor {FC1} is torch.int64, not of floating-point"),
    ],
    ids=["missing", "shape", "unknown", "nan", "integers"],
)
def test_weights_that_do_not_fit(change, said, tmp_path):
    tensors = saved("m2m", tmp_path)
    change(tensors)
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(UserError, match=said) as raised:
        load_network(tmp_path)
    assert "\n" not in str(raised.value)


class Harmful:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda f: torch.save({"a": Harmful()}, f / "pytorch_model.bin"), r"asks for posix\.system"),
        (lambda f: torch.save([1, 2], f / "pytorch_model.bin"), "holds no tensors by name"),
        (lambda f: (f / "pytorch_model.bin").write_text("x"), "not opened by torch's restricted loader"),
        (
            lambda f: (f / WEIGHTS).write_text("x"),
            r"not a safetensors file .*; fetch it again",
        ),
        (lambda f: None, r"no weights in it \(model\.safetensors or pytorch_model\.bin"),
        (lambda f: (f / f"{WEIGHTS}.index.json").write_text("{}"), "has no weight_map"),
        (
            lambda f: (f / f"{WEIGHTS}.index.json").write_text('{"weight_map": {"a": "../b"}}'),
            r"'\.\./b' is not the name of a file in this folder",
        ),
        (
            lambda f: (f / f"{WEIGHTS}.index.json").write_text('{"weight_map": {"a": "b.safetensors"}}'),
            r"b\.safetensors: no weights here",
        ),
    ],
)
def test_files_that_are_no_weights(write, said, tmp_path):
    write(tmp_path)
    with pytest.raises(UserError, match=said) as raised:
        read_weights(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_shard_without_what_the_index_says(tmp_path):
    rewritten(tmp_path, saved("m2m", tmp_path), "sharded safetensors")
    path = tmp_path / f"{WEIGHTS}.index.json"
    index = json.loads(path.read_text())
    index["weight_map"]["model.more"] = "model-00001-of-00002.safetensors"
    path.write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"tensor model\.more is not in model-00001-of-00002\.safetensors"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"decoder_start_token_id": None}, "decoder_start_token_id is missing: no target can begin"),
        pytest.param(
            {"d_model": "wide"},
            r"config\.json: not the configuration of a mbart model",
            marks=in_version_5(reason="4 looks at no types"),
        ),
        ({"model_type": "bloom"}, "model_type is 'bloom', not one of marian"),
        ({"model_type": "llama"}, "'llama' is a causal language model, which translates nothing; for anal"),
    ],
)
def test_configurations_that_do_not_fit(change, said, tmp_path):
    saved("mbart", tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=said) as raised:
        load_network(tmp_path)
    assert "\n" not in str(raised.value)


def test_folders_that_are_none(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder, for a model; a name on a hub"):
        load_network(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"no config\.json in it"):
        load_network(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match=r"config\.json: not an object"):
        load_network(tmp_path)


def test_no_hub_is_asked():
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    import huggingface_hub.constants

    assert huggingface_hub.constants.HF_HUB_OFFLINE
