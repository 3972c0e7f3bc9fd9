"""A system of a model's folder: through the stages that count, score and select, and with masks on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.unit.models.huggingface.folders import DIRECTIONS, TAGS
from workflow_scripts.activations import count_activations, score_importance, score_magnitude
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface import port as port_module
from workflow_scripts.models.huggingface.folder import load_network
from workflow_scripts.models.huggingface.port import open_port
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.models.port import load
from workflow_scripts.models.weights import read_tensors, save_tensors
from workflow_scripts.units import select_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder


def count(system: SystemFolder, data: Path, out: Path, *more: str) -> ScoreTable:
    given = ["--system", system.folder, "--data-bin", data, "--subset", "valid", "--directions", "en-de"]
    count_activations.main([*map(str, given), "--out-root", str(out), *more])
    return ScoreTable.read(out / "en-de.npz")


def test_the_description(systems):
    system = SystemFolder.read(systems["m2m"].folder)
    assert (system.port, system.directions, system.encoder_langtok) == ("huggingface", DIRECTIONS, "src")
    assert system.architecture == {
        "family": "m2m_100",
        "encoder_layers": 2,
        "decoder_layers": 2,
        "model_dim": 32,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 48,
        "encoder_heads": 4,
        "decoder_heads": 2,
        "activation": "relu",
        "gated": False,
        "dtype": "float32",
    }
    assert system.text == {"tags": TAGS["m2m"], "prefixes": {}}
    assert set(system.sha256) == {
        *("config.json", "generation_config.json", "model.safetensors", "sentencepiece.bpe.model"),
        *("tokenizer_config.json", "vocab.json"),
    }
    assert [systems[case].encoder_langtok for case in ("marian", "nllb", "t5-gated", "mt5")] == [
        *("tgt", "src", "tgt", "src")
    ]


def test_units_are_those_of_the_description_and_likelihoods_those_of_the_folder(systems, folders, data):
    for case, system in systems.items():
        port, plain = load(system, "cpu"), open_port(folders[case], TAGS[case])
        kinds = ("ffn", "head", "resid")
        assert port.space(kinds) == system.space_of(kinds) == plain.space(kinds)
        found = []
        for one in (port, plain):
            (batch,) = one.batches(one.task(data, "valid", "en-de"), 4096, max_lines=4)
            with torch.inference_mode():
                found.append(one.loss(batch)[0])
        assert torch.equal(*found)


def test_a_models_own_folder_is_never_written(folders, tmp_path):
    folder = shutil.copytree(folders["t5"], tmp_path / "m")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    given = {"system": "s", "languages": ["de", "en"], "directions": ["en-de"], "tags": {}}
    (tmp_path / "link").symlink_to(folder)
    for out in (folder, tmp_path / "other/../m", tmp_path / "link"):
        with pytest.raises(UserError, match="is the model's own folder; name another one for the system"):
            make_system(folder, out, **given)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_languages_without_a_tag_share_their_sources(folders, tmp_path):
    given = {"system": "s", "languages": ["de", "en", "fr"], "directions": DIRECTIONS}
    for tags, scheme in (
        ({"de": None, "fr": None}, "src"),
        ({"de": None, "fr": ">>fra<<"}, "tgt"),
    ):
        made = make_system(folders["marian"], tmp_path / scheme, tags=tags, **given)
        system = SystemFolder.read(made.folder)
        assert (system.encoder_langtok, system.text["tags"]) == (scheme, tags)
        text = load(system, "cpu").text
        (german,), (french,) = (text.source_ids(direction, ["ba"]) for direction in DIRECTIONS)
        assert (german.tolist() == french.tolist()) == (scheme == "src")


def test_another_head_than_the_embedding_is_kept(folders, tmp_path):
    """Its configuration says that they are tied."""
    folder = shutil.copytree(folders["t5-gated"], tmp_path / "m")
    tensors = read_tensors(folder / "model.safetensors")
    head = torch.randn(224, 32)
    save_tensors({**tensors, "lm_head.weight": head}, folder / "model.safetensors")
    given = {"system": "s", "languages": ["de", "en"], "directions": ["en-de"], "tags": TAGS["t5-gated"]}
    system = make_system(folder, tmp_path / "s", **given)
    assert torch.equal(load(system, "cpu").model.lm_head.weight, head)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("m2m", ""),
        ("mbart", ", active by sign (gelu)"),
        ("marian", ", active by sign (silu)"),
        ("t5-gated", ", active by sign (gelu_new, gated)"),
    ],
)
def test_counting_is_the_stage_of_every_port(case, words, systems, data, tmp_path):
    system = systems[case]
    table = count(system, data, tmp_path / "a.npz")
    port = load(system, "cpu")
    task = port.task(data, "valid", "en-de")
    counts, tally = count_activations.count_direction(port, task)
    assert np.array_equal(table.values[0], counts.numpy()) and table.space == system.space_of(["ffn"])
    facts = table.metadata
    assert facts["counting"] == f"pads excluded{words}"
    assert facts.get("active") == (
        {
            "rule": "sign",
            "function": system.architecture["activation"],
            "gated": system.architecture["gated"],
        }
        if words
        else None
    )
    assert facts["target_positions"] == tally.target_positions == int(task.target_sizes.sum())
    assert facts["weights_sha256"] == system.weights_sha256


def test_rules_and_scores_of_other_rules(systems, data, tmp_path):
    system = systems["mbart"]
    with pytest.raises(
        UserError, match=r"'nonzero' would count nearly every position: .* this model \(gelu\)"
    ):
        count(system, data, tmp_path / "a.npz", "--rule", "nonzero")
    by_size = count(system, data, tmp_path / "s", "--rule", "threshold:0.5")
    assert by_size.metadata["active"]["rule"] == "threshold:0.5"
    sign = count(system, data, tmp_path / "sign.npz")
    other = ScoreTable(["en-fr"], sign.values, sign.space, sign.metadata)
    other.write(tmp_path / "s/en-fr.npz")
    with pytest.raises(UserError, match=r"en-fr\.npz: counting is 'pads excluded, active by sign \(ge"):
        select_masks.read_scores(tmp_path / "s", DIRECTIONS)
    # After ReLU what is not zero is above it.
    relu = systems["m2m"]
    plain, not_zero = (
        count(relu, data, tmp_path / f"{rule}.npz", "--rule", rule) for rule in ("sign", "nonzero")
    )
    assert np.array_equal(plain.values, not_zero.values)


def test_counts_of_one_encoder_pass(systems, folders, data, tmp_path):
    def together(case, system=None):
        system = system or systems[case]
        given = ["--system", system.folder, "--data-bin", data, "--subset", "valid"]
        root = tmp_path / case
        count_activations.main([*map(str, given), "--directions", *DIRECTIONS, "--out-root", str(root)])
        return ScoreTable.read(root / "en-de.npz")

    for case in ("nllb", "mbart", "marian"):
        one = count(systems[case], data, tmp_path / f"{case}-alone")
        assert np.array_equal(together(case).values, one.values) and together(case).metadata == one.metadata
    told = make_system(
        folders["t5"],
        tmp_path / "told",
        system="told",
        languages=["de", "en", "fr"],
        directions=DIRECTIONS,
        tags={},
        prefixes={"en-de": "dibo "},
    )
    one = count(told, data, tmp_path / "told-alone")
    assert np.array_equal(together("t5", told).values, one.values)


def test_a_job_of_many_directions_loads_its_model_once(systems, data, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        port_module, "load_network", lambda *given: read.append(given) or load_network(*given)
    )
    given = ["--system", str(systems["nllb"].folder), "--data-bin", str(data), "--subset", "valid"]
    count_activations.main([*given, "--directions", *DIRECTIONS, "--out-root", str(tmp_path)])
    assert len(read) == 1 and all((tmp_path / f"{name}.npz").is_file() for name in DIRECTIONS)


def test_importance_and_magnitude_of_every_kind(systems, data):
    for case in ("marian", "mt5"):
        system = systems[case]
        tables = score_importance.score_subset(system, data, "valid", "en-de", ["head", "ffn"])
        assert all(np.isfinite(one.values).all() and one.values.any() for one in tables.values())
        found = score_magnitude.score_subset(system, data, "valid", "en-de")
        assert (found.values > 0).all() and found.metadata["decoder_positions"] > 0
        assert found.metadata["active"]["rule"] == "magnitude"


def test_masks_of_a_direction_are_laid_and_those_of_others_refused(systems, data, tmp_path):
    folder = shutil.copytree(systems["marian"].folder, tmp_path / "s")
    plain = systems["marian"]
    keep = np.random.default_rng(1).random((2, plain.space_of(["ffn"]).size)) < 0.5
    facts = {"weights_sha256": plain.weights_sha256}
    masks = MaskTable(DIRECTIONS, keep, plain.space_of(["ffn"]), facts)
    masks.write(folder / "masks.npz")
    value = json.loads((folder / "system.json").read_text())
    system = SystemFolder.write(
        folder,
        **{key: value[key] for key in ("system", "seed", "languages", "architecture", "text", "port")},
        mask_rows={name: name for name in DIRECTIONS},
        files={role: name for role, name in value["files"].items() if name} | {"masks": "masks.npz"},
    )
    port = load(system, "cpu")
    (batch,) = port.batches(port.task(data, "valid", "en-de"), 4096, max_lines=4)
    with torch.inference_mode():
        whole = port.loss(batch)[0]
        with port.direction("en-de"):
            masked = port.loss(batch)[0]
        with port.intervene(masks).use("en-de"):
            expected = port.loss(batch)[0]
    assert torch.equal(masked, expected) and not torch.equal(masked, whole)
    with pytest.raises(UserError, match="translates en-de through a mask"):
        count(system, data, tmp_path / "a.npz")


def test_directions_with_weights_of_their_own(systems, data, tmp_path):
    folder = shutil.copytree(systems["m2m"].folder, tmp_path / "s")
    tensors = read_tensors(folder / "model.safetensors")
    tensors["model.decoder.layers.1.fc1.bias"] += 1
    save_tensors(tensors, folder / "fr.safetensors")
    value = json.loads((folder / "system.json").read_text())
    given = {key: value[key] for key in ("system", "seed", "languages", "architecture", "text", "port")}
    files = {role: name for role, name in value["files"].items() if name}

    def port_of(changed):
        save_tensors(changed, folder / "fr.safetensors")
        own = {"en-fr": "fr.safetensors", "en-de": "model.safetensors"}
        rows = dict.fromkeys(DIRECTIONS)
        return load(SystemFolder.write(folder, **given, mask_rows=rows, files=files, own_weights=own), "cpu")

    port = port_of(tensors)
    (batch,) = port.batches(port.task(data, "valid", "en-fr"), 4096, max_lines=4)
    found = {}
    with torch.inference_mode():
        for name in (*DIRECTIONS, "en-de"):
            with port.direction(name):
                again = port.loss(batch)[0]
            assert name not in found or torch.equal(found[name], again)
            found[name] = again
    assert not torch.equal(found["en-de"], found["en-fr"])
    with pytest.raises(UserError, match="en-de has weights of its own, which is not"):
        port.loss(batch)
    name = "model.decoder.layers.1.fc1.bias"
    for changed, said in (
        ({**tensors, name: torch.zeros(3)}, rf"tensor {name} is \(3,\), the model needs \(48,\)"),
        ({**tensors, "more": torch.zeros(3)}, "tensor more is in only one of the file and the model"),
        ({**tensors, name: torch.full((48,), torch.nan)}, f"tensor {name} holds NaN or infinite values"),
    ):
        port = port_of(tensors)
        save_file(changed, folder / "fr.safetensors")
        port._weights = None
        with pytest.raises(UserError, match=said):
            port.load_weights(folder / "fr.safetensors")


def test_what_it_cannot_do_is_one_line(systems, folders, tmp_path):
    given = {"system": "s", "languages": ["de", "en"], "tags": {"de": "__de__"}}
    with pytest.raises(UserError, match="no tag of language 'en'; there are de"):
        make_system(folders["m2m"], tmp_path / "s", directions=["en-de"], **given)
    with pytest.raises(UserError, match="'nl' is not one of de, en"):
        make_system(folders["m2m"], tmp_path / "s", directions=["nl-de"], **given)
    assert not (tmp_path / "s").exists()


def test_a_changed_file_is_refused(systems, tmp_path):
    folder = shutil.copytree(systems["m2m"].folder, tmp_path / "s")
    (folder / "vocab.json").write_text("{}")
    with pytest.raises(UserError, match=r"vocab\.json: SHA-256"):
        load(SystemFolder.read(folder), "cpu")


def test_tags_that_are_none(systems, tmp_path):
    folder = shutil.copytree(systems["m2m"].folder, tmp_path / "s")
    path = folder / "system.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "text": {"tags": ["__de__"]}}))
    with pytest.raises(UserError, match=r"system\.json: text\.tags is not an object"):
        load(SystemFolder.read(folder), "cpu")
