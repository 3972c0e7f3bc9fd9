"""Trainings of tiny encoders on several tasks, and of their important heads alone."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tests.unit.models.huggingface.encoders.planted import (
    HEAD_DIM,
    planted_examples,
    planted_port,
    spec_of,
)
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.encoders.port import open_encoder
from workflow_scripts.models.huggingface.encoders.training import Training, TrainingSettings, train_tasks
from workflow_scripts.train.important_heads import ImportantHeads, train_important_heads

SETTINGS = TrainingSettings(max_updates=6, lr=1e-3, examples=8, weight_decay=0.01)


def tasks_of(port, sizes):
    return [port.examples(name, planted_examples(name, size, 3)) for name, size in sizes.items()]


def weights(port):
    return {name: one.detach().clone() for name, one in port.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_two_tasks_and_numbers_are_learned(planted):
    """The encoder knows the words; its heads of tasks are new."""
    port = open_encoder(planted, [spec_of("colour"), spec_of("number")])
    tasks = tasks_of(port, {"colour": 64, "number": 64})
    settings = TrainingSettings(max_updates=60, lr=5e-3, examples=16, scheduler="cosine", warmup_updates=4)
    losses = train_tasks(port, tasks, settings)
    assert len(losses) == 60 and sum(losses[-10:]) < 0.3 * sum(losses[:10])
    assert not port.model.training
    for name, least in (("colour", 1.0), ("number", 0.9)):
        test = port.examples(name, planted_examples(name, 40, 8))
        assert port.measure(port.batches(test, 4096)).value >= least


def test_the_seed_says_all_and_a_training_goes_on_as_one(planted):
    found = []
    for parts in ((6,), (6,), (2, 6)):
        port = planted_port(planted, ["colour", "place"])
        training = Training(port, tasks_of(port, {"colour": 24, "place": 24}), SETTINGS)
        # What others draw in between changes nothing.
        losses = [loss for until in parts for loss in (training.run(until), torch.rand(3))[0]]
        found.append((losses, weights(port)))
    assert found[0][0] == found[1][0] == found[2][0]
    assert same(found[0][1], found[1][1]) and same(found[0][1], found[2][1])
    port = planted_port(planted, ["colour", "place"])
    other = TrainingSettings(**{**vars(SETTINGS), "seed": 2})
    assert train_tasks(port, tasks_of(port, {"colour": 24, "place": 24}), other) != found[0][0]


def test_batches_of_an_update_are_one_batch(planted):
    """Sums over all examples of the update, also where the batches have unlike sizes."""
    found = []
    for examples, batches in ((12, 1), (8, 2)):
        port = planted_port(planted, ["colour"])
        settings = TrainingSettings(max_updates=1, lr=1e-3, examples=examples, batches=batches, clip_norm=0.0)
        losses = train_tasks(port, tasks_of(port, {"colour": 12}), settings)
        found.append((losses[0], weights(port)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for name, one in found[0][1].items():
        # The bias of keys has a gradient of noise alone.
        if "key.bias" not in name:
            torch.testing.assert_close(one, found[1][1][name], rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [("proportional", {"colour": 8, "place": 2}), ("square_root", {"colour": 8, "place": 4})],
)
def test_how_often_a_task_is_drawn(sampling, expected, planted, monkeypatch):
    """Of 64 and 16 examples, in batches of 8: by the square root half as many of the second."""
    port = planted_port(planted, ["colour", "place"])
    seen = Counter()
    states = port.states

    def counted(batch):
        seen[batch.name] += 1
        return states(batch)

    monkeypatch.setattr(port, "states", counted)
    updates = sum(expected.values())
    settings = TrainingSettings(max_updates=updates, lr=1e-5, examples=8, sampling=sampling)
    train_tasks(port, tasks_of(port, {"colour": 64, "place": 16}), settings)
    assert dict(seen) == expected


def rows_of_head(state, layer, part, head, bias=False):
    name = f"encoder.encoder.layer.{layer}.attention.self.{part}.{'bias' if bias else 'weight'}"
    return state[name][head * HEAD_DIM : (head + 1) * HEAD_DIM]


def test_important_heads_alone_go_on_and_others_stay_to_the_bit(planted):
    port = planted_port(planted, ["colour", "place"])
    tasks = tasks_of(port, {"colour": 24, "place": 24})
    settings = TrainingSettings(max_updates=8, lr=1e-3, examples=8, weight_decay=0.01)
    # The same training as far as the update from which important heads alone learn.
    half = planted_port(planted, ["colour", "place"])
    Training(half, tasks_of(half, {"colour": 24, "place": 24}), settings).run(4)
    found = train_important_heads(port, tasks, settings, ImportantHeads("1", 0.5))
    assert found["from"] == 4 and len(found["losses"]) == 8
    masks = found["masks"]
    assert masks.rows == ("colour", "place") and masks.manifest["select"] == "top:1@model"
    # The planted heads: that of colour is 0, that of place is 1.
    assert masks.keep.nonzero()[1].tolist() == [0, 1]
    before, after = weights(half), weights(port)
    for layer in (0, 1):
        for head in range(4):
            for part in ("query", "key", "value"):
                for bias in (False, True):
                    one, other = (rows_of_head(state, layer, part, head, bias) for state in (before, after))
                    if (layer, head) in ((0, 0), (0, 1)):
                        assert bias or not torch.equal(one, other), (layer, head, part)
                    else:
                        assert torch.equal(one, other), (layer, head, part, bias)
    # All other parameters go on.
    for name in ("encoder.encoder.layer.1.output.dense.weight", "encoder.embeddings.word_embeddings.weight"):
        assert not torch.equal(before[name], after[name])
    out = "encoder.encoder.layer.1.attention.output.dense.weight"
    assert not torch.equal(before[out], after[out])
    assert not port.model.training and all(one.grad is None for one in port.model.parameters())


def test_a_head_learns_from_its_own_task_alone(planted):
    """In an update of one task the heads of the other one do not move, though they did before."""
    port = planted_port(planted, ["colour", "place"])
    colour, place = tasks_of(port, {"colour": 8, "place": 8})
    masks = ImportantHeads("1").masks(port, [colour, place], 1)
    training = Training(port, [colour, place], TrainingSettings(max_updates=9, lr=1e-3, examples=8))
    training.run(2)
    states, seen = port.states, []
    port.states = lambda batch: (seen.append(batch.name), states(batch))[1]
    for _ in range(4):
        before = weights(port)
        training.run(training.updates + 1, masks)
        after = weights(port)
        own = ("colour", "place").index(seen[-1])
        for head in (0, 1):
            moved = not torch.equal(*(rows_of_head(state, 0, "value", head) for state in (before, after)))
            assert moved == (head == own)
    assert set(seen) == {"colour", "place"}


def test_dropout_goes_on_beside_important_heads(planted):
    port = planted_port(planted, ["colour"])
    (task,) = tasks_of(port, {"colour": 8})
    masks = ImportantHeads("1").masks(port, [task], 1)
    modes = []
    states = port.states
    port.states = lambda batch: (modes.append(port.model.training), states(batch))[1]
    training = Training(port, [task], SETTINGS)
    training.run(1)
    training.run(2, masks)
    assert modes == [True, True] and not port.model.training


def test_trainings_that_cannot_be(planted):
    port = planted_port(planted, ["colour"])
    (task,) = tasks_of(port, {"colour": 8})
    with pytest.raises(UserError, match="no task to train on"):
        Training(port, [], SETTINGS)
    with pytest.raises(UserError, match="examples is 0, not at least 1"):
        TrainingSettings(max_updates=1, examples=0)
    with pytest.raises(UserError, match=r"'root' is not proportional, square_root or annealed:10"):
        TrainingSettings(max_updates=1, sampling="root")
    with pytest.raises(UserError, match=r"from_share 1\.5: a share of the updates"):
        ImportantHeads(from_share=1.5)
    with pytest.raises(UserError, match=r"from_share 0\.1 of 6 updates is 0: one of the two parts has none"):
        train_important_heads(port, [task], SETTINGS, ImportantHeads(from_share=0.1))
    with torch.no_grad():
        port.model.heads["colour"].out.weight.fill_(float("nan"))
    with pytest.raises(UserError, match="the loss after update 0"):
        train_tasks(port, [task], SETTINGS)
