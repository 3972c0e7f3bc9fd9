"""One update: the loss, what its gradient is divided by, masks and adapters in it, and what it moves."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.unit.models.huggingface.trainings import (
    attached,
    plan_of,
    training_of,
    write_masks,
    write_texts,
)
from workflow_scripts.models.huggingface.batches import NO_LABEL
from workflow_scripts.models.huggingface.training import run
from workflow_scripts.models.huggingface.training.optimiser import Optimiser
from workflow_scripts.models.port import load
from workflow_scripts.models.training.smoothed_loss import smoothed_loss
from workflow_scripts.units.system import SystemFolder

#: Of 24 lines of English and German, and as many of English and French.
GERMAN, FRENCH = np.array([0, 3, 7, 9]), np.array([25, 26, 40])
CASES = ("m2m", "marian", "t5-gated")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_texts(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def systems(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, SystemFolder]:
    return {case: attached(folders[case], tmp_path_factory.mktemp(case), case) for case in CASES}


def gradients(training, *batches):
    """Those of one update of these batches, by name, as they were divided and clipped."""
    assert training.update(batches)
    named = training.learner.model.named_parameters()
    return {name: one.grad.clone() for name, one in named if one.grad is not None}


def difference(one, other):
    """The largest difference of two updates' gradients, relative to the largest gradient. That of a key's
    bias is zero in theory, and noise."""
    assert one.keys() == other.keys()
    largest = max(float(gradient.abs().max()) for gradient in one.values())
    names = [name for name in one if not name.endswith("k_proj.bias")]
    return max(float((one[name] - other[name]).abs().max()) for name in names) / largest


def keeps(direction, size):
    """Unit 1 of every four is kept by no direction, unit 2 not by German, unit 3 not by French."""
    left_out = {1, 2 if direction == "en-de" else 3}
    return np.array([unit % 4 not in left_out for unit in range(size)])


def test_the_smoothed_loss_by_hand():
    """Probabilities 1/2, 1/4, 1/8, 1/8, target the first, smoothing 0.1: of the other three each has 1/30. So
    the loss is 0.9 ln 2 + (2 + 3 + 3) / 30 ln 2."""
    logits = torch.tensor([[0.5, 0.25, 0.125, 0.125]]).log().requires_grad_(True)
    loss, nll = smoothed_loss(logits, torch.tensor([0]), 0.1, NO_LABEL)
    assert nll.item() == pytest.approx(math.log(2), rel=1e-6)
    assert loss.item() == pytest.approx((0.9 + 8 / 30) * math.log(2), rel=1e-6)
    loss.backward()
    assert logits.grad[0].tolist() == pytest.approx([0.5 - 0.9, *(p - 1 / 30 for p in (0.25, 0.125, 0.125))])


def test_without_smoothing_the_loss_is_the_ports(systems, text, tmp_path):
    for case, system in systems.items():
        training = training_of(plan_of(system, text, tmp_path / case, label_smoothing=0.0))
        batch, numbers = training.batches.batch(GERMAN)
        training.learner.model.eval()
        loss, nll = training.learner.loss(batch, numbers)
        port = load(system, "cpu")
        expected = port.loss(batch, count_language_tag=True)[0].sum()
        torch.testing.assert_close(nll, expected, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(loss, nll)


def test_batches_of_other_sizes_give_the_same_update(systems, text, tmp_path):
    """One sentence and three others are 4 sentences: the mean of two means would not be that of all."""
    for case in CASES:
        plan = plan_of(systems[case], text, tmp_path / case)
        whole = gradients(training_of(plan), GERMAN)
        parts = gradients(training_of(plan), GERMAN[:1], GERMAN[1:])
        assert difference(whole, parts) < 1e-6, case


def test_a_mixed_batch_is_the_batches_of_its_directions(systems, text, tmp_path):
    """Each sentence through the masks of its direction."""
    for case, system in systems.items():
        masks = write_masks(system, tmp_path / f"{case}.npz", keeps)
        plan = plan_of(system, text, tmp_path / case, masks, sampler="mixed")
        mixed = gradients(training_of(plan), np.concatenate([GERMAN, FRENCH]))
        apart = gradients(training_of(plan), GERMAN, FRENCH)
        unmasked = plan_of(system, text, tmp_path / f"{case} unmasked")
        plain = gradients(training_of(unmasked), GERMAN, FRENCH)
        assert difference(mixed, apart) < 1e-6, case
        assert difference(mixed, plain) > 0.01


def test_a_row_that_no_direction_keeps_has_no_gradient(systems, text, tmp_path):
    """Of its weights; its bias still moves the output, and its column of the second layer learns from that.
    Without biases the unit is gone."""
    firsts = {
        "m2m": ("model.encoder.layers.0.fc1.weight",),
        "marian": ("model.decoder.layers.1.fc1.weight",),
        "t5-gated": tuple(f"encoder.block.0.layer.1.DenseReluDense.wi_{n}.weight" for n in (0, 1)),
    }
    for case, system in systems.items():
        masks = write_masks(system, tmp_path / f"{case}.npz", keeps)
        plan = plan_of(system, text, tmp_path / case, masks)
        found = gradients(training_of(plan), GERMAN, FRENCH)
        for name in firsts[case]:
            learns = found[name].any(dim=1)
            assert not learns[1::4].any() and learns[0::4].any(), name
        if case != "t5-gated":
            fc1 = firsts[case][0].removesuffix("weight")
            assert (
                found[f"{fc1}bias"][1::4].any() and found[fc1.replace("fc1", "fc2") + "weight"][:, 1::4].any()
            )


def test_lora_at_zero_is_the_model_and_its_row_alone_learns(systems, text, tmp_path):
    """Six matrices in each of two encoder layers and ten in each of two decoder layers, two tensors each; a
    gated FFN has a third one."""
    for case, each in (("m2m", 32), ("t5-gated", 36)):
        rows = {"en-de": "west", "en-fr": "south"}
        method = {"adapters": {"kind": "lora", "size": 2, "rows": rows}}
        training = training_of(plan_of(systems[case], text, tmp_path / case, method=method))
        plain = training_of(plan_of(systems[case], text, tmp_path / f"{case} plain"))
        batch, numbers = training.batches.batch(GERMAN)
        losses = [one.learner.loss(batch, numbers)[0].item() for one in (training, plain)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-6)
        found = gradients(training, GERMAN)
        assert len(found) == 2 * each
        assert all(name.startswith("adapters.1.") for name in found)  # rows are sorted: south, west


def test_what_no_system_stores_does_not_learn(systems, text, tmp_path):
    """Marian's positions are computed; the library has them among its parameters."""
    training = training_of(plan_of(systems["marian"], text, tmp_path))
    positions = [name for name, _ in training.learner.model.named_parameters() if "embed_positions" in name]
    assert len(positions) == 2
    assert not set(positions) & set(gradients(training, GERMAN))


