"""A system of a causal model's folder: every form of its files, the stages that count and score, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.models.huggingface.causal.tiny_causal import CASES, tiny, word_tokenizer
from workflow_scripts.activations import count_activations, score_importance, score_magnitude
from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.models.huggingface import system as encoder_decoders
from workflow_scripts.models.huggingface.causal.families import causal_family
from workflow_scripts.models.huggingface.causal.port import open_causal
from workflow_scripts.models.huggingface.causal.system import make_system
from workflow_scripts.models.port import generating, load
from workflow_scripts.translate.session import Session
from workflow_scripts.units import select_masks
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.system import SystemFolder

WEIGHTS = "model.safetensors"
LANGUAGES = ["de", "fr"]


@pytest.fixture(scope="module")
def systems(
    causal_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, SystemFolder]:
    root = tmp_path_factory.mktemp("systems")
    return {
        case: make_system(folder, root / case, system=case, languages=LANGUAGES)
        for case, folder in causal_folders.items()
    }


def losses(port, texts):
    (batch,) = port.batches(port.task(texts, "valid", "de"), 4096, max_lines=4)
    with torch.inference_mode():
        return port.loss(batch)[0]


def count(system: SystemFolder, texts: Path, out: Path, language: str, *more: str) -> ScoreTable:
    given = ["--system", system.folder, "--data-bin", texts, "--subset", "valid", "--directions", language]
    count_activations.main([*map(str, given), "--out-root", str(out), *more])
    return ScoreTable.read(out / f"{language}.npz")


def changed_json(path: Path, **values) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_description(systems):
    system = SystemFolder.read(systems["qwen3"].folder)
    assert (system.port, system.directions, system.is_language_model) == ("huggingface", ("de", "fr"), True)
    assert system.architecture == {
        "family": "qwen3",
        "encoder_layers": 0,
        "decoder_layers": 2,
        "model_dim": 16,
        "ffn_dim": 24,
        "heads": 4,
        "activation": "silu",
        "gated": True,
        "dtype": "float32",
    }
    assert system.text == {"begin": [], "end": []}
    assert systems["llama"].text == {"begin": ["<s>"], "end": []}
    assert set(systems["gpt2"].sha256) == {
        *("config.json", "generation_config.json", "model.safetensors", "tokenizer_config.json"),
        *("merges.txt", "vocab.json"),
    }


@pytest.mark.parametrize("case", CASES)
def test_units_are_those_of_the_description_and_likelihoods_those_of_the_folder(
    case, systems, causal_ports, texts
):
    port = load(SystemFolder.read(systems[case].folder), "cpu")
    kinds = ("ffn", "head", "resid")
    assert port.space(kinds) == systems[case].space_of(kinds) == causal_ports[case].space(kinds)
    assert torch.equal(losses(port, texts), losses(causal_ports[case], texts))
    with port.direction("fr"):
        assert torch.equal(losses(port, texts), losses(causal_ports[case], texts))


@pytest.mark.parametrize("case", ["gpt2", "llama"])
def test_shards_and_half_precision(case, causal_folders, causal_ports, texts, tmp_path):
    """A file in bfloat16 is loaded as float32, and said to be one."""
    folder = shutil.copytree(causal_folders[case], tmp_path / "m")
    tensors = load_file(folder / WEIGHTS)
    names = sorted(tensors)
    where = {name: f"model-0000{1 + place % 2}-of-00002.safetensors" for place, name in enumerate(names)}
    (folder / WEIGHTS).unlink()
    for shard in set(where.values()):
        save_file({name: tensors[name] for name in names if where[name] == shard}, folder / shard)
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    assert torch.equal(losses(open_causal(folder), texts), losses(causal_ports[case], texts))
    (folder / f"{WEIGHTS}.index.json").unlink()
    save_file({name: one.to(torch.bfloat16) for name, one in tensors.items()}, folder / WEIGHTS)
    system = make_system(folder, tmp_path / "s", system="half", languages=LANGUAGES)
    assert system.architecture["dtype"] == "bfloat16"
    port = load(system, "cpu")
    assert {one.dtype for one in port.model.parameters()} == {torch.float32}
    torch.testing.assert_close(losses(port, texts), losses(causal_ports[case], texts), rtol=0.05, atol=0.5)


@pytest.mark.parametrize(
    ("case", "renamed", "more"),
    [
        ("gpt2", lambda name: name.removeprefix("transformer."), {"h.0.attn.bias": torch.ones(1, 1, 64, 64)}),
        ("llama", str, {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(2)}),
    ],
    ids=["gpt2", "llama"],
)
def test_files_of_older_versions(case, renamed, more, causal_folders, causal_ports, texts, tmp_path):
    """GPT-2's first files have other names, and both hold what is computed now."""
    folder = shutil.copytree(causal_folders[case], tmp_path / "m")
    tensors = {renamed(name): one for name, one in load_file(folder / WEIGHTS).items()}
    save_file({**tensors, **more}, folder / WEIGHTS)
    system = make_system(folder, tmp_path / "s", system="old", languages=LANGUAGES)
    assert torch.equal(losses(load(system, "cpu"), texts), losses(causal_ports[case], texts))


