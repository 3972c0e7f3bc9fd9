"""Folders of encoders: every form that they come in, heads that are taken and drawn, and what is refused."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tests.unit.models.huggingface.encoders.folders import CASES, examples
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.encoders.folder import load_encoder
from workflow_scripts.models.huggingface.encoders.port import open_encoder
from workflow_scripts.models.huggingface.encoders.tasks import TaskSpec

WEIGHTS = "model.safetensors"
YES_NO = TaskSpec("yes-no", ("no", "yes"))
THREE = TaskSpec("three", ("a", "b", "c"))
NUMBER = TaskSpec("number", metric="spearman")


def copied(root, case, tmp_path):
    folder = tmp_path / case
    shutil.copytree(root / case, folder)
    return folder, load_file(folder / WEIGHTS)


@pytest.mark.parametrize("case", CASES)
def test_the_one_head_of_a_folder_is_that_of_the_only_task_with_as_many_outputs(case, models, root):
    network, family = load_encoder(root / case, [YES_NO])
    own = models[case].classifier
    out = own if case == "bert" else own.out_proj
    assert torch.equal(network.heads["yes-no"].out.weight, out.weight) and family.name == case
    for tasks in ([THREE], [YES_NO, NUMBER]):
        network, _ = load_encoder(root / case, tasks)
        for task in tasks:
            # Drawn: a small weight, no bias. The first layer was trained with the encoder.
            head = network.heads[task.name]
            assert head.out.weight.shape == (task.outputs, 32) and not head.out.bias.any()
            first = models[case].bert.pooler.dense if case == "bert" else own.dense
            assert torch.equal(head.dense.weight, first.weight)


def test_drawn_heads_follow_the_seed_alone(root, models):
    state = torch.random.get_rng_state()
    one, same, other = (load_encoder(root / "bert", [THREE, NUMBER], seed)[0].heads for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one["three"].out.weight, same["three"].out.weight)
    assert not torch.equal(one["three"].out.weight, other["three"].out.weight)
    assert one["three"].out.weight.std().item() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("case", CASES)
def test_what_is_saved_is_the_same_again_and_the_library_reads_it(case, root, models, tmp_path):
    port = open_encoder(root / case, [YES_NO, NUMBER], seed=3)
    port.save(tmp_path)
    again = open_encoder(tmp_path, [NUMBER, YES_NO])
    task = again.examples("yes-no", examples())
    (batch,) = again.batches(task, 10_000)
    with torch.inference_mode():
        assert torch.equal(again.outputs(batch), port.outputs(batch))
    assert torch.equal(again.model.heads["number"].out.weight, port.model.heads["number"].out.weight)
    library = transformers.AutoModel.from_pretrained(str(tmp_path), add_pooling_layer=False)
    for name, one in port.model.encoder.state_dict().items():
        assert torch.equal(library.state_dict()[name], one)
    with pytest.raises(UserError, match=r"task 'yes-no' has the labels no, yes, not yes, no"):
        open_encoder(tmp_path, [TaskSpec("yes-no", ("yes", "no"))])
    with pytest.raises(UserError, match="is the model's own folder"):
        again.save(tmp_path)


def test_names_of_older_files_and_of_other_heads(root, models, tmp_path):
    """Of a model for masked words; the first files say gamma and beta, and hold positions."""
    folder, tensors = copied(root, "bert", tmp_path)
    older = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): one
        for name, one in tensors.items()
        if not name.startswith("classifier")
    }
    older["bert.embeddings.position_ids"] = torch.arange(48)[None]
    older["cls.predictions.bias"] = torch.zeros(3)
    save_file(older, folder / WEIGHTS)
    network, _ = load_encoder(folder, [THREE])
    state = models["bert"].bert.state_dict()
    assert all(torch.equal(state[name], one) for name, one in network.encoder.state_dict().items())
    # Without a prefix, in half precision.
    plain = {name.removeprefix("bert."): one.bfloat16() for name, one in tensors.items() if "bert." in name}
    save_file(plain, folder / WEIGHTS)
    network, _ = load_encoder(folder, [THREE])
    assert {one.dtype for one in network.parameters()} == {torch.float32}


QUERY = "bert.encoder.layer.0.attention.self.query.weight"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop(QUERY), r"tensor encoder\.layer\.0\.attention\.self\.query\.weight is missing"),
        (lambda t: t.update({QUERY: torch.zeros(3, 32)}), r"is \(3, 32\), config\.json needs \(32, 32\)"),
        (lambda t: t.update({"bert.more": torch.zeros(1)}), "tensor more is not part of this model"),
        (lambda t: t.update({QUERY: t[QUERY] * float("nan")}), "holds NaN or infinite values"),
    ],
    ids=["missing", "shape", "unknown", "nan"],
)
def test_weights_that_do_not_fit(change, said, root, models, tmp_path):
    folder, tensors = copied(root, "bert", tmp_path)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(UserError, match=said) as raised:
        load_encoder(folder, [YES_NO])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "config.json",
            {"model_type": "albert"},
            r"model_type is 'albert', not that of an encoder, bert, rob",
        ),
        ("config.json", {"model_type": "marian"}, "not that of an encoder"),
        ("config.json", {"auto_map": {}}, r"needs code that comes with the model .* BERT, RoBERTa and XLM-R"),
        ("config.json", {"is_decoder": True}, "is_decoder is set"),
        ("config.json", {"hidden_act": "relu6"}, "activation function 'relu6' is not known"),
        ("config.json", {"hidden_size": "wide"}, "not the configuration of a bert model"),
        ("config.json", {"hidden_size": 30}, "not the configuration of a bert model .*not a multiple"),
        ("config.json", {"vocab_size": 9}, r"config\.json needs \(9, 32\)"),
        ("config.json", {"pad_token_id": 3}, r"pad_token_id is 3 in config\.json, 0 in its tokenizer"),
        ("tasks.json", {"format": "x"}, "not the tasks of an encoder"),
    ],
)
def test_configurations_that_do_not_fit(name, change, said, root, models, tmp_path):
    folder, _ = copied(root, "bert", tmp_path)
    path = folder / name
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.is_file() else {}), **change}))
    with pytest.raises(UserError, match=said) as raised:
        open_encoder(folder, [YES_NO])
    assert "\n" not in str(raised.value)


def test_a_tokenizer_of_another_model_is_refused(root, models, tmp_path):
    folder, _ = copied(root, "bert", tmp_path)
    pieces = (folder / "vocab.txt").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join([*pieces, "more", "words"]) + "\n")
    with pytest.raises(UserError, match=r"its tokenizer has ids up to 19, the embedding 18 rows"):
        open_encoder(folder, [YES_NO])
    (folder / "vocab.txt").write_text("\n".join(pieces[:5]) + "\n")
    with pytest.raises(UserError, match="its tokenizer knows no word"):
        open_encoder(folder, [YES_NO])


def test_tasks_that_cannot_be():
    for given, said in (
        ({"name": "a.b"}, "a name is of letters"),
        ({"name": "a", "labels": ("x",)}, "one label, 'x'"),
        ({"name": "a", "metric": "acuracy"}, r"metric 'acuracy' is not one of .* \(did you mean 'accuracy'"),
        ({"name": "a", "metric": "accuracy"}, "not for labels that are numbers; take spearman"),
        ({"name": "a", "labels": ("x", "y"), "metric": "spearman"}, "that are 2 classes; take accuracy"),
        ({"name": "a", "labels": ("x", "y", "z"), "metric": "f1"}, "of the second of two classes, not of 3"),
    ):
        with pytest.raises(UserError, match=said):
            TaskSpec(**given)
    assert TaskSpec.of("a", examples()) == TaskSpec("a", ("no", "yes"), "accuracy")


def test_two_tasks_of_a_name(root, models):
    with pytest.raises(UserError, match="yes-no is named twice"):
        open_encoder(root / "bert", [YES_NO, YES_NO])
