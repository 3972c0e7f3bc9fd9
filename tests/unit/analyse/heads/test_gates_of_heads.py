"""No gate or tap of an analysis is silent: in each mode, with padding, with gradients and in beam search."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.analyse.small_model import VOCABULARY, batches_of, small_network, write_data_bin
from workflow_scripts.activations.score_importance import importances
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED, UnitSpace

SEARCH = {"beam": 3, "length_penalty": 1.0, "max_length": 8, "batch_tokens": 100}
#: A gate that computes, with a factor of 1 but for rounding: 1 itself is refused, as it would do nothing.
ONE = "scale:1.0000001"
SOURCES = [[16, 4, 5, 6, 2], [16, 7, 2]]  # of other lengths: the second is padded


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = write_data_bin(tmp_path_factory.mktemp("text") / "bin")
    return lambda: batches_of(folder, ["en-de"])["en-de"]


def port_of(pre_norm: bool, loaded: bool) -> FairseqPort:
    shape = Architecture(2, 2, 8, 6, 2, pre_norm=pre_norm, dropout=0.0)
    network = small_network(shape)
    if loaded:
        # fairseq's own post-norm encoder layer leaves its modules once its weights were loaded.
        network.load_state_dict(network.state_dict())
    return FairseqPort(network.eval(), VOCABULARY)


def masks(space: UnitSpace, left_out: str) -> MaskTable:
    """One row that leaves a unit out of every group (or all of them), and one that leaves out none."""
    keep = np.ones((2, space.size), dtype=bool)
    for span in space.slices().values():
        keep[0, span.start : span.start + 1 if left_out == "one" else span.stop] = False
    return MaskTable(["without", "whole"], keep, space, {})


@pytest.mark.parametrize("grad", [True, False], ids=["gradients", "no gradients"])
@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "new"])
@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_a13_every_gate_is_hit_and_one_that_keeps_all_changes_nothing(pre_norm, loaded, grad, text):
    port = port_of(pre_norm, loaded)
    (batch,) = text()
    assert (port.tokens(batch, "encoder") == 1).any() and (port.tokens(batch, "decoder") == 1).any()
    with torch.set_grad_enabled(grad):
        plain = port.loss(batch)[0]
        for kind in VALUED:
            space = port.space([kind])
            hit: set[str] = set()
            gates = port.intervene(masks(space, "one"), {kind: "zero"})
            # A gate that was never used would raise at the end of the block.
            with gates.use("without"), port.taps(space, lambda group, *_, hit=hit: hit.add(group.key)):
                changed = port.loss(batch)[0]
            assert hit == set(space.keys) and (changed - plain).abs().min() > 1e-4
            one = port.intervene(masks(space, "one"), {kind: ONE})
            with one.use("without"):
                torch.testing.assert_close(port.loss(batch)[0], plain, rtol=0, atol=1e-5)
            with one.use("whole"):
                assert torch.equal(port.loss(batch)[0], plain)
        assert torch.equal(port.loss(batch)[0], plain)


@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_a13_no_ffn_neuron_at_all_changes_the_outputs_of_each_stack(pre_norm, text):
    port = port_of(pre_norm, loaded=True)
    (batch,) = text()
    with torch.inference_mode():
        plain = port.loss(batch)[0]
        for stack in ("encoder", "decoder"):
            space = port.space(["ffn"]).part(stacks=[stack])
            with port.intervene(masks(space, "all"), {"ffn": "zero"}).use("without"):
                assert (port.loss(batch)[0] - plain).abs().min() > 1e-2


@pytest.mark.parametrize("kind", VALUED)
@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_a13_gates_are_hit_in_beam_search(pre_norm, kind):
    port = port_of(pre_norm, loaded=True)
    space = port.space([kind])
    tag = VOCABULARY.language_id("de")
    plain = list(port.generate(SOURCES, tag, **SEARCH))
    hit: set[str] = set()
    gates = port.intervene(masks(space, "all"), {kind: "zero"})
    with gates.use("without"), port.taps(space, lambda group, *_: hit.add(group.key)):
        removed = list(port.generate(SOURCES, tag, **SEARCH))
    assert hit == set(space.keys) and removed != plain
    with port.intervene(masks(space, "one"), {kind: ONE}).use("without"):
        assert list(port.generate(SOURCES, tag, **SEARCH)) == plain


@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_a13_importance_of_a_padded_batch_after_loading(pre_norm, text):
    """With gradients and padding, stock layers raise here after their weights were loaded."""
    port = port_of(pre_norm, loaded=True)
    found = importances(port, text(), port.space(["head"]))
    assert (found.sums[0] > 0).all()