def test_adapters_in_a_batch_of_several_directions_are_refused(systems, text, tmp_path):
    method = {"adapters": {"kind": "bottleneck", "size": 2, "rows": dict.fromkeys(("en-de", "en-fr"), "all")}}
    training = training_of(plan_of(systems["m2m"], text, tmp_path, method=method, sampler="mixed"))
    with pytest.raises(RuntimeError, match="a network with adapters was given a batch of several directions"):
        training.update([np.concatenate([GERMAN, FRENCH])])


def test_steps_are_those_of_adamw():
    settings = {
        "lr": 0.1,
        "adam_betas": [0.9, 0.98],
        "adam_eps": 1e-8,
        "weight_decay": 0.5,
        "clip_norm": 1.0,
        "scheduler": "fixed",
        "warmup_updates": 0,
        "max_updates": 9,
    }
    start = torch.tensor([[1.0, -2.0], [3.0, 4.0]])
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimiser = Optimiser([ours], settings, scaled=False, fused=True)
    reference = torch.optim.AdamW([theirs], lr=0.1, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.5)
    holding = lambda adam: torch.no_grad()  # noqa: E731  (a block that holds nothing)
    for update in range(3):
        gradient = torch.tensor([[3.0, 4.0], [0.0, 0.0]]) * (update + 1)
        # What an earlier version saved: its decay was its own.
        saved = optimiser.state()
        saved["adam"]["param_groups"][0]["weight_decay"] = 0.0
        optimiser.load(saved)
        ours.grad, theirs.grad = gradient.clone(), gradient / 10
        # Of ten tokens the norm is at most 1.5: the last two are clipped to 1.
        theirs.grad = theirs.grad / max(1.0, 0.5 * (update + 1))
        assert optimiser.step(update, 10.0, holding) == 0.1
        reference.step()
    torch.testing.assert_close(ours, theirs)
    # 1 - 0.1 x 0.5 in each step
    torch.testing.assert_close(ours[1], start[1] * 0.95**3)