def test_gpt2s_weights_stay_as_its_files_have_them(systems, causal_folders):
    assert load_file(systems["gpt2"].weights)["transformer.h.0.mlp.c_fc.weight"].shape == (16, 24)
    own, its = (load_file(path) for path in (systems["gpt2"].weights, causal_folders["gpt2"] / WEIGHTS))
    assert set(own) == set(its) and all(torch.equal(own[name], its[name]) for name in its)


def test_counting_and_scores_are_the_stages_of_every_port(systems, texts, tmp_path):
    system = systems["llama"]
    tables = {name: count(system, texts, tmp_path / "counts", name) for name in LANGUAGES}
    facts = tables["de"].metadata
    assert facts["counting"] == "pads excluded, active by sign (silu, gated)"
    words = sum(len(line.split()) for line in (texts / "valid/de.txt").read_text().splitlines())
    assert (facts["source_positions"], facts["target_positions"]) == (0, words)
    assert count(systems["gpt2"], texts, tmp_path / "g.npz", "de").metadata["counting"].endswith("(gelu_new)")
    importance = score_importance.score_subset(system, texts, "valid", "de", ["head", "ffn"])
    assert all(np.isfinite(one.values).all() and one.values.any() for one in importance.values())
    found = score_magnitude.score_subset(system, texts, "valid", "de")
    assert (found.values > 0).all()
    assert (found.metadata["encoder_positions"], found.metadata["decoder_positions"]) == (0, words)
    given = ["--activations-root", tmp_path / "counts", "--directions", *LANGUAGES, "--select", "top:25%"]
    select_masks.main([*map(str, given), "--out", str(tmp_path / "masks.npz")])
    masks = MaskTable.read(tmp_path / "masks.npz")
    assert (masks.rows, masks.keep.sum(axis=1).tolist()) == (("de", "fr"), [12, 12])


def test_masks_of_a_language_are_laid(systems, texts, tmp_path):
    plain = systems["qwen2"]
    folder = shutil.copytree(plain.folder, tmp_path / "s")
    space = plain.space_of(["ffn"])
    keep = np.random.default_rng(1).random((2, space.size)) < 0.5
    masks = MaskTable(LANGUAGES, keep, space, {"weights_sha256": plain.weights_sha256})
    masks.write(folder / "masks.npz")
    value = json.loads((folder / "system.json").read_text())
    system = SystemFolder.write(
        folder,
        **{key: value[key] for key in ("system", "seed", "languages", "architecture", "text", "port")},
        mask_rows={name: name for name in LANGUAGES},
        files={role: name for role, name in value["files"].items() if name} | {"masks": "masks.npz"},
    )
    port = load(system, "cpu")
    whole = losses(port, texts)
    with port.direction("de"):
        masked = losses(port, texts)
    with port.intervene(masks).use("de"):
        assert torch.equal(losses(port, texts), masked) and not torch.equal(masked, whole)
    with pytest.raises(UserError, match="translates de through a mask"):
        count(system, texts, tmp_path / "a.npz", "de")


