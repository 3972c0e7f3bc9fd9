"""The port of encoders in each family: against the library's own model, and by what must be equal."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import transformers

from tests.unit.models.huggingface.encoders.folders import CASES, examples
from workflow_scripts.activations.score_importance import importances
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.models.huggingface.encoders.batches import Batch
from workflow_scripts.models.huggingface.encoders.port import EncoderPort, open_encoder
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED, UnitSpace

TASK = "yes-no"


def batch_of(port: EncoderPort, given: Examples, tokens: int = 10_000) -> Batch:
    (batch,) = port.batches(port.examples(TASK, given), tokens)
    return batch


def without(space: UnitSpace, *units: int) -> MaskTable:
    keep = np.ones((1, space.size), dtype=bool)
    keep[0, list(units)] = False
    return MaskTable(["row"], keep, space, {})


@pytest.mark.parametrize("pairs", [False, True], ids=["single", "pairs"])
@pytest.mark.parametrize("case", CASES)
def test_what_a_head_says_is_what_the_library_says(case, pairs, ports, models, root):
    """Of a folder with the library's one head, to the bit; the library makes its own ids."""
    given = examples(pairs=pairs)
    batch = batch_of(ports[case], given)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(root / case))
    sides = [[given.texts[line][side] for line in batch.lines.tolist()] for side in range(1 + pairs)]
    theirs = tokenizer(*sides, padding=True, return_tensors="pt")
    assert torch.equal(batch.ids, theirs["input_ids"]) and not batch.mask.all()
    with torch.inference_mode():
        expected = models[case](**theirs).logits
        assert torch.equal(ports[case].outputs(batch), expected)
        losses, counted = ports[case].loss(batch)
    gold = torch.tensor([("no", "yes").index(given.labels[line]) for line in batch.lines.tolist()])
    torch.testing.assert_close(losses, -expected.log_softmax(-1)[torch.arange(len(gold)), gold])
    assert counted.tolist() == [1] * len(given)


@pytest.mark.parametrize("case", CASES)
def test_units_and_positions(case, ports):
    port = ports[case]
    heads, neurons, dimensions = (port.space([kind]) for kind in ("head", "ffn", "resid"))
    assert heads.keys == ("encoder.0.self", "encoder.1.self") and heads.size == 2 * 4
    assert (neurons.size, dimensions.size) == (2 * 48, 2 * 32)
    assert port.activation.function == "gelu" and not port.activation.gated
    batch = batch_of(port, examples())
    seen: dict[str, tuple[int, ...]] = {}

    def call(group, values, real):
        assert torch.equal(real, port.real(batch, "encoder"))
        seen[group.key] = tuple(values.shape)

    with torch.inference_mode(), port.taps(port.space(VALUED), call):
        port.encode(batch)
    length = batch.ids.shape[1]
    assert seen["encoder.1.self"] == (length, 12, 4, 8) and seen["encoder.0.ffn"] == (length, 12, 48, 1)
    assert torch.equal(port.tokens(batch, "encoder"), batch.ids.t())
    assert port.tokens(batch, "decoder").shape == port.real(batch, "decoder").shape == (0, 12)


@pytest.mark.parametrize("case", CASES)
def test_a_pruned_head_is_columns_of_the_output_projection_that_are_zero(case, ports):
    port = ports[case]
    batch = batch_of(port, examples())
    space = port.space(["head"])
    with torch.inference_mode():
        whole = port.outputs(batch)
        with port.intervene(without(space, space.flat("encoder.1.self", 2))).use("row"):
            pruned = port.outputs(batch)
        folded = copy.deepcopy(port.model)
        folded.encoder.encoder.layer[1].attention.output.dense.weight[:, 16:24] = 0
        expected = folded.heads[TASK](folded.states(batch.ids, batch.mask, batch.types))
    assert (whole - pruned).abs().min() > 1e-4
    torch.testing.assert_close(pruned, expected, rtol=0, atol=1e-6)


@pytest.mark.skipif(transformers.__version__ < "5", reason="version 4 had masks of heads")
@pytest.mark.parametrize("case", CASES)
def test_masks_of_heads_are_swallowed_without_effect(case, ports, models):
    """So the port gates heads by their output projection; nobody may pass these."""
    batch = batch_of(ports[case], examples())
    given = {"input_ids": batch.ids, "attention_mask": batch.mask.long()}
    with torch.inference_mode():
        plain = models[case](**given).logits
        assert torch.equal(models[case](**given, head_mask=torch.zeros(2, 4)).logits, plain)