def test_a_gradient_that_is_not_finite_ends_the_training():
    settings = {
        "lr": 0.1,
        "adam_betas": [0.9, 0.98],
        "adam_eps": 1e-8,
        "weight_decay": 0.0,
        "clip_norm": 0.0,
        "scheduler": "fixed",
        "warmup_updates": 0,
        "max_updates": 9,
    }
    one = torch.nn.Parameter(torch.ones(2))
    one.grad = torch.tensor([1.0, float("nan")])
    with pytest.raises(Exception, match="the gradient after update 4 is not a finite number"):
        Optimiser([one], settings, scaled=False, fused=True).step(4, 1.0, SimpleNamespace)
    assert torch.equal(one, torch.ones(2))


def test_an_ffn_that_loses_enough_is_cut_but_for_the_reference(systems, text, tmp_path):
    """Half of its units are left out, of m2m's (ReLU) and of Marian's (SiLU); not where dropout is drawn
    between the layers, nor in an FFN without biases."""
    other = {"m2m dropout": {"activation_dropout": 0.1}, "m2m reference": {"step": "reference"}}
    cut, found = {"m2m": True, "marian": True, "t5-gated": False} | dict.fromkeys(other, False), {}
    for name in cut:
        system = systems[name.partition(" ")[0]]
        masks = write_masks(system, tmp_path / f"{name}.npz", keeps)
        training = training_of(plan_of(system, text, tmp_path / name, masks, **other.get(name, {})))
        training.learner.loss(*training.batches.batch(GERMAN))
        firsts = [one.rows for one in training.learner.port.sites.values() if one.group.kind == "ffn"]
        found[name] = {one.instead is not None for one in firsts}
    assert found == {name: {yes} for name, yes in cut.items()}


@pytest.mark.parametrize("case", ["m2m", "marian"])
def test_a_cut_ffn_gives_the_gradients_of_its_gates(case, systems, text, tmp_path):
    """In float64: the same numbers but for rounding, also of the rows that are left out."""
    masks = write_masks(systems[case], tmp_path / "masks.npz", keeps)
    found = []
    for slices in (True, False):
        plan = plan_of(systems[case], text, tmp_path / str(slices), masks)
        training = training_of(plan)
        training.learner.model.double()
        training.learner.masked.gates._slices = slices
        found.append(gradients(training, GERMAN, FRENCH))
    assert difference(*found) < 1e-12
    assert difference(found[0], gradients(training_of(plan), GERMAN)) > 0.01


def test_an_update_in_bfloat16_has_the_gradient_of_float32(systems, text, tmp_path, monkeypatch):
    """Weights stay in float32; products are rounded by at most u = 2^-9. From the loss to the first layer
    and back about 70 of them follow one another, each of two rounded factors and rounded itself: together, as
    they are independent, by sqrt(3 x 70) u = 0.028 of the gradient."""
    for case in ("m2m", "t5-gated"):
        masks = write_masks(systems[case], tmp_path / f"{case}.npz", keeps)
        found = []
        for precision in ("fp32", "bf16"):
            monkeypatch.setattr(run, "precision_of", lambda *_, precision=precision: precision)
            training = training_of(plan_of(systems[case], text, tmp_path / f"{case} {precision}", masks))
            named = gradients(training, GERMAN, FRENCH)
            assert {one.dtype for one in named.values()} == {torch.float32}
            found.append(torch.cat([named[name].double().flatten() for name in sorted(named)]))
        exact, rounded = found
        assert 1e-4 < float((rounded - exact).norm() / exact.norm()) < math.sqrt(210) * 2**-9, case
