"""The three estimators of importance: closed forms, and that they are the gradient by each head's gate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.analyse.small_model import VOCABULARY, batches_of, small_network, write_data_bin
from workflow_scripts.activations.score_importance import importance, importances, main, slopes
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.fairseq.sites import sites
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import IMPORTANCES, ScoreTable

SHAPE = Architecture(2, 1, 8, 6, 2, dropout=0.0)
POST_NORM = Architecture(2, 1, 8, 6, 2, pre_norm=False, dropout=0.0)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Two sentences of en-de, of other lengths, so that both sides are padded."""
    folder = write_data_bin(tmp_path_factory.mktemp("text") / "bin")
    return lambda: batches_of(folder, ["en-de"])["en-de"]


def port_of(shape: Architecture) -> FairseqPort:
    return FairseqPort(small_network(shape).double(), VOCABULARY)


def test_a09_importance_of_a_linear_loss_in_closed_form():
    """L = Σ a_h ξ_h c_h, c ~ N(0, 1), a sentence of one token: importance |a| √(2/π)."""
    a = torch.tensor([[3.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    samples, found = 20_000, []
    for layer in a:
        c = torch.randn(1, samples, 4, 1, generator=generator, dtype=torch.float64, requires_grad=True)
        loss = (layer[:, None] * c).sum()
        (gradient,) = torch.autograd.grad(loss, [c])
        found.append(slopes(c, gradient, torch.ones(1, samples, dtype=torch.bool)) / samples)
    sentence, token, signed = torch.stack(found, dim=1)
    expected = torch.tensor([[2.394, 0.798, 0, 0], [0, 0, 1.596, 0.798]], dtype=torch.float64)
    assert torch.allclose(sentence, expected, atol=0.01) and torch.allclose(token, expected, atol=0.01)
    assert signed.abs().max() < 0.03 and (signed[0, 2:] == 0).all()


def test_estimators_by_hand():
    """Two sentences of two positions, one unit of width 2: slopes 3, -1 and 2, with one of padding."""
    values = torch.tensor([[[[1.0, 1.0]], [[2.0, 0.0]]], [[[1.0, 0.0]], [[9.0, 9.0]]]])
    gradient = torch.tensor([[[[1.0, 2.0]], [[1.0, 5.0]]], [[[-1.0, 4.0]], [[1.0, 1.0]]]])
    real = torch.tensor([[True, True], [True, False]])
    # Sentence 0: 3 - 1, sentence 1: 2.
    assert slopes(values, gradient, real).tolist() == [[4.0], [6.0], [-4.0]]


def gate_gradients(port: FairseqPort, batches) -> np.ndarray:
    """The gradient of the summed loss by a gate on every head, by autograd."""
    space, gates, found = port.space(["head"]), {}, []
    handles = []
    for site in (one for one in sites(port.network).values() if one.group.kind == "head"):
        gate = torch.ones(site.group.size, dtype=torch.float64, requires_grad=True)
        gates[site.group.key] = gate
        width = site.width
        handles.append(site.hook(lambda v, gate=gate, width=width: v * gate.repeat_interleave(width)))
    total = sum(port.loss(batch)[0].sum() for batch in batches)
    found = torch.autograd.grad(total, [gates[key] for key in space.keys])
    for handle in handles:
        handle.remove()
    return torch.cat(found).numpy()


@pytest.mark.parametrize("shape", [SHAPE, POST_NORM], ids=["pre-norm", "post-norm"])
def test_a10_signed_importance_is_the_gradient_by_the_gate_and_by_the_projection(shape, text):
    port, batches = port_of(shape), text()
    space = port.space(["head"])
    scored = importances(port, batches, space)
    signed = -scored.sums[IMPORTANCES.index("importance_signed")].numpy()
    np.testing.assert_allclose(signed, gate_gradients(port, batches), rtol=0, atol=1e-5)
    port.network.zero_grad()
    sum(port.loss(batch)[0].sum() for batch in batches).backward()
    by_weight = []
    for site in (one for one in sites(port.network).values() if one.group.kind == "head"):
        weight = site.module.weight
        product = (weight * weight.grad).detach().sum(dim=0)
        by_weight.append(product.view(site.group.size, site.width).sum(dim=1))
    np.testing.assert_allclose(signed, torch.cat(by_weight), rtol=0, atol=1e-5)
    assert np.abs(signed).min() > 1e-3


@pytest.mark.parametrize("shape", [SHAPE, POST_NORM], ids=["pre-norm", "post-norm"])
def test_a10_by_token_is_at_least_by_sentence_and_that_at_least_signed(shape, text):
    port = port_of(shape)
    scored = importances(port, text(), port.space(("ffn", "head", "resid")))
    sentence, token, signed = scored.sums
    assert (token >= sentence - 1e-12).all() and (sentence >= signed.abs() - 1e-12).all()
    assert (token > sentence + 1e-6).any() and (sentence > signed.abs() + 1e-6).any()


def test_a10_a_head_without_output_has_no_importance_and_its_removal_changes_nothing(text):
    port = port_of(SHAPE)
    space = port.space(["head"])
    key, head = "decoder.0.cross", 1
    site, width = sites(port.network)[key], 4
    with torch.no_grad():
        site.module.weight[:, head * width : (head + 1) * width] = 0.0
    unit = space.flat(key, head)
    assert importances(port, text(), space).sums[:, unit].tolist() == [0.0, 0.0, 0.0]
    keep = np.ones((1, space.size), dtype=bool)
    keep[0, unit] = False
    for batch in text():
        plain = port.loss(batch)[0]
        with port.intervene(MaskTable(["without"], keep, space, {})).use("without"):
            assert torch.equal(port.loss(batch)[0], plain)


def test_a10_signed_importance_is_a_finite_difference(text):
    """(L at 0.999 of a head − L at 1.001) / 0.002 of the whole text, in float64."""
    port = port_of(SHAPE)
    space = port.space(["head"])
    names = [str(unit) for unit in range(space.size)]
    masks = MaskTable(names, ~np.eye(space.size, dtype=bool), space, {})
    sums = []
    for factor in (0.999, 1.001):
        gates = port.intervene(masks, {"head": f"scale:{factor}"})
        for name in names:
            with torch.no_grad(), gates.use(name):
                sums.append(sum(float(port.loss(batch)[0].sum()) for batch in text()))
    less, more = np.array(sums).reshape(2, -1)
    signed = importances(port, text(), space).sums[2].numpy()
    np.testing.assert_allclose((less - more) / 0.002, signed, atol=1e-4)


def test_each_stack_is_divided_by_its_own_tokens_but_importance_by_those_of_the_target(text):
    port = port_of(SHAPE)
    space = port.space(["head"])
    scored = importances(port, text(), space)
    # English 3 + 2 words, each with tag and </s>; German 2 + 4 words, each with </s>.
    assert (scored.source_tokens, scored.target_tokens) == (9, 8)
    tokens = np.array([9.0] * 4 + [8.0] * 4)
    for number, name in enumerate(IMPORTANCES):
        np.testing.assert_allclose(scored.per_token(name), scored.sums[number].numpy() / tokens)
    np.testing.assert_allclose(scored.scores("importance"), scored.sums[0].numpy() / 8)
    np.testing.assert_allclose(scored.scores("importance_token"), scored.sums[1].numpy() / tokens)
    found, counted = importance(port, text(), space)
    assert counted == 8 and np.array_equal(found.numpy(), scored.scores("importance"))


def test_no_gradient_is_left_behind(text):
    port = port_of(SHAPE)
    importances(port, text(), port.space(["head"]))
    assert all(parameter.grad is None for parameter in port.network.parameters())
    assert not port.network.training and isinstance(port.network, nn.Module)


def test_one_job_writes_all_three(tmp_path):
    from tests.unit.api.experiment import write_experiment

    write_experiment(tmp_path)
    words = ["--system", tmp_path / "systems/baseline/s1", "--data-bin", tmp_path / "data/bin"]
    words += ["--subset", "valid", "--direction", "en-na", "--out", tmp_path / "a.npz"]
    words += ["--out-token", tmp_path / "b.npz", "--out-signed", tmp_path / "c.npz"]
    main([*map(str, words)])
    sentence, token, signed = (ScoreTable.read(tmp_path / f"{name}.npz") for name in "abc")
    assert [str(one.metadata["counting"]).partition(":")[0] for one in (sentence, token, signed)] == [
        *IMPORTANCES
    ]
    assert "source_tokens" not in sentence.metadata and token.metadata["source_tokens"] > 0
    share = token.metadata["target_tokens"] / token.metadata["source_tokens"]
    factor = np.array([share, share] + [1.0] * 4)
    assert (token.values[0] >= sentence.values[0] * factor - 1e-9).all()
    assert (np.abs(signed.values[0]) <= sentence.values[0] * factor + 1e-9).all()