def test_a_language_model_translates_nothing(systems, causal_folders, texts, tmp_path):
    system = systems["llama"]
    said = "'llama' is a language model, without any direction 'de-fr': it reads texts of de, fr, one at a"
    with pytest.raises(UserError, match=said) as raised:
        count(system, texts, tmp_path / "a.npz", "de-fr")
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match=said):
        Session(system.folder, "de-fr", "ctranslate2", None)
    with pytest.raises(UserError, match="decoding needs a model that writes text"):
        generating(load(system, "cpu"), "decoding")
    given = {"system": "s", "languages": LANGUAGES, "directions": ["de-fr"], "tags": {}}
    with pytest.raises(
        UserError, match="'gpt2' is a causal language model, which translates nothing; for analysis make"
    ):
        encoder_decoders.make_system(causal_folders["gpt2"], tmp_path / "s", **given)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"model_type": "mixtral"},
            r"Mixtral: its FFNs are experts, .* there are GPT-2, Llama, Mistral, Qwen2",
        ),
        ({"model_type": "qwen3_moe"}, "a Qwen with experts: its FFNs are experts"),
        ({"model_type": "m2m_100"}, "'m2m_100' is an encoder–decoder, no causal language model; make its"),
        ({"model_type": "umt5"}, "'umt5' is an encoder–decoder"),
        ({"model_type": "lama"}, r"model_type is 'lama', not one of gpt2, .* \(did you mean 'llama'\?\)"),
        (
            {"model_type": "llama", "auto_map": {}},
            r"needs code that comes with the model \(auto_map\), which",
        ),
        (
            {"model_type": "llama", "quantization_config": {}},
            r"its weights are quantised \(quantization_conf",
        ),
    ],
)
def test_other_models_are_refused_by_name(config, said):
    with pytest.raises(UserError, match=said) as raised:
        causal_family(config, {}, "x")
    assert "\n" not in str(raised.value)


def test_folders_and_languages_that_do_not_fit(causal_folders, tmp_path):
    folder = shutil.copytree(causal_folders["llama"], tmp_path / "m")
    for languages, out, said in (
        ([], "s", "languages is empty"),
        (["en-de"], "s", "'en-de' is no language code: a causal language model has languages, such as 'de'"),
        (["de"], "m", "is the model's own folder; name another one for the system"),
    ):
        with pytest.raises(UserError, match=said):
            make_system(folder, tmp_path / out, system="s", languages=languages)
    changed_json(folder / "config.json", hidden_act="tanh")
    with pytest.raises(UserError, match=r"config\.json: activation function 'tanh' is not known here"):
        open_causal(folder)
    changed_json(folder / "config.json", hidden_act="silu", vocab_size=100)
    tiny("llama", vocab_size=100).save_pretrained(folder)
    with pytest.raises(
        UserError, match=r"its tokenizer has ids up to \d+, the embedding 100 rows; are the two"
    ):
        open_causal(folder)
    tiny("llama").save_pretrained(folder)
    word_tokenizer([], folder)
    with pytest.raises(UserError, match="its tokenizer knows no word: its class does not read the files"):
        open_causal(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"its tokenizer (cannot be loaded|knows no word)"):
        open_causal(folder)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"begin": "<s>", "end": []}, r"system\.json: text\.begin is not a list of tokens; make the system"),
        ({"begin": []}, r"system\.json: text\.end is not a list of tokens"),
        ({"begin": ["<bos>"], "end": []}, "token '<bos>' is unknown to its tokenizer"),
    ],
)
def test_texts_of_a_description_that_do_not_fit(text, said, systems, tmp_path):
    folder = shutil.copytree(systems["llama"].folder, tmp_path / "s")
    changed_json(folder / "system.json", text=text)
    with pytest.raises(UserError, match=said):
        load(SystemFolder.read(folder), "cpu")


def test_what_is_put_before_a_text_is_the_descriptions(systems, texts, tmp_path):
    """Not the tokenizer's: another version of the library may add something else."""
    folder = shutil.copytree(systems["llama"].folder, tmp_path / "s")
    changed_json(folder / "system.json", text={"begin": [], "end": ["</s>"]})
    task = load(SystemFolder.read(folder), "cpu").task(texts, "valid", "de")
    own = load(systems["llama"], "cpu").task(texts, "valid", "de")
    assert [one.tolist() for one in task.texts] == [[*one[1:].tolist(), 1] for one in own.texts]


def test_descriptions_of_another_kind_of_model(systems, tmp_path):
    """Directions in the place of languages, or a language that is not one of its own."""
    folder = shutil.copytree(systems["llama"].folder, tmp_path / "s")
    entry = {"mask_row": None}
    for directions in ({"de-fr": entry}, {"nl": entry}):
        changed_json(folder / "system.json", directions=directions)
        with pytest.raises(DamagedFileError, match=r"directions: '(de-fr|nl)' is not one of de, fr"):
            SystemFolder.read(folder)
    changed_json(folder / "system.json", directions={"de": entry}, port="fairseq")
    with pytest.raises(DamagedFileError, match="'de' is not two language codes"):
        SystemFolder.read(folder)