@pytest.mark.parametrize("case", CASES)
def test_every_gate_is_hit_and_taken_away(case, ports):
    port = ports[case]
    batch = batch_of(port, examples())
    with torch.inference_mode():
        plain = port.outputs(batch)
        for kind, gate in (("ffn", "row"), ("ffn", "zero"), ("head", "zero"), ("resid", "scale:0.5")):
            gates = port.intervene(without(port.space([kind]), 0, 1), {kind: gate})
            with gates.use("row"):
                assert (port.outputs(batch) - plain).abs().max() > 1e-4, (kind, gate)
            assert torch.equal(port.outputs(batch), plain)


@pytest.mark.parametrize("case", CASES)
def test_signed_importance_is_the_slope_of_the_loss(case, ports):
    """By a small change of one head's gate, in float64; and the size of a batch changes nothing."""
    port = copy.deepcopy(ports[case])
    port.model.double()
    space = port.space(["head"])
    batches = port.batches(port.examples(TASK, examples()), 10_000)
    found = importances(port, batches, space)
    scores = [found.scores(name) for name in ("importance", "importance_token", "importance_signed")]
    tokens = sum(int(batch.mask.sum()) for batch in batches)
    small = 1e-6
    for head in (0, 5):
        values = []
        for gate in (1 - small, 1 + small):
            with port.intervene(without(space, head), {"head": f"scale:{gate}"}).use("row"):
                values.append(sum(port.loss(batch)[0].sum().item() for batch in batches))
        slope = (values[1] - values[0]) / (2 * small)
        assert -slope / tokens == pytest.approx(scores[2][head], rel=1e-4)
    # |sum over positions| is at most the sum of |.|; sentences are fewer than tokens.
    assert (scores[0] * 12 <= scores[1] * tokens + 1e-12).all()
    parts = importances(port, port.batches(port.examples(TASK, examples()), 60), space)
    np.testing.assert_allclose(parts.scores("importance"), scores[0], rtol=1e-9)


def test_a_text_that_is_too_long_is_cut_and_counted(root, ports, caplog):
    spec = ports["bert"].tasks[TASK]
    port = open_encoder(root / "bert", [spec], longest=5)
    given = Examples([("good",), ("good bad north south",), ("one two three",)], ["no", "yes", "no"])
    task = port.examples(TASK, given)
    assert caplog.messages == ["yes-no: 1 of 3 examples are cut at 5 positions"]
    assert task.cut == 1 and [len(one) for one in task.ids] == [3, 5, 5]
    with pytest.raises(UserError, match=r"texts of 49 positions, but the model has 48"):
        open_encoder(root / "bert", [spec], longest=49)
    # Positions of RoBERTa begin behind the id of padding, 1.
    assert ports["roberta"].text.longest == 46


def test_mistakes_are_one_line_each(ports, root, tmp_path):
    port = ports["bert"]
    with pytest.raises(UserError, match=r"no head for task 'yes-not'; there are yes-no \(did you mean"):
        port.examples("yes-not", examples())
    with pytest.raises(UserError, match=r"label 'maybe' is not one of no, yes"):
        port.examples(TASK, Examples([("good",)], ["maybe"]))
    with pytest.raises(UserError, match=r"test/yes-no\.jsonl: no such file"):
        port.task(tmp_path, "test", TASK)
    with pytest.raises(UserError, match="examples of 1 and of 2 texts in one task"):
        port.examples(TASK, Examples([("good",), ("bad", "bad")], ["no", "yes"]))
    with pytest.raises(UserError, match="units of kind weight are not supported"):
        port.space(["weight"])
    port.model.train()
    try:
        with pytest.raises(RuntimeError, match="training mode"):
            port.encode(batch_of(port, examples()))
    finally:
        port.model.eval()


def test_examples_of_a_file_are_those_that_were_written(ports, tmp_path):
    given = examples(pairs=True)
    given.write(tmp_path / "test/yes-no.jsonl")
    task = ports["bert"].task(tmp_path, "test", TASK)
    expected = ports["bert"].examples(TASK, given)
    assert all(np.array_equal(one, two) for one, two in zip(task.ids, expected.ids, strict=True))
    assert task.gold.tolist() == [0, 1] * 6 and task.files == [tmp_path / "test/yes-no.jsonl"]
    # Of BERT the second text has the type 1.
    assert task.types is not None and task.types[0].tolist() == [0, 0, 0, 1, 1, 1]
